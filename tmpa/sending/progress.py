"""How far a campaign's sending is: counts, rate, what is left."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tmpa.campaigns.models import Campaign, CampaignStep
from tmpa.kernel.clock import utcnow
from tmpa.sending.models import Recipient
from tmpa.sending.queries import OPEN_STATES

WINDOW_SECONDS = 60
"""The rate is taken over this much of the past."""


@dataclass(frozen=True, slots=True)
class StepProgress:
    """One step's counts by state, and of the skipped by reason."""

    step: CampaignStep
    by_state: dict[str, int]
    skipped: dict[str, int]

    @property
    def total(self) -> int:
        """Everybody whom the step concerns, skipped people included."""
        return sum(self.by_state.values())

    @property
    def to_send(self) -> int:
        """Everybody who gets or got a mail."""
        return self.total - self.by_state.get("skipped", 0)

    @property
    def done(self) -> int:
        """Those of `to_send` who are dealt with."""
        return self.to_send - self.remaining

    @property
    def remaining(self) -> int:
        """Those of `to_send` who still wait."""
        return sum(self.by_state.get(state, 0) for state in OPEN_STATES)


@dataclass(frozen=True, slots=True)
class Progress:
    """A campaign's sending over all steps that have begun. `per_second` is the rate of the last minute."""

    steps: tuple[StepProgress, ...]
    by_state: dict[str, int]
    skipped: dict[str, int]
    per_second: float
    next_try_at: datetime | None

    @property
    def to_send(self) -> int:
        """Mails to send in all."""
        return sum(step.to_send for step in self.steps)

    @property
    def sent(self) -> int:
        """Mails that the transport took."""
        return self.by_state.get("handed_over", 0) + self.by_state.get("complained", 0)

    @property
    def done(self) -> int:
        """Mails dealt with, whatever became of them."""
        return sum(step.done for step in self.steps)

    @property
    def remaining(self) -> int:
        """Mails that still wait."""
        return sum(step.remaining for step in self.steps)

    @property
    def seconds_left(self) -> int | None:
        """At the present rate; None when nothing moves."""
        return round(self.remaining / self.per_second) if self.per_second and self.remaining else None


def progress(session: Session, campaign: Campaign) -> Progress:
    """Where a campaign stands now. A vendor's scope sees no recipients and gets zeros."""
    mine = (Recipient.vendor_id == campaign.vendor_id, Recipient.campaign_id == campaign.id)
    rows = session.execute(
        select(Recipient.step_id, Recipient.state, Recipient.reason, func.count())
        .where(*mine)
        .group_by(Recipient.step_id, Recipient.state, Recipient.reason)
    ).all()
    steps = []
    for step in campaign.steps:
        by_state: dict[str, int] = {}
        skipped: dict[str, int] = {}
        for step_id, state, reason, count in rows:
            if step_id == step.id:
                by_state[state] = by_state.get(state, 0) + count
                if state == "skipped":
                    skipped[reason] = count
        if by_state:
            steps.append(StepProgress(step, by_state, skipped))
    next_try = session.scalar(
        select(func.min(Recipient.not_before)).where(*mine, Recipient.state.in_(("planned", "deferred")))
    )
    return Progress(
        steps=tuple(steps),
        by_state=_sum([step.by_state for step in steps]),
        skipped=_sum([step.skipped for step in steps]),
        per_second=_rate(session, campaign) if campaign.state == "running" else 0.0,
        next_try_at=next_try,
    )


def _rate(session: Session, campaign: Campaign) -> float:
    now = utcnow()
    since = now - timedelta(seconds=WINDOW_SECONDS)
    count, first = session.execute(
        select(func.count(), func.min(Recipient.handed_over_at)).where(
            Recipient.vendor_id == campaign.vendor_id,
            Recipient.campaign_id == campaign.id,
            Recipient.state == "handed_over",
            Recipient.handed_over_at >= since,
        )
    ).one()
    return count / max((now - first).total_seconds(), 1.0) if first else 0.0


def _sum(counts: list[dict[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for each in counts:
        for key, count in each.items():
            total[key] = total.get(key, 0) + count
    return total
