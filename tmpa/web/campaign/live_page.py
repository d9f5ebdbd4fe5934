"""What the live page shows: how far the sending is, then what came of it."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from babel import dates
from flask import current_app, url_for
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from tmpa.campaigns.models import Campaign
from tmpa.deals.models import Lead
from tmpa.engagement import figures as engagement
from tmpa.engagement.figures import Figures, Tally
from tmpa.engagement.models import FirstSeen
from tmpa.kernel.i18n import babel_locale, current_locale, ngettext
from tmpa.kernel.i18n import gettext as _
from tmpa.sending.models import Recipient
from tmpa.sending.progress import Progress, progress
from tmpa.sending.reasons import STATE_NAMES, TONES, sentence

MOVING = ("launching", "running")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many recipients stand where, and why."""

    name: str
    tone: str
    count: int
    why: str


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of engagement: events by verdict, and people."""

    name: str
    tally: Tally
    people: int


@dataclass(frozen=True, slots=True)
class Summary:
    """A campaign in one line: mails that were taken, people who clicked, leads."""

    sent: int = 0
    clicked: int = 0
    leads: int = 0


@dataclass(frozen=True, slots=True)
class Live:
    """Everything on the live page."""

    progress: Progress
    outcomes: list[Outcome]
    figures: Figures
    rows: list[Row]
    leads: int
    links: list[tuple[str, str]]
    is_moving: bool
    left: str
    next_step: datetime | None


def summaries(session: Session, campaigns: Iterable[Campaign]) -> dict[uuid.UUID, Summary]:
    """The figures of the index's lines by campaign: three grouped queries, however many campaigns there are."""
    ids = [campaign.id for campaign in campaigns]
    sent = _counts(session, Recipient.campaign_id, ids, Recipient.state.in_(("handed_over", "complained")))
    clicked = _counts(
        session, FirstSeen.campaign_id, ids, FirstSeen.kind == "clicked", FirstSeen.verdict == "human"
    )
    asked = _counts(session, Lead.campaign_id, ids)
    return {key: Summary(sent.get(key, 0), clicked.get(key, 0), asked.get(key, 0)) for key in ids}


def _counts(
    session: Session, column: Any, ids: list[uuid.UUID], *where: ColumnElement[bool]
) -> dict[uuid.UUID, int]:
    rows = session.execute(select(column, func.count()).where(column.in_(ids), *where).group_by(column))
    return {row[0]: row[1] for row in rows}


def leads(session: Session, campaign_id: uuid.UUID) -> int:
    """Leads that came of a campaign."""
    return session.scalar(select(func.count(Lead.id)).where(Lead.campaign_id == campaign_id)) or 0


def live(session: Session, campaign: Campaign) -> Live:
    """Progress and results of a launched campaign."""
    now = progress(session, campaign)
    seen = engagement.campaign_figures(session, campaign.id)
    planned = [step.due_at for step in campaign.steps if step.state == "planned" and step.due_at]
    return Live(
        progress=now,
        outcomes=_outcomes(now),
        figures=seen,
        rows=[
            Row(_("Opened"), seen.opened, seen.people.opened.human),
            Row(_("Clicked"), seen.clicked, seen.people.clicked.human),
            Row(_("Visited the page"), seen.visited, seen.people.visited.human),
            Row(_("Sent the form"), seen.submitted, seen.people.submitted.human),
        ],
        leads=leads(session, campaign.id),
        links=_links(campaign),
        is_moving=campaign.state in MOVING,
        left=_left(now.seconds_left),
        next_step=min(planned, default=None),
    )


def _outcomes(now: Progress) -> list[Outcome]:
    shown = []
    for state, count in now.by_state.items():
        if state == "skipped" or not count:
            continue
        shown.append(
            Outcome(str(STATE_NAMES[state]), TONES.get(state, "neutral"), count, sentence(state, ""))
        )
    order = list(STATE_NAMES.values())
    shown.sort(key=lambda each: [str(name) for name in order].index(each.name))
    for reason, count in sorted(now.skipped.items()):
        shown.append(Outcome(str(STATE_NAMES["skipped"]), "neutral", count, sentence("skipped", reason)))
    return shown


def _left(seconds: int | None) -> str:
    if seconds is None:
        return ""
    if seconds < 60:
        return _("less than a minute left")
    minutes = round(seconds / 60)
    if minutes < 90:
        return ngettext("about %(num)s minute left", "about %(num)s minutes left", minutes)
    return ngettext("about %(num)s hour left", "about %(num)s hours left", round(minutes / 60))


def _links(campaign: Campaign) -> list[tuple[str, str]]:
    """Where to look further; only what this installation has."""
    wanted: list[tuple[str, str, dict[str, Any]]] = [
        (_("Every recipient"), "sending.recipients", {"campaign_id": campaign.public_id}),
        (_("Opens and clicks in detail"), "engagement.campaign", {"campaign_id": campaign.public_id}),
        (_("Leads of this campaign"), "deals.leads", {"campaign": campaign.public_id}),
    ]
    return [(text, url_for(endpoint, **values)) for text, endpoint, values in wanted if has(endpoint)]


def has(endpoint: str) -> bool:
    """Whether the portal has that page."""
    return endpoint in current_app.view_functions


def chart(
    session: Session, campaign_id: uuid.UUID
) -> tuple[dict[str, Any], list[str], list[list[Any]]] | None:
    """People's clicks, visits and forms by day: ECharts option, column names, rows. None before the first event."""
    points = engagement.timeline(session, campaign_id)
    if not points:
        return None
    columns = [_("Opened"), _("Clicked"), _("Visited the page"), _("Sent the form")]
    series = [
        [getattr(point.figures, kind).human for point in points]
        for kind in ("opened", "clicked", "visited", "submitted")
    ]
    reader = babel_locale(current_locale())
    days = [dates.format_skeleton("MMMd", point.day, locale=reader) for point in points]
    option = {
        "xAxis": {"type": "category", "data": days},
        "yAxis": {"type": "value", "minInterval": 1},
        "series": [
            {"type": "bar" if len(points) < 3 else "line", "name": name, "data": data}
            for name, data in zip(columns, series, strict=True)
        ],
    }
    rows = [[day, *values] for day, *values in zip(days, *series, strict=True)]
    return option, [_("Day"), *columns], rows
