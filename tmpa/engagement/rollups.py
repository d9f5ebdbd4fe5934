"""Counts kept as events arrive: rows by day, and each person's first event of a kind and verdict."""

import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any, NamedTuple, cast

from sqlalchemy import Dialect, Table, case, delete, func, insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from tmpa.campaigns.models import CampaignStep
from tmpa.engagement.models import DailyRollup, EngagementEvent, FirstSeen

_ROLLUPS = cast(Table, DailyRollup.__table__)
_FIRST = cast(Table, FirstSeen.__table__)
_CHUNK = 500


class Key(NamedTuple):
    """What a rollup row counts by; `step` is the step's name, "" for page visits and forms."""

    vendor_id: uuid.UUID
    partner_id: uuid.UUID
    campaign_id: uuid.UUID
    step: str
    locale: str
    kind: str
    verdict: str
    day: date


class Sighting(NamedTuple):
    """A contact's event of a kind and verdict in a campaign."""

    vendor_id: uuid.UUID
    partner_id: uuid.UUID
    campaign_id: uuid.UUID
    contact_id: uuid.UUID
    kind: str
    verdict: str
    occurred_at: datetime


def _upsert(dialect: Dialect, table: Table) -> Any:
    return (postgresql if dialect.name == "postgresql" else sqlite).insert(table)


def add(session: Session, changes: Counter[Key]) -> None:
    """Add to the daily counts; a revised verdict takes one away from the old and gives one to the new."""
    rows = [
        {**key._asdict(), "count": count}
        for key, count in sorted(changes.items(), key=lambda item: _order(item[0]))
        if count
    ]
    if not rows:
        return
    statement = _upsert(session.get_bind().dialect, _ROLLUPS)
    statement = statement.on_conflict_do_update(
        index_elements=["campaign_id", "step", "locale", "kind", "verdict", "day"],
        set_={"count": _ROLLUPS.c.count + statement.excluded.count},
    )
    session.execute(statement, rows)


def _order(key: Key) -> tuple[str, ...]:
    # Two transactions that touch the same rows touch them in the same order: no deadlock.
    return tuple(str(part) for part in key)


def see(session: Session, sightings: Iterable[Sighting]) -> None:
    """Note the first event of each contact, kind and verdict; an earlier one that arrives later moves it back."""
    first: dict[tuple[Any, ...], Sighting] = {}
    for sighting in sightings:
        key = (sighting.campaign_id, sighting.contact_id, sighting.kind, sighting.verdict)
        if key not in first or sighting.occurred_at < first[key].occurred_at:
            first[key] = sighting
    if not first:
        return
    rows = [sighting._asdict() for _key, sighting in sorted(first.items(), key=lambda item: str(item[0]))]
    statement = _upsert(session.get_bind().dialect, _FIRST)
    earlier = case(
        (statement.excluded.occurred_at < _FIRST.c.occurred_at, statement.excluded.occurred_at),
        else_=_FIRST.c.occurred_at,
    )
    statement = statement.on_conflict_do_update(
        index_elements=["campaign_id", "contact_id", "kind", "verdict"], set_={"occurred_at": earlier}
    )
    session.execute(statement, rows)


def see_again(
    session: Session, campaign_id: uuid.UUID, contacts: Sequence[uuid.UUID], kinds: set[str]
) -> None:
    """Recompute the first events of some contacts of a campaign, after verdicts of stored events changed."""
    for start in range(0, len(contacts), _CHUNK):
        some = contacts[start : start + _CHUNK]
        session.execute(
            delete(FirstSeen).where(
                FirstSeen.campaign_id == campaign_id,
                FirstSeen.contact_id.in_(some),
                FirstSeen.kind.in_(kinds),
            )
        )
        see(session, _sightings(session, campaign_id, EngagementEvent.contact_id.in_(some), kinds))


def _sightings(
    session: Session, campaign_id: uuid.UUID, whose: Any, kinds: set[str] | None = None
) -> list[Sighting]:
    event = EngagementEvent
    found = (
        select(
            event.vendor_id,
            event.partner_id,
            event.campaign_id,
            event.contact_id,
            event.kind,
            event.verdict,
            func.min(event.occurred_at),
        )
        .where(event.campaign_id == campaign_id, event.contact_id.is_not(None), whose)
        .group_by(
            event.vendor_id, event.partner_id, event.campaign_id, event.contact_id, event.kind, event.verdict
        )
    )
    if kinds is not None:
        found = found.where(event.kind.in_(kinds))
    return [Sighting._make(row) for row in session.execute(found)]


class Recount(NamedTuple):
    """What the rollups of a campaign should be, counted from its events."""

    counts: Counter[Key]
    sightings: frozenset[Sighting]


def recount(session: Session, campaign_id: uuid.UUID) -> Recount:
    """Count a campaign's events from scratch, in the session's scope."""
    event = EngagementEvent
    dialect = session.get_bind().dialect.name
    day = func.date(func.timezone("UTC", event.occurred_at) if dialect == "postgresql" else event.occurred_at)
    step = func.coalesce(CampaignStep.name, "")
    keys = (
        event.vendor_id,
        event.partner_id,
        event.campaign_id,
        step,
        event.locale,
        event.kind,
        event.verdict,
        day,
    )
    found = (
        select(*keys, func.count())
        .select_from(event)
        .outerjoin(CampaignStep, CampaignStep.id == event.step_id)
        .where(event.campaign_id == campaign_id)
        .group_by(*keys)
    )
    counts: Counter[Key] = Counter()
    for *parts, on, count in session.execute(found):
        counts[Key._make([*parts, on if isinstance(on, date) else date.fromisoformat(on)])] = count
    return Recount(counts, frozenset(_sightings(session, campaign_id, event.contact_id.is_not(None))))


def kept(session: Session, campaign_id: uuid.UUID) -> Recount:
    """What the rollups of a campaign are, in the form of `recount`."""
    rows = session.scalars(
        select(DailyRollup).where(DailyRollup.campaign_id == campaign_id, DailyRollup.count != 0)
    )
    counts = Counter({Key._make(getattr(row, name) for name in Key._fields): row.count for row in rows})
    seen = session.scalars(select(FirstSeen).where(FirstSeen.campaign_id == campaign_id))
    return Recount(
        counts, frozenset(Sighting._make(getattr(row, name) for name in Sighting._fields) for row in seen)
    )


def rebuild(session: Session, campaign_id: uuid.UUID) -> None:
    """Replace a campaign's rollups by a recount."""
    fresh = recount(session, campaign_id)
    session.execute(delete(DailyRollup).where(DailyRollup.campaign_id == campaign_id))
    session.execute(delete(FirstSeen).where(FirstSeen.campaign_id == campaign_id))
    if fresh.counts:
        session.execute(insert(_ROLLUPS), [{**key._asdict(), "count": n} for key, n in fresh.counts.items()])
    see(session, fresh.sightings)


def day_of(moment: datetime) -> date:
    """The UTC day of an aware moment."""
    return moment.astimezone(UTC).date()
