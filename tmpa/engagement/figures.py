"""A campaign's engagement in figures: human, machine and unknown side by side. From rollups, in milliseconds."""

import uuid
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tmpa.campaigns.models import Campaign, CampaignStep
from tmpa.engagement.models import DailyRollup, EngagementEvent, FirstSeen
from tmpa.kernel.scope import lifted, load

SMALLEST_GROUP = 5
"""A vendor sees no count of a partner's people below this (domain: the partner's contacts are the partner's)."""


@dataclass(slots=True)
class Tally:
    """A count by verdict."""

    human: int = 0
    machine: int = 0
    unknown: int = 0

    @property
    def total(self) -> int:
        return self.human + self.machine + self.unknown

    def add(self, verdict: str, count: int) -> None:
        """Add `count` to the count of `verdict`."""
        setattr(self, verdict, getattr(self, verdict) + count)


@dataclass(slots=True)
class Kinds:
    """A tally of each thing that somebody may have done."""

    opened: Tally = field(default_factory=Tally)
    clicked: Tally = field(default_factory=Tally)
    visited: Tally = field(default_factory=Tally)
    submitted: Tally = field(default_factory=Tally)


@dataclass(slots=True)
class Figures(Kinds):
    """Events of a campaign; `people` counts persons, each once for a kind and verdict."""

    delivered: int = 0
    bounced: int = 0
    complained: int = 0
    unsubscribed: int = 0
    people: Kinds = field(default_factory=Kinds)

    def add(self, kind: str, verdict: str, count: int) -> None:
        """Add `count` events of a kind and verdict."""
        if kind in ("opened", "clicked", "visited", "submitted"):
            getattr(self, kind).add(verdict, count)
        else:
            setattr(self, kind, getattr(self, kind) + count)


@dataclass(frozen=True, slots=True)
class Point:
    """A day's events of a campaign (UTC)."""

    day: date
    figures: Figures


@dataclass(frozen=True, slots=True)
class LinkFigures:
    """Clicks on one link of one step's mail; `number` counts the mail's links from 1."""

    step: str
    number: int
    clicks: Tally


def campaign_figures(session: Session, campaign_id: uuid.UUID) -> Figures:
    """A campaign's events and people. Raises NotFound when it is out of scope.

    People are given exactly, also below SMALLEST_GROUP: whoever shows them to a vendor uses `shown_to_vendor`.
    """
    load(session, Campaign, campaign_id)
    figures = Figures()
    counted = select(DailyRollup.kind, DailyRollup.verdict, func.sum(DailyRollup.count)).where(
        DailyRollup.campaign_id == campaign_id
    )
    for kind, verdict, count in session.execute(counted.group_by(DailyRollup.kind, DailyRollup.verdict)):
        figures.add(kind, verdict, int(count))
    seen = select(FirstSeen.kind, FirstSeen.verdict, func.count()).where(FirstSeen.campaign_id == campaign_id)
    # Who was seen is the partner's alone; how many is for the vendor, too. Only counts leave this block.
    with lifted(session):
        rows = session.execute(seen.group_by(FirstSeen.kind, FirstSeen.verdict)).all()
    for kind, verdict, count in rows:
        if kind in ("opened", "clicked", "visited", "submitted"):
            getattr(figures.people, kind).add(verdict, count)
    return figures


def shown_to_vendor(people: int) -> int | None:
    """A count of people as a vendor may see it: None ("fewer than five") for 1 to 4."""
    return None if 0 < people < SMALLEST_GROUP else people


def timeline(session: Session, campaign_id: uuid.UUID) -> list[Point]:
    """A campaign's events by UTC day, in order; days without events are left out."""
    load(session, Campaign, campaign_id)
    days: defaultdict[date, Figures] = defaultdict(Figures)
    counted = select(DailyRollup.day, DailyRollup.kind, DailyRollup.verdict, func.sum(DailyRollup.count))
    counted = counted.where(DailyRollup.campaign_id == campaign_id)
    grouped = counted.group_by(DailyRollup.day, DailyRollup.kind, DailyRollup.verdict)
    for day, kind, verdict, count in session.execute(grouped):
        days[day].add(kind, verdict, int(count))
    return [Point(day, days[day]) for day in sorted(days)]


def by_locale(session: Session, campaign_id: uuid.UUID) -> dict[str, Figures]:
    """A campaign's events by locale (people are not counted by locale)."""
    return _by(session, campaign_id, "locale")


def by_step(session: Session, campaign_id: uuid.UUID) -> dict[str, Figures]:
    """A campaign's events by the step's name; "" holds page visits and forms."""
    return _by(session, campaign_id, "step")


def _by(session: Session, campaign_id: uuid.UUID, name: str) -> dict[str, Figures]:
    load(session, Campaign, campaign_id)
    column = DailyRollup.locale if name == "locale" else DailyRollup.step
    found: defaultdict[str, Figures] = defaultdict(Figures)
    counted = select(column, DailyRollup.kind, DailyRollup.verdict, func.sum(DailyRollup.count))
    counted = counted.where(DailyRollup.campaign_id == campaign_id)
    for key, kind, verdict, count in session.execute(
        counted.group_by(column, DailyRollup.kind, DailyRollup.verdict)
    ):
        found[key].add(kind, verdict, int(count))
    return dict(sorted(found.items()))


def by_link(session: Session, campaign_id: uuid.UUID) -> list[LinkFigures]:
    """Clicks of a campaign by link, the most human clicks first. Counts only, so for both sides."""
    load(session, Campaign, campaign_id)
    event = EngagementEvent
    counted = (
        select(CampaignStep.name, event.link, event.verdict, func.count())
        .join(CampaignStep, CampaignStep.id == event.step_id)
        .where(event.campaign_id == campaign_id, event.kind == "clicked", event.link.is_not(None))
        .group_by(CampaignStep.name, event.link, event.verdict)
    )
    found: defaultdict[tuple[str, int], Tally] = defaultdict(Tally)
    # Events name people and are the partner's alone; this block lets out counts by link and nothing else.
    with lifted(session):
        rows = session.execute(counted).all()
    for step, link, verdict, count in rows:
        if link is not None:
            found[step, link].add(verdict, count)
    links = [LinkFigures(step, number, tally) for (step, number), tally in found.items()]
    return sorted(links, key=lambda item: (-item.clicks.human, item.step, item.number))
