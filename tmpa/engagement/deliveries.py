"""Events that the mail side causes: delivered, bounced, complained, unsubscribed. From the ledger, once each."""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from tmpa.campaigns.models import Campaign
from tmpa.engagement.judging import add_events
from tmpa.engagement.locks import RECORDING, lock
from tmpa.engagement.models import EngagementEvent
from tmpa.engagement.verdicts import RULES_VERSION
from tmpa.kernel.clock import utcnow
from tmpa.kernel.objects import ObjectStore
from tmpa.sending.models import Recipient

BATCH: Final = 2000
LATE: Final = timedelta(days=14)
_EVENTS: Final = uuid.UUID("5b0f6e1c-0b52-5d0e-9f0b-7c1f4d0a9e33")


def _event_id(recipient_id: uuid.UUID, kind: str) -> uuid.UUID:
    """The one id that a recipient's event of this kind can have: recording twice is refused by the primary key."""
    return uuid.uuid5(_EVENTS, f"{recipient_id}:{kind}")


def record_deliveries(session: Session, objects: ObjectStore) -> int:
    """Write the events of recipients whose mail was handed over, bounced or was complained about since; how many.

    At most BATCH of each kind, so that a transaction stays short: call again while the answer isn't 0. Wants the
    system's scope.
    """
    waiting = [(kind, recipients) for kind in _KINDS if (recipients := _waiting(session, kind))]
    if not waiting:
        return 0
    lock(session, RECORDING)
    events = []
    for kind, _recipients in waiting:  # asked again under the lock: somebody else may have been faster
        events += [_event(recipient, kind, _moment(recipient, kind)) for recipient in _waiting(session, kind)]
    add_events(session, objects, events)
    return len(events)


_KINDS: Final = {"delivered": (), "bounced": ("bounced",), "complained": ("complained",)}


def _waiting(session: Session, kind: str) -> Sequence[Recipient]:
    recorded = exists().where(EngagementEvent.recipient_id == Recipient.id, EngagementEvent.kind == kind)
    # Older campaigns have no news any more: a late bounce is taken for two weeks after the end.
    recent = (Campaign.finished_at > utcnow() - LATE) | Campaign.state.in_(("launching", "running", "paused"))
    campaigns = select(Campaign.id).where(recent)
    query = select(Recipient).where(Recipient.campaign_id.in_(campaigns), ~recorded)
    query = query.order_by(Recipient.id).limit(BATCH)
    if kind == "delivered":  # also what bounced or was complained about later had been taken first
        query = query.where(Recipient.handed_over_at.is_not(None))
    else:
        query = query.where(Recipient.state.in_(_KINDS[kind]))
    return session.scalars(query).all()


def _moment(recipient: Recipient, kind: str) -> datetime:
    if kind == "delivered" and recipient.handed_over_at is not None:
        return recipient.handed_over_at
    return utcnow()


def _event(recipient: Recipient, kind: str, occurred_at: datetime) -> EngagementEvent:
    return EngagementEvent(
        id=_event_id(recipient.id, kind),
        vendor_id=recipient.vendor_id,
        partner_id=recipient.partner_id,
        campaign_id=recipient.campaign_id,
        step_id=recipient.step_id,
        recipient_id=recipient.id,
        contact_id=recipient.contact_id,
        locale=recipient.locale,
        kind=kind,
        occurred_at=occurred_at,
        method="",
        agent="",
        network="",
        signs="",
        rule_version=RULES_VERSION,
    )


def record_unsubscribe(
    session: Session, objects: ObjectStore, vendor_id: uuid.UUID, recipient_id: uuid.UUID, at: datetime
) -> None:
    """Write that a recipient ended the subscription, once. Wants the system's scope."""
    lock(session, RECORDING)
    recipient = session.get(Recipient, {"id": recipient_id, "vendor_id": vendor_id})
    known = select(EngagementEvent.id).where(EngagementEvent.id == _event_id(recipient_id, "unsubscribed"))
    if recipient is not None and session.scalar(known) is None:
        add_events(session, objects, [_event(recipient, "unsubscribed", at)])
