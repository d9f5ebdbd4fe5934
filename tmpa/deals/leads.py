"""Leads: people who asked. One for each form sent; the same person asking again joins the open lead."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from tmpa.accounts.addresses import fold
from tmpa.audiences.models import Contact
from tmpa.campaigns.models import Campaign
from tmpa.deals.models import DealRegistration, Lead
from tmpa.deals.touchpoints import KINDS
from tmpa.engagement.models import EngagementEvent
from tmpa.kernel import audit
from tmpa.kernel.errors import Refused
from tmpa.kernel.i18n import lazy_gettext as _l
from tmpa.pages.models import Submission

STATE_NAMES: dict[str, Any] = {
    "new": _l("New"),
    "working": _l("Being worked on"),
    "converted": _l("Deal registered"),
    "closed": _l("Closed"),
}
STATE_TONES = {"new": "info", "working": "info", "converted": "good"}
OPEN_STATES = ("new", "working")

# what a partner may do by hand; "converted" comes from registering a deal
TRANSITIONS: dict[str, tuple[frozenset[str], str]] = {
    "work": (frozenset({"new", "closed"}), "working"),
    "close": (frozenset({"new", "working"}), "closed"),
}


@dataclass(frozen=True, slots=True)
class LeadPage:
    """One page of a partner's leads, newest first."""

    leads: list[Lead]
    number: int
    pages: int
    total: int


def lead_from_submission(session: Session, submission: Submission) -> Lead:
    """The lead of a form: a new one, or the campaign's open lead of the same person with this form added.

    Safe to repeat: a form that has been taken in already changes nothing.
    """
    # one at a time in a campaign: two forms of one person at once must not make two leads
    session.execute(select(Campaign.id).where(Campaign.id == submission.campaign_id).with_for_update())
    made = session.scalars(select(Lead).where(Lead.submission_id == submission.id)).one_or_none()
    if made is not None:
        return made
    said = _said(submission)
    of_person = [
        lead for lead in _leads_of(session, submission.campaign_id) if fold(lead.email) == fold(said["email"])
    ]
    for lead in of_person:
        if str(submission.id) in lead.joined_submissions:
            return lead
    for lead in of_person:
        if lead.state in OPEN_STATES and said["email"]:
            return _join(session, lead, submission, said)
    contact = session.get(Contact, submission.contact_id) if submission.contact_id else None
    lead = Lead(
        partner_id=submission.partner_id,
        vendor_id=submission.vendor_id,
        campaign_id=submission.campaign_id,
        submission_id=submission.id,
        contact_id=submission.contact_id,
        asked_at=submission.submitted_at,
        joined_submissions=[],
        **_filled(said, contact),
    )
    session.add(lead)
    session.flush()
    audit.record(session, "lead.created", lead)
    return lead


def _leads_of(session: Session, campaign_id: uuid.UUID) -> list[Lead]:
    return list(session.scalars(select(Lead).where(Lead.campaign_id == campaign_id).order_by(Lead.asked_at)))


def _join(session: Session, lead: Lead, submission: Submission, said: Mapping[str, str]) -> Lead:
    lead.joined_submissions = [*lead.joined_submissions, str(submission.id)]
    for name in ("name", "company", "phone", "country"):
        if said[name] and not getattr(lead, name):
            setattr(lead, name, said[name])
    if said["message"] and said["message"] not in lead.message:
        lead.message = f"{lead.message}\n\n{said['message']}".strip()
    lead.contact_id = lead.contact_id or submission.contact_id
    audit.record(session, "lead.asked_again", lead)
    return lead


# Fields that a kit's form may have, by the names in use; what else was asked goes into the message.
_NAMES = {
    "name": ("name", "full_name"),
    "company": ("company", "organisation", "organization"),
    "phone": ("phone", "tel", "telephone"),
    "country": ("country",),
    "message": ("message", "question", "comment", "comments"),
    "email": ("email",),
}
_LENGTHS = {"name": 200, "company": 200, "phone": 60, "country": 80, "message": 10_000, "email": 320}


def _said(submission: Submission) -> dict[str, str]:
    fields = {
        str(name): str(value).strip() for name, value in submission.fields.items() if isinstance(value, str)
    }
    said = {
        name: next((fields[key] for key in keys if fields.get(key)), "")[: _LENGTHS[name]]
        for name, keys in _NAMES.items()
    }
    if not said["name"]:
        said["name"] = f"{fields.get('first_name', '')} {fields.get('last_name', '')}".strip()[:200]
    said["email"] = said["email"] or submission.email_key
    known = {key for keys in _NAMES.values() for key in keys} | {"first_name", "last_name", "consent"}
    further = [f"{name}: {value}" for name, value in fields.items() if name not in known and value]
    if len(said["country"]) != 2:  # a country's name, not its code: kept where people read it
        further += [f"country: {said['country']}"] if said["country"] else []
        said["country"] = ""
    said["country"] = said["country"].upper()
    said["message"] = "\n".join(filter(None, [said["message"], *further]))[: _LENGTHS["message"]]
    return said


def _filled(said: Mapping[str, str], contact: Contact | None) -> dict[str, str]:
    """What was said, completed by what the partner knew of the person."""
    if contact is None:
        return dict(said)
    known = {
        "name": f"{contact.first_name} {contact.last_name}".strip(),
        "company": contact.company,
        "phone": contact.phone,
        "country": contact.country,
    }
    return {name: value or known.get(name, "") for name, value in said.items()}


def move(session: Session, lead: Lead, action: str, reason: str = "") -> None:
    """Take a lead up (`work`) or put it away (`close`). Raises Refused when its state does not allow that."""
    sources, target = TRANSITIONS[action]
    session.refresh(lead, with_for_update=True)
    if lead.state not in sources:
        raise Refused(
            _l("This is not possible any more: the lead is “%(state)s”.", state=STATE_NAMES[lead.state])
        )
    before, lead.state = lead.state, target
    audit.record(session, f"lead.{action}", lead, reason, before=before, after=target)


def forget(session: Session, contact_id: uuid.UUID) -> int:
    """Empty the leads of a person who was erased, and the contact of deals that came from them; how many leads.

    The rows stay, so that what a deal and a claim rest on stays whole.
    """
    found = session.scalars(select(Lead).where(Lead.contact_id == contact_id)).all()
    for lead in found:
        for deal in session.scalars(select(DealRegistration).where(DealRegistration.lead_id == lead.id)):
            if fold(deal.contact_email) == fold(lead.email):
                deal.contact_name = deal.contact_email = ""
        lead.name = lead.company = lead.phone = lead.country = lead.message = ""
        lead.email = f"erased-{lead.id}@invalid"
        lead.state = "closed" if lead.state in OPEN_STATES else lead.state
        audit.record(session, "lead.erased", lead)
    return len(found)


def page_of_leads(session: Session, state: str = "", number: int = 1, per_page: int = 50) -> LeadPage:
    """Leads of the session's scope, newest first; `state` narrows, "open" means new or being worked on."""
    wanted = OPEN_STATES if state == "open" else (state,)
    narrowed = (Lead.state.in_(wanted),) if state else ()
    total = session.scalar(select(func.count()).select_from(Lead).where(*narrowed)) or 0
    pages = max(1, -(-total // per_page))
    number = min(max(1, number), pages)
    rows = session.scalars(
        select(Lead)
        .where(*narrowed)
        .order_by(Lead.asked_at.desc())
        .offset((number - 1) * per_page)
        .limit(per_page)
    )
    return LeadPage(list(rows), number, pages, total)


def counts_by_state(session: Session) -> dict[str, int]:
    """How many leads of the session's scope are in each state."""
    rows = session.execute(select(Lead.state, func.count()).group_by(Lead.state))
    return {row.state: row[1] for row in rows}


def story(session: Session, lead: Lead) -> list[EngagementEvent]:
    """What the person did in the lead's campaign, oldest first (only what a person did, no scanners)."""
    keys = [lead.submission_id, *(uuid.UUID(text) for text in lead.joined_submissions)]
    own: list[ColumnElement[bool]] = [EngagementEvent.id.in_([key for key in keys if key])]
    if lead.contact_id is not None:
        own.append(EngagementEvent.contact_id == lead.contact_id)
    return list(
        session.scalars(
            select(EngagementEvent)
            .where(
                EngagementEvent.campaign_id == lead.campaign_id,
                EngagementEvent.verdict == "human",
                EngagementEvent.kind.in_((*KINDS, "opened", "delivered")),
                or_(*own),
            )
            .order_by(EngagementEvent.occurred_at)
            .limit(100)
        )
    )
