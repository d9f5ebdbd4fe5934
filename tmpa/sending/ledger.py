"""The recipient ledger: one row per contact and step, and every change of its state.

planned → leased → in_flight → handed_over | deferred | bounced | uncertain | skipped. Only rows that this worker has
marked in flight, in a committed transaction, are ever handed over; nothing leads back from there but a refusal that
is known to have happened. So a message goes out at most once, whatever dies when (see docs/adr/021-at-most-once.md).
"""

import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Text, and_, bindparam, cast, exists, func, or_, select, update
from sqlalchemy.orm import Session

from tmpa.campaigns.models import Campaign, CampaignStep
from tmpa.kernel.clock import utcnow
from tmpa.sending import queries
from tmpa.sending.models import Recipient
from tmpa.sending.queries import recipients

REAP_LIMIT = 5000
"""Rows in one transaction of the reaper: it must not hold locks for long."""


@dataclass(frozen=True, slots=True)
class Held:
    """A leased recipient. `attempt` counts the hand-overs begun before."""

    id: uuid.UUID
    vendor_id: uuid.UUID
    contact_id: uuid.UUID | None
    email: str
    locale: str
    attempt: int
    first_name: str
    last_name: str
    company: str


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a row that was in flight. `attempt` is the count to keep."""

    id: uuid.UUID
    state: str
    attempt: int
    reason: str = ""
    reply: str = ""
    not_before: datetime | None = None
    handed_over_at: datetime | None = None


def first_step(session: Session, campaign_id: uuid.UUID) -> CampaignStep:
    """The step whose audience is the campaign's."""
    statement = (
        select(CampaignStep).where(CampaignStep.campaign_id == campaign_id).order_by(CampaignStep.position)
    )
    return session.scalars(statement.limit(1)).one()


def snapshot(session: Session, step: CampaignStep) -> int:
    """Freeze a step's audience in one statement, skipped people with their reason; how many rows that added.

    Wants the system's scope (suppressions of the vendor and of the installation count). Doing it twice adds nobody.
    """
    campaign = session.get_one(Campaign, step.campaign_id)
    session.flush()
    dialect = session.get_bind().dialect.name
    statement = queries.snapshot(campaign, step, first_step(session, campaign.id), utcnow(), dialect)
    result = session.connection().execute(statement, execution_options={"preserve_rowcount": True})
    return max(result.rowcount, 0)


def lease(session: Session, step: CampaignStep, limit: int, seconds: int) -> tuple[uuid.UUID, list[Held]]:
    """Take up to `limit` rows of a step that may be sent now, for `seconds`. No other worker gets the same ones."""
    row, mine, now = recipients().c, uuid.uuid4(), utcnow()
    picked = queries.to_lease(step.vendor_id, step.id, now, limit)
    session.execute(
        update(recipients())
        .where(row.vendor_id == step.vendor_id, row.id.in_(select(picked.c.id)))
        .values(state="leased", lease=mine, lease_until=now + timedelta(seconds=seconds), not_before=None)
    )
    return mine, [
        Held(*found[:6], *(found[i] or "" for i in (6, 7, 8)))
        for found in session.execute(queries.held_by(mine, step.id))
    ]


def mark_in_flight(
    session: Session,
    step: CampaignStep,
    lease_id: uuid.UUID,
    ids: Collection[uuid.UUID],
    seconds: int,
    domain: str,
) -> set[uuid.UUID]:
    """Those of `ids` that may be handed over once this transaction has committed.

    Not among them: rows whose lease was taken away, and all of them when the campaign doesn't run any more.
    """
    row = recipients().c
    written_id = func.replace(cast(row.id, Text), "-", "")  # as compile.message_id writes it
    found = session.execute(
        update(recipients())
        .where(
            row.vendor_id == step.vendor_id,
            row.id.in_(ids),
            row.lease == lease_id,
            row.state == "leased",
            queries.is_running(step.campaign_id),
        )
        .values(
            state="in_flight",
            attempt=row.attempt + 1,
            lease_until=utcnow() + timedelta(seconds=seconds),
            message_id=written_id.concat(f"@{domain}"),
        )
        .returning(row.id)
    )
    return set(found.scalars())


def record(session: Session, step: CampaignStep, lease_id: uuid.UUID, results: Iterable[Result]) -> None:
    """Write what became of rows in flight. A row that the reaper called uncertain meanwhile is thereby resolved."""
    parameters = [
        {
            "row_id": result.id,
            "new_state": result.state,
            "new_attempt": result.attempt,
            "new_reason": result.reason,
            "new_reply": result.reply,
            "new_not_before": result.not_before,
            "new_handed_over_at": result.handed_over_at,
        }
        for result in results
    ]
    if not parameters:
        return
    row = recipients().c
    statement = (
        update(recipients())
        .where(
            row.vendor_id == step.vendor_id,
            row.id == bindparam("row_id"),
            row.lease == lease_id,
            or_(
                row.state == "in_flight", row.state == "uncertain"
            ),  # IN can't be used with many parameter sets
        )
        .values(
            state=bindparam("new_state"),
            attempt=bindparam("new_attempt"),
            reason=bindparam("new_reason"),
            reply=bindparam("new_reply"),
            not_before=bindparam("new_not_before"),
            handed_over_at=bindparam("new_handed_over_at"),
            lease=None,
            lease_until=None,
        )
    )
    session.connection().execute(statement, parameters)


def extend(session: Session, step: CampaignStep, lease_id: uuid.UUID, seconds: int) -> None:
    """Keep what is still leased for `seconds` more."""
    row = recipients().c
    session.execute(
        update(recipients())
        .where(row.step_id == step.id, row.state == "leased", row.lease == lease_id)
        .values(lease_until=utcnow() + timedelta(seconds=seconds))
    )


def release(session: Session, step: CampaignStep, lease_id: uuid.UUID) -> None:
    """Give back what is still leased: to be sent later, or, when the campaign was cancelled, never."""
    row = recipients().c
    _give_back(session, and_(row.step_id == step.id, row.lease == lease_id))


def _give_back(session: Session, which: ColumnElement[bool]) -> int:
    row = recipients().c
    leased = (which, row.state == "leased")
    ended = exists().where(Campaign.id == row.campaign_id, Campaign.state == "cancelled")
    empty = {"lease": None, "lease_until": None}
    count = 0
    for where, values in (
        ((*leased, ended), {"state": "skipped", "reason": "cancelled"}),
        (leased, {"state": "planned"}),
    ):
        changed = update(recipients()).where(*where).values(**empty, **values).returning(row.id)
        count += len(session.execute(changed).all())
    return count


def cancel_waiting(session: Session, campaign: Campaign) -> None:
    """Skip everybody of a cancelled campaign who waits. Rows that a worker holds are its to give back."""
    session.execute(
        update(Recipient)
        .where(
            Recipient.vendor_id == campaign.vendor_id,
            Recipient.campaign_id == campaign.id,
            Recipient.state.in_(queries.WAITING),
        )
        .values(state="skipped", reason="cancelled", not_before=None)
        .execution_options(synchronize_session=False)
    )


def reap(session: Session) -> tuple[int, int]:
    """Deal with leases that ran out: rows in flight become uncertain, rows merely leased go back. Both counts.

    An uncertain row keeps its lease's name: a worker that was slow, not dead, may still tell what happened.
    """
    row, now = recipients().c, utcnow()
    lost = session.execute(
        update(recipients())
        .where(row.id.in_(select(queries.expired("in_flight", now, REAP_LIMIT).c.id)))
        .values(state="uncertain", reason="worker_lost", lease_until=None)
        .returning(row.id)
    ).all()
    back = _give_back(session, row.id.in_(list(_expired_ids(session, now))))
    return len(lost), back


def _expired_ids(session: Session, now: datetime) -> list[uuid.UUID]:
    return list(session.scalars(select(queries.expired("leased", now, REAP_LIMIT).c.id)))


def forget_contact(session: Session, contact_id: uuid.UUID) -> None:
    """Take an erased person's address out of the ledger; what happened to their mails stays counted."""
    row = recipients().c
    session.execute(
        update(recipients())
        .where(row.contact_id == contact_id, row.state.in_(queries.WAITING))
        .values(state="skipped", reason="erased", not_before=None)
    )
    session.execute(update(recipients()).where(row.contact_id == contact_id).values(email="", reply=""))
