"""Leaves: facts in canonical JSON (RFC 8785) that name people only by pseudonym."""

import hmac
import os
import uuid
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from tmpa.audiences.models import Contact
from tmpa.engagement.evidence.canonical import canonical
from tmpa.engagement.models import EngagementEvent
from tmpa.kernel.ids import public

FORMAT: Final = 1
_CHUNK = 500
_ERASED = "erased-"  # how an erased person's row begins its address: it never gets a pseudonym again


def body_of(kind: str, facts: dict[str, Any]) -> bytes:
    """A leaf's data: the facts with their kind and the format's number."""
    return canonical({**facts, "format": FORMAT, "kind": kind})


def moment(value: datetime) -> str:
    """An aware moment as leaves write it: UTC, milliseconds."""
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def pseudonym(key: bytes, vendor_id: uuid.UUID) -> str:
    """A person's name in one vendor's log: without the key nobody can tell who it was."""
    return hmac.digest(key, vendor_id.bytes, "sha256").hex()


def pseudonyms(
    session: Session, vendor_id: uuid.UUID, contacts: Collection[uuid.UUID]
) -> dict[uuid.UUID, str]:
    """The pseudonym of each contact who still has a name; keys are made on first use. Wants the system's scope."""
    found: dict[uuid.UUID, str] = {}
    ordered = sorted(contacts)
    for start in range(0, len(ordered), _CHUNK):
        rows = select(Contact).where(Contact.id.in_(ordered[start : start + _CHUNK])).order_by(Contact.id)
        for contact in session.scalars(rows.with_for_update()):
            if contact.pseudonym_key is None and not contact.email.startswith(_ERASED):
                contact.pseudonym_key = os.urandom(32)
            if contact.pseudonym_key is not None:
                found[contact.id] = pseudonym(contact.pseudonym_key, vendor_id)
    session.flush()
    return found


def event_facts(event: EngagementEvent, step: str | None, person: str | None) -> dict[str, Any]:
    """What the log says of an engagement event. No address, network or agent: the rule's name says enough."""
    return {
        "id": event.public_id,
        "at": moment(event.occurred_at),
        "campaign": public("cmp", event.campaign_id),
        "event": event.kind,
        "link": event.link,
        "locale": event.locale,
        "person": person,
        "recipient": public("rcp", event.recipient_id) if event.recipient_id else None,
        "rule": event.rule,
        "rules": event.rule_version,
        "step": step,
        "verdict": event.verdict,
    }
