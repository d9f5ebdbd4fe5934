"""Storing a batch of events as the intake saw them: which are new, and whose they are."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from tmpa.engagement.judging import Mail, add_events, chunks, mails_of
from tmpa.engagement.locks import RECORDING, lock
from tmpa.engagement.models import EngagementEvent
from tmpa.engagement.submissions import take
from tmpa.engagement.verdicts import RULES_VERSION
from tmpa.kernel.objects import ObjectStore
from tmpa.pages.models import PublishedPage


@dataclass(frozen=True, slots=True)
class Incoming:
    """An event as the intake saw it, times in UTC. `subject_id` is a recipient, or for visits and forms a page whose
    visitor may be a recipient. `fields`, `email` (as written) and `wording` (of the consent given) are a form's."""

    id: uuid.UUID
    kind: str
    occurred_at: datetime
    vendor_id: uuid.UUID
    subject_id: uuid.UUID
    link: int | None = None
    method: str = ""
    agent: str = ""
    network: str = ""
    visitor_id: uuid.UUID | None = None
    signs: frozenset[str] = frozenset()
    fields: Mapping[str, str] | None = None
    email: str = ""
    wording: str = ""


class Stored(NamedTuple):
    """What became of a batch: how many events are new, and which belong to nothing here."""

    new: int
    orphans: list[uuid.UUID]


def store(session: Session, objects: ObjectStore, batch: Sequence[Incoming]) -> Stored:
    """Store what is new of a batch with its submissions, judge it and what it changes, count it, tell.

    Safe to repeat: what is stored already is left alone. Wants the system's scope.
    """
    lock(session, RECORDING)
    known = _known(session, [item.id for item in batch])
    fresh, used = _fold(batch, known)
    mails = mails_of(session, {i for item in fresh for i in (item.subject_id, item.visitor_id) if i})
    pages = _pages(session, {item.subject_id for item in fresh if item.kind in ("visited", "submitted")})
    events, orphans = [], []
    for item in fresh:
        event = _event(item, mails, pages)
        if event is None:
            orphans.append(item.id)
            continue
        events.append(event)
        if item.kind == "submitted":
            take(session, event, pages[item.subject_id], item.fields or {}, item.email, item.wording)
    add_events(session, objects, events, used)
    return Stored(len(events), orphans)


def _known(session: Session, ids: Sequence[uuid.UUID]) -> set[uuid.UUID]:
    found: set[uuid.UUID] = set()
    for some in chunks(ids):
        found.update(session.scalars(select(EngagementEvent.id).where(EngagementEvent.id.in_(some))))
    return found


def _fold(batch: Iterable[Incoming], known: set[uuid.UUID]) -> tuple[list[Incoming], set[uuid.UUID]]:
    """The new events, each once (a page view and its first use are one), and the stored views that were now used."""
    fresh: dict[uuid.UUID, Incoming] = {}
    used: set[uuid.UUID] = set()
    for item in batch:
        if item.id in known:
            if item.kind == "visited" and "active" in item.signs:
                used.add(item.id)
        elif item.id in fresh:
            held = fresh[item.id]
            fresh[item.id] = replace(held, signs=held.signs | item.signs)
        else:
            fresh[item.id] = item
    return list(fresh.values()), used


def _pages(session: Session, ids: set[uuid.UUID]) -> dict[uuid.UUID, PublishedPage]:
    return {page.id: page for page in session.scalars(select(PublishedPage).where(PublishedPage.id.in_(ids)))}


def _event(
    item: Incoming, mails: Mapping[uuid.UUID, Mail], pages: Mapping[uuid.UUID, PublishedPage]
) -> EngagementEvent | None:
    """The event's row, not yet judged; None when nothing here is what it speaks of."""
    page = pages.get(item.subject_id)
    mail = mails.get(item.visitor_id or item.subject_id)
    if page is not None:
        if page.vendor_id != item.vendor_id:
            return None
        if mail is not None and mail.campaign_id != page.campaign_id:
            mail = None  # somebody else's link, passed on by hand
    elif item.kind in ("visited", "submitted") or mail is None or mail.vendor_id != item.vendor_id:
        return None
    owner: PublishedPage | Mail | None = page or mail
    assert owner is not None
    return EngagementEvent(
        id=item.id,
        vendor_id=item.vendor_id,
        partner_id=owner.partner_id,
        campaign_id=owner.campaign_id,
        step_id=mail.step_id if mail and page is None else None,
        recipient_id=mail.id if mail else None,
        contact_id=mail.contact_id if mail else None,
        locale=owner.locale,
        kind=item.kind,
        occurred_at=item.occurred_at,
        link=item.link if item.kind == "clicked" else None,
        method=item.method,
        agent=item.agent,
        network=item.network,
        signs=" ".join(sorted(item.signs)),
        rule_version=RULES_VERSION,
    )
