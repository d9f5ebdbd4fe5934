"""The room's SQL that works on sets: the frozen audience, leases, re-checks, counts.

Forecast and snapshot read the same `audience`, so what is shown before a launch is what happens at it.
"""

import time
import uuid
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Select,
    String,
    Table,
    Text,
    Uuid,
    and_,
    bindparam,
    case,
    cast,
    exists,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy import column as sql_column
from sqlalchemy import table as sql_table
from sqlalchemy.dialects import postgresql, sqlite

from tmpa.audiences.models import CampaignList, Contact, ListMember, Suppression
from tmpa.campaigns.models import Campaign, CampaignStep
from tmpa.kits.localisation.fallback import other_scripts
from tmpa.sending.models import Recipient

Rows = Select[*tuple[Any, ...]]

# The engagement room is above this one; only the columns that tell who reacted are named here.
_first_seen = sql_table(
    "first_seen",
    sql_column("campaign_id", Uuid),
    sql_column("contact_id", Uuid),
    sql_column("kind", String),
    sql_column("verdict", String),
)
CONDITIONS = {"not_clicked": "clicked", "not_opened": "opened", "not_submitted": "submitted"}
"""A step's `only` → the kind of human engagement that takes a person out of it."""

WAITING = ("planned", "deferred")
OPEN_STATES = ("planned", "leased", "in_flight", "deferred")


def recipients() -> Table:
    """The ledger's table, for statements that don't want mapped objects."""
    found = Recipient.__table__
    assert isinstance(found, Table)
    return found


def _suppressed(partner_id: ColumnElement[Any], vendor_id: ColumnElement[Any]) -> ColumnElement[bool]:
    return exists().where(
        Suppression.email_key == Contact.email_key,
        or_(
            Suppression.organization_id.is_(None),
            Suppression.organization_id == partner_id,
            Suppression.organization_id == vendor_id,
        ),
    )


def _unmailable() -> ColumnElement[bool]:
    # the gross cases, so that they are counted before the launch; mime.is_mailable decides at the hand-over
    email = Contact.email
    return or_(
        email.not_like("%_@_%._%"),
        email.like("%@%@%"),
        *(email.contains(sign) for sign in (" ", ",", "<", ">", "..")),
    )


def _reacted(campaign_id: uuid.UUID, kind: str) -> ColumnElement[bool]:
    seen = _first_seen.c
    return exists().where(
        seen.campaign_id == campaign_id,
        seen.contact_id == Contact.id,
        seen.kind == kind,
        seen.verdict == "human",
    )


def _locale(locales: Sequence[str]) -> ColumnElement[str]:
    """The campaign's locale for a contact: the same tag, else the same language in the same script (fr for fr-CA, but
    not zh for zh-TW), else the campaign's first."""
    own = func.lower(func.replace(Contact.locale, "_", "-"))
    whens = [(own == tag.lower(), literal(tag)) for tag in locales]
    for tag in locales:
        language = tag.lower().split("-")[0]
        same = or_(own == language, func.substr(own, 1, len(language) + 1) == f"{language}-")
        if foreign := other_scripts(tag):
            same = and_(same, own.not_in(sorted(foreign)))
        whens.append((same, literal(tag)))
    return case(*whens, else_=literal(locales[0]))


def audience(campaign: Campaign, step: CampaignStep | None, first: CampaignStep | None) -> Rows:
    """Contact id, address, locale and skip reason ("" = will be sent) of everybody whom a step concerns.

    The first step (None before a launch) takes the campaign's lists; later ones the people frozen by the first.
    """
    if step is None or first is None or step.id == first.id:
        people: Rows = (
            select(ListMember.contact_id)
            .join(CampaignList, CampaignList.list_id == ListMember.list_id)
            .where(CampaignList.campaign_id == campaign.id)
        )
    else:
        people = select(Recipient.contact_id).where(
            Recipient.vendor_id == campaign.vendor_id,
            Recipient.step_id == first.id,
            Recipient.contact_id.is_not(None),
        )
    whens: list[tuple[ColumnElement[bool], str]] = [
        (_suppressed(literal(campaign.partner_id, Uuid), literal(campaign.vendor_id, Uuid)), "suppressed"),
        (Contact.consent != "given", "no_consent"),
        (_unmailable(), "invalid"),
    ]
    if step is not None and step.only not in ("", "all"):  # an unknown word fails: it must not mail everybody
        whens.append((_reacted(campaign.id, CONDITIONS[step.only]), "condition"))
    return select(
        Contact.id.label("contact_id"),
        Contact.email.label("email"),
        _locale(campaign.locales).label("locale"),
        case(*whens, else_="").label("reason"),
    ).where(Contact.partner_id == campaign.partner_id, Contact.id.in_(people))


def _fresh_id(dialect: str) -> ColumnElement[Any]:
    """A UUIDv7 made by the database, one per row: this moment's milliseconds, then the database's randomness."""
    head = f"{time.time_ns() // 1_000_000:012x}7"
    if dialect == "postgresql":
        # a version 4 UUID has its variant where version 7 wants it: only the first 13 digits are replaced
        digits = func.replace(cast(func.gen_random_uuid(), Text), "-", "")
        return cast(literal(head).concat(func.substr(digits, 14)), postgresql.UUID)
    variant = func.substr("89ab", func.random().op("&")(3) + 1, 1)
    noise = func.lower(func.hex(func.randomblob(10)))
    more = func.lower(func.hex(func.randomblob(2)))
    return literal(head).concat(func.substr(more, 1, 3)).concat(variant).concat(func.substr(noise, 1, 15))


def snapshot(campaign: Campaign, step: CampaignStep, first: CampaignStep, now: datetime, dialect: str) -> Any:
    """INSERT … SELECT of a step's recipients. Running it again adds nobody: one row per contact and step."""
    people = audience(campaign, step, first).subquery("people")
    values = {
        "id": _fresh_id(dialect),
        "created_at": bindparam("now", now, recipients().c.created_at.type),
        "vendor_id": literal(campaign.vendor_id, Uuid),
        "partner_id": literal(campaign.partner_id, Uuid),
        "campaign_id": literal(campaign.id, Uuid),
        "step_id": literal(step.id, Uuid),
        "contact_id": people.c.contact_id,
        "email": people.c.email,
        "locale": people.c.locale,
        "state": case((people.c.reason == "", "planned"), else_="skipped"),
        "reason": people.c.reason,
        "attempt": literal(0),
        "reply": literal(""),
    }
    rows = select(*(value.label(name) for name, value in values.items())).where(literal(True))
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return (
        insert(recipients())
        .from_select(list(values), rows, include_defaults=False)
        .on_conflict_do_nothing(index_elements=["vendor_id", "step_id", "contact_id"])
    )


def waiting(vendor_id: uuid.UUID, step_id: uuid.UUID, now: datetime) -> tuple[ColumnElement[bool], ...]:
    """The rows of a step that may be sent now."""
    row = recipients().c
    return (
        row.vendor_id == vendor_id,
        row.step_id == step_id,
        row.state.in_(WAITING),
        or_(row.not_before.is_(None), row.not_before <= now),
    )


def to_lease(vendor_id: uuid.UUID, step_id: uuid.UUID, now: datetime, limit: int) -> CTE:
    """Ids to lease. A CTE, because PostgreSQL may run an IN subquery with LIMIT more than once; rows that another
    worker is leasing at this moment are passed over (SQLite has one writer at a time and needs no locks)."""
    row = recipients().c
    return (
        select(row.id)
        .where(*waiting(vendor_id, step_id, now))
        .order_by(row.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("picked")
    )


def expired(state: str, now: datetime, limit: int) -> CTE:
    """Ids in `state` whose lease ran out."""
    row = recipients().c
    return (
        select(row.id)
        .where(row.state == state, row.lease_until < now)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("expired")
    )


def held_by(lease: uuid.UUID, step_id: uuid.UUID) -> Rows:
    """What the splicing needs to know of each row of a lease."""
    return (
        select(
            Recipient.id,
            Recipient.vendor_id,
            Recipient.contact_id,
            Recipient.email,
            Recipient.locale,
            Recipient.attempt,
            Contact.first_name,
            Contact.last_name,
            Contact.company,
        )
        .outerjoin(Contact, Contact.id == Recipient.contact_id)
        .where(Recipient.step_id == step_id, Recipient.state == "leased", Recipient.lease == lease)
        .order_by(Recipient.id)
    )


RECHECK: Rows = select(
    Contact.consent,
    _suppressed(bindparam("partner_id", type_=Uuid), bindparam("vendor_id", type_=Uuid)).label("suppressed"),
).where(Contact.id == bindparam("contact_id", type_=Uuid))
"""Consent and suppression of one contact at this moment: two index look-ups, run for every single message."""


def is_running(campaign_id: uuid.UUID) -> ColumnElement[bool]:
    """Whether the campaign may send now, for use in a statement's WHERE."""
    return exists().where(and_(Campaign.id == campaign_id, Campaign.state == "running"))


def has_open(step_ids: Collection[uuid.UUID]) -> Rows:
    """Steps among these that still have rows to be dealt with."""
    return (
        select(Recipient.step_id)
        .where(Recipient.step_id.in_(step_ids), Recipient.state.in_(OPEN_STATES))
        .distinct()
    )
