"""A vendor's log: append facts, seal settled events, sign checkpoints, audit what the database holds."""

import uuid
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tmpa.campaigns.models import CampaignStep
from tmpa.engagement.evidence import leaves, tree
from tmpa.engagement.evidence.canonical import parse_canonical
from tmpa.engagement.evidence.checkpoint import (
    BadNote,
    Checkpoint,
    checkpoint_text,
    open_note,
    parse_checkpoint,
    sign,
)
from tmpa.engagement.evidence.keys import current_key, verifier_key
from tmpa.engagement.locks import RECORDING, lock
from tmpa.engagement.models import EngagementEvent, EvidenceCheckpoint, EvidenceKey, EvidenceLeaf
from tmpa.kernel.clock import utcnow
from tmpa.kernel.ids import public
from tmpa.kernel.signing import Signer

BATCH = 2000  # events in one transaction; drains wait for its end
DEFAULT_SETTLE_SECONDS = 600


def _hold(session: Session, vendor_id: uuid.UUID) -> None:
    lock(session, f"evidence:{vendor_id}")


def size_of(session: Session, vendor_id: uuid.UUID) -> int:
    """How many leaves a vendor's log has."""
    last = select(func.max(EvidenceLeaf.position)).where(EvidenceLeaf.vendor_id == vendor_id)
    position = session.scalar(last)
    return 0 if position is None else position + 1


def append(
    session: Session,
    vendor_id: uuid.UUID,
    kind: str,
    facts: dict[str, Any],
    campaign_id: uuid.UUID | None = None,
) -> EvidenceLeaf:
    """Add one fact to a vendor's log; nobody else appends until the transaction ends, so positions have no gaps.

    `facts` is JSON with integers below 2^53 and names people only by pseudonym; a leaf of a campaign always names it
    and goes into its dossiers. Wants the system's scope.
    """
    _hold(session, vendor_id)
    leaf = _leaf(vendor_id, size_of(session, vendor_id), kind, facts, campaign_id)
    session.add(leaf)
    session.flush()
    return leaf


def _leaf(
    vendor_id: uuid.UUID, position: int, kind: str, facts: dict[str, Any], campaign_id: uuid.UUID | None
) -> EvidenceLeaf:
    if campaign_id is not None:
        facts = {**facts, "campaign": public("cmp", campaign_id)}
    body = leaves.body_of(kind, facts)
    return EvidenceLeaf(
        vendor_id=vendor_id,
        position=position,
        campaign_id=campaign_id,
        kind=kind,
        body=body.decode(),
        leaf_hash=tree.leaf_hash(body),
    )


def seal(
    session: Session,
    signer: Signer,
    vendor_id: uuid.UUID,
    now: datetime | None = None,
    settle_seconds: int = DEFAULT_SETTLE_SECONDS,
) -> int:
    """Append the vendor's settled events (at most BATCH), oldest first, and sign a checkpoint over the whole log.

    An event is settled `settle_seconds` after it was stored; from then on its verdict never changes. How many events
    were appended. Wants the system's scope.
    """
    lock(session, RECORDING)  # no verdict changes between our reading it and its being sealed
    _hold(session, vendor_id)
    before = (now or utcnow()) - timedelta(seconds=settle_seconds)
    query = (
        select(EngagementEvent)
        .where(
            EngagementEvent.leaf_index.is_(None),
            EngagementEvent.vendor_id == vendor_id,
            EngagementEvent.created_at <= before,
        )
        .order_by(EngagementEvent.occurred_at, EngagementEvent.id)
        .limit(BATCH)
    )
    events = session.scalars(query).all()
    if events:
        _append_events(session, vendor_id, events)
    sign_checkpoint(session, signer, vendor_id)
    return len(events)


def _append_events(session: Session, vendor_id: uuid.UUID, events: Sequence[EngagementEvent]) -> None:
    people = leaves.pseudonyms(session, vendor_id, {event.contact_id for event in events if event.contact_id})
    wanted = {event.step_id for event in events if event.step_id}
    steps = dict(
        session.execute(select(CampaignStep.id, CampaignStep.name).where(CampaignStep.id.in_(wanted))).all()
    )
    start = size_of(session, vendor_id)
    for position, event in enumerate(events, start):
        step = steps.get(event.step_id) if event.step_id else None
        person = people.get(event.contact_id) if event.contact_id else None
        facts = leaves.event_facts(event, step, person)
        session.add(_leaf(vendor_id, position, "engagement", facts, event.campaign_id))
        event.leaf_index = position
    session.flush()


def sign_checkpoint(session: Session, signer: Signer, vendor_id: uuid.UUID) -> EvidenceCheckpoint | None:
    """The newest checkpoint over the whole log, signed now when the log has grown; None for an empty log."""
    _hold(session, vendor_id)
    last = _last_checkpoint(session, vendor_id)
    frontier = tree.Frontier(last.size, last.frontier) if last else tree.Frontier()
    hashes = (
        select(EvidenceLeaf.leaf_hash)
        .where(EvidenceLeaf.vendor_id == vendor_id, EvidenceLeaf.position >= frontier.size)
        .order_by(EvidenceLeaf.position)
    )
    for leaf in session.scalars(hashes):
        frontier.append(leaf)
    if frontier.size == (last.size if last else 0):
        return last
    row, private = current_key(session, signer, vendor_id)
    checkpoint = Checkpoint(row.name, frontier.size, frontier.root)
    made = EvidenceCheckpoint(
        vendor_id=vendor_id,
        size=frontier.size,
        root=frontier.root,
        frontier=frontier.packed,
        note=sign(checkpoint_text(checkpoint), row.name, private),
    )
    session.add(made)
    session.flush()
    return made


def _last_checkpoint(session: Session, vendor_id: uuid.UUID) -> EvidenceCheckpoint | None:
    newest = select(EvidenceCheckpoint).where(EvidenceCheckpoint.vendor_id == vendor_id)
    return session.scalars(newest.order_by(EvidenceCheckpoint.size.desc()).limit(1)).one_or_none()


def leaf_hashes(session: Session, vendor_id: uuid.UUID, size: int) -> list[bytes]:
    """The hashes of the first `size` leaves, in order."""
    query = (
        select(EvidenceLeaf.leaf_hash)
        .where(EvidenceLeaf.vendor_id == vendor_id, EvidenceLeaf.position < size)
        .order_by(EvidenceLeaf.position)
    )
    return list(session.scalars(query))


def vendors_with_work(session: Session, before: datetime) -> list[uuid.UUID]:
    """Vendors with events stored at or before `before` that are not in the log yet."""
    query = select(EngagementEvent.vendor_id).where(
        EngagementEvent.leaf_index.is_(None), EngagementEvent.created_at <= before
    )
    return sorted(session.scalars(query.distinct()))


class Finding(NamedTuple):
    """Something wrong with a vendor's log; `position` is the first bad leaf or the size of a bad checkpoint."""

    position: int
    message: str


def audit(session: Session, vendor_id: uuid.UUID) -> Finding | None:
    """The first thing in the database that contradicts the log: a gap, a reorder, a changed or removed row, a bad
    checkpoint, an event that says something else than its leaf. None when all holds."""
    key_rows = session.scalars(select(EvidenceKey).where(EvidenceKey.vendor_id == vendor_id))
    keys = [verifier_key(row) for row in key_rows]
    checkpoints = {
        row.size: row
        for row in session.scalars(
            select(EvidenceCheckpoint).where(EvidenceCheckpoint.vendor_id == vendor_id)
        )
    }
    frontier = tree.Frontier()
    for leaf in _stream(session, vendor_id):
        if leaf.position != frontier.size:
            return Finding(frontier.size, "the leaf is missing")
        if tree.leaf_hash(leaf.body.encode()) != leaf.leaf_hash:
            return Finding(leaf.position, "the leaf's text is not what was hashed")
        frontier.append(leaf.leaf_hash)
        checkpoint = checkpoints.pop(frontier.size, None)
        if checkpoint is not None:
            wrong = _wrong(checkpoint, frontier, keys)
            if wrong:
                return Finding(frontier.size, wrong)
    if checkpoints:
        return Finding(
            frontier.size, f"the log is shorter than its checkpoint over {min(checkpoints)} leaves"
        )
    return _audit_events(session, vendor_id)


def _stream(session: Session, vendor_id: uuid.UUID) -> Iterator[EvidenceLeaf]:
    query = select(EvidenceLeaf).where(EvidenceLeaf.vendor_id == vendor_id).order_by(EvidenceLeaf.position)
    yield from session.scalars(query.execution_options(yield_per=1000))


def _wrong(checkpoint: EvidenceCheckpoint, frontier: tree.Frontier, keys: Sequence[Any]) -> str:
    if checkpoint.root != frontier.root:
        return "the leaves do not lead to the checkpoint's root"
    for key in keys:
        try:
            head = parse_checkpoint(open_note(checkpoint.note, key))
        except BadNote:
            continue
        same = head.size == checkpoint.size and head.root == checkpoint.root
        return "" if same else "the checkpoint's note says something else than its row"
    return "no key of the vendor signed the checkpoint"


def _audit_events(session: Session, vendor_id: uuid.UUID) -> Finding | None:
    query = (
        select(EngagementEvent, EvidenceLeaf.body)
        .outerjoin(
            EvidenceLeaf,
            (EvidenceLeaf.vendor_id == EngagementEvent.vendor_id)
            & (EvidenceLeaf.position == EngagementEvent.leaf_index),
        )
        .where(EngagementEvent.vendor_id == vendor_id, EngagementEvent.leaf_index.is_not(None))
        .order_by(EngagementEvent.leaf_index)
        .execution_options(yield_per=1000)
    )
    for event, body in session.execute(query):
        position = event.leaf_index or 0
        if body is None:
            return Finding(position, f"event {event.public_id} points to a leaf that is not there")
        facts = parse_canonical(body.encode())
        said = (
            facts.get("id"),
            facts.get("event"),
            facts.get("verdict"),
            facts.get("campaign"),
            facts.get("at"),
        )
        known = (
            event.public_id,
            event.kind,
            event.verdict,
            public("cmp", event.campaign_id),
            leaves.moment(event.occurred_at),
        )
        if said != known:
            return Finding(position, f"event {event.public_id} says something else than its leaf")
    return None
