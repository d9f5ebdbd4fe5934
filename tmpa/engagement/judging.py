"""Adding events: their verdicts, what they change about earlier ones, the counts, the news for the rooms above.

All of it happens in the caller's transaction, under one lock: a verdict and its counts never disagree. A settled
event (one with a place in the evidence log) keeps its verdict whatever comes later.
"""

import uuid
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from ipaddress import ip_network
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tmpa.campaigns.models import CampaignStep
from tmpa.engagement import rollups
from tmpa.engagement.links import links_in_mail
from tmpa.engagement.models import EngagementEvent
from tmpa.engagement.verdicts import CROWD, FLOOD, REDEEM, RULES_VERSION, Event, Verdict, crowded, judge
from tmpa.kernel.jobs import emit
from tmpa.kernel.objects import ObjectStore
from tmpa.sending.models import Recipient

_CHUNK = 500
_TOUCHES = ("opened", "clicked")


class Mail(NamedTuple):
    """What is needed of a recipient row; `step` and `piece` are names."""

    id: uuid.UUID
    vendor_id: uuid.UUID
    partner_id: uuid.UUID
    campaign_id: uuid.UUID
    step_id: uuid.UUID
    contact_id: uuid.UUID | None
    locale: str
    handed_over_at: datetime | None
    step: str
    piece: str


def mails_of(session: Session, ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Mail]:
    """Recipients by id."""
    columns = (
        Recipient.id,
        Recipient.vendor_id,
        Recipient.partner_id,
        Recipient.campaign_id,
        Recipient.step_id,
        Recipient.contact_id,
        Recipient.locale,
        Recipient.handed_over_at,
        CampaignStep.name,
        CampaignStep.piece,
    )
    found: dict[uuid.UUID, Mail] = {}
    for some in chunks(ids):
        rows = select(*columns).join(CampaignStep, CampaignStep.id == Recipient.step_id)
        found.update({row[0]: Mail._make(row) for row in session.execute(rows.where(Recipient.id.in_(some)))})
    return found


def chunks(ids: Collection[uuid.UUID]) -> Iterator[list[uuid.UUID]]:
    """Ids in lists that a statement can take."""
    ordered = sorted(ids)
    for start in range(0, len(ordered), _CHUNK):
        yield ordered[start : start + _CHUNK]


def add_events(
    session: Session,
    objects: ObjectStore,
    fresh: Sequence[EngagementEvent],
    used: Collection[uuid.UUID] = (),
) -> None:
    """Judge and insert new events, revise the unsettled ones whose verdict they change, count all of it, tell.

    `used` names stored page views that were used since. The caller holds the RECORDING lock.
    """
    earlier = _earlier(session, fresh, used)
    for event in earlier:
        if event.id in used:
            _sign(event, "active")
    _mark_crowds([*fresh, *earlier])
    everything = [*fresh, *earlier]
    mails = mails_of(session, {event.recipient_id for event in everything if event.recipient_id})
    verdicts = _verdicts(session, objects, everything, mails)
    changes: Counter[rollups.Key] = Counter()
    for event in fresh:
        verdict = verdicts[event.id]
        event.verdict, event.rule = verdict.verdict, verdict.rule
        changes[_key(event, mails)] += 1
    session.add_all(fresh)
    revised = _revise(earlier, verdicts, changes, mails)
    session.flush()
    rollups.add(session, changes)
    rollups.see(session, [_sighting(event, event.contact_id) for event in fresh if event.contact_id])
    for campaign_id, people in revised.items():
        rollups.see_again(session, campaign_id, sorted(people), {"opened", "clicked", "visited", "submitted"})
    counts = Counter(event.campaign_id for event in fresh)
    for campaign_id in sorted({*counts, *revised}):
        emit(session, "engagement.recorded", {"campaign": str(campaign_id), "events": counts[campaign_id]})


def _earlier(
    session: Session, fresh: Sequence[EngagementEvent], used: Collection[uuid.UUID]
) -> list[EngagementEvent]:
    """The stored events that the new ones may tell something about, and the views used since.

    Of each recipient those within REDEEM of the batch: no rule looks further. Of recipients with more than FLOOD
    events none: somebody hammers their link, and a batch must not read all of it again; what comes is marked.
    """
    found: dict[uuid.UUID, EngagementEvent] = {}
    for some in chunks(used):
        found.update(
            {e.id: e for e in session.scalars(select(EngagementEvent).where(EngagementEvent.id.in_(some)))}
        )
    moments = [event.occurred_at for event in (*fresh, *found.values())]
    if not moments:
        return []
    near = EngagementEvent.occurred_at.between(min(moments) - REDEEM, max(moments) + REDEEM)
    people = {event.recipient_id for event in (*fresh, *found.values()) if event.recipient_id}
    flooded = _flooded(session, people)
    for event in fresh:
        if event.recipient_id in flooded and event.kind in _TOUCHES:
            _sign(event, "flood")
    for some in chunks((people | _neighbours(session, fresh)) - flooded):
        query = select(EngagementEvent).where(EngagementEvent.recipient_id.in_(some), near)
        found.update({event.id: event for event in session.scalars(query)})
    return list(found.values())


def _flooded(session: Session, people: Collection[uuid.UUID]) -> set[uuid.UUID]:
    found: set[uuid.UUID] = set()
    for some in chunks(people):
        counted = (
            select(EngagementEvent.recipient_id)
            .where(EngagementEvent.recipient_id.in_(some))
            .group_by(EngagementEvent.recipient_id)
            .having(func.count() > FLOOD)
        )
        found.update(recipient for recipient in session.scalars(counted) if recipient)
    return found


def _neighbours(session: Session, fresh: Sequence[EngagementEvent]) -> set[uuid.UUID]:
    """Recipients of the same campaign touched from the same networks within the same seconds."""
    touches: defaultdict[uuid.UUID, list[EngagementEvent]] = defaultdict(list)
    for event in fresh:
        if event.kind in _TOUCHES and tells(event.network):
            touches[event.campaign_id].append(event)
    found: set[uuid.UUID] = set()
    for campaign_id, events in touches.items():
        moments = [event.occurred_at for event in events]
        query = select(EngagementEvent.recipient_id).where(
            EngagementEvent.campaign_id == campaign_id,
            EngagementEvent.occurred_at.between(min(moments) - CROWD, max(moments) + CROWD),
            EngagementEvent.network.in_({event.network for event in events}),
        )
        found.update(recipient for recipient in session.scalars(query) if recipient)
    return found


@lru_cache(maxsize=4096)
def tells(network: str) -> bool:
    """Whether many recipients in one network mean anything: not where a private address hides the real ones."""
    return bool(network) and ip_network(network).is_global


def _sign(event: EngagementEvent, sign: str) -> None:
    if event.leaf_index is None:
        event.signs = " ".join(sorted({*event.signs.split(), sign}))


def _mark_crowds(events: Sequence[EngagementEvent]) -> None:
    """Give the sign "spread" to opens and clicks of networks that touched many recipients within seconds."""
    networks: defaultdict[tuple[uuid.UUID, str], list[tuple[datetime, uuid.UUID, EngagementEvent]]]
    networks = defaultdict(list)
    for event in events:
        if event.kind in _TOUCHES and event.recipient_id and tells(event.network):
            place = (event.campaign_id, event.network)
            networks[place].append((event.occurred_at, event.recipient_id, event))
    for members in networks.values():
        members.sort(key=lambda member: (member[0], member[1]))
        marks = crowded([(moment, recipient) for moment, recipient, _event in members])
        for (_moment, _recipient, event), mark in zip(members, marks, strict=True):
            if mark:
                _sign(event, "spread")


def _verdicts(
    session: Session,
    objects: ObjectStore,
    events: Sequence[EngagementEvent],
    mails: Mapping[uuid.UUID, Mail],
) -> dict[uuid.UUID, Verdict]:
    """A verdict for every event, each judged with all events of its recipient."""
    groups: defaultdict[uuid.UUID, list[Event]] = defaultdict(list)
    for event in events:
        groups[event.recipient_id or event.id].append(
            Event(
                event.id,
                event.kind,
                event.occurred_at,
                event.link,
                event.method,
                event.agent,
                event.network,
                frozenset(event.signs.split()),
            )
        )
    numbers = links_in_mail(session, objects, mails.values())
    verdicts: dict[uuid.UUID, Verdict] = {}
    for subject, group in groups.items():
        mail = mails.get(subject)
        handed_over_at = mail.handed_over_at if mail else None
        links = numbers.get((mail.campaign_id, mail.piece, mail.locale)) if mail else None
        verdicts.update({verdict.event_id: verdict for verdict in judge(group, handed_over_at, links)})
    return verdicts


def _revise(
    earlier: Sequence[EngagementEvent],
    verdicts: Mapping[uuid.UUID, Verdict],
    changes: Counter[rollups.Key],
    mails: Mapping[uuid.UUID, Mail],
) -> dict[uuid.UUID, set[uuid.UUID]]:
    """Give unsettled events their new verdict; the people, by campaign, whose first sightings that may change."""
    revised: defaultdict[uuid.UUID, set[uuid.UUID]] = defaultdict(set)
    for event in earlier:
        verdict = verdicts[event.id]
        if event.leaf_index is not None or event.rule == verdict.rule:
            continue
        changes[_key(event, mails)] -= 1
        event.verdict, event.rule, event.rule_version = verdict.verdict, verdict.rule, RULES_VERSION
        changes[_key(event, mails)] += 1
        if event.contact_id:
            revised[event.campaign_id].add(event.contact_id)
    return revised


def _key(event: EngagementEvent, mails: Mapping[uuid.UUID, Mail]) -> rollups.Key:
    step = mails[event.recipient_id].step if event.step_id and event.recipient_id else ""
    day = rollups.day_of(event.occurred_at)
    return rollups.Key(
        event.vendor_id,
        event.partner_id,
        event.campaign_id,
        step,
        event.locale,
        event.kind,
        event.verdict,
        day,
    )


def _sighting(event: EngagementEvent, contact_id: uuid.UUID) -> rollups.Sighting:
    return rollups.Sighting(
        event.vendor_id,
        event.partner_id,
        event.campaign_id,
        contact_id,
        event.kind,
        event.verdict,
        event.occurred_at,
    )
