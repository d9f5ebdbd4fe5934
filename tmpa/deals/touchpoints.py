"""Human engagement of a deal's account with the partner's campaigns: what attribution counts.

The account is the deal's lead and contact, and the partner's contacts with an address at the customer's domain. Only
what a person did counts, and only what takes a decision: a click, a visit, a form. Opens are too weak a sign.
"""

import uuid
from collections.abc import Iterator, Sequence

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from tmpa.accounts.addresses import fold
from tmpa.audiences.models import Contact
from tmpa.deals.attribution import Attribution, Model, Touch, attribute
from tmpa.deals.conflicts import normal_domain
from tmpa.deals.models import DealRegistration, Lead, Touchpoint
from tmpa.deals.rules import rules
from tmpa.engagement.models import EngagementEvent
from tmpa.kernel.scope import lifted
from tmpa.pages.models import Submission

KINDS = ("clicked", "visited", "submitted")
OPEN_STATES = ("draft", "submitted", "under_review", "approved")
_CHUNK = 500


def collect(session: Session, deal: DealRegistration) -> int:
    """Add the touchpoints that the deal does not have yet; how many. Safe to repeat."""
    known = set(session.scalars(select(Touchpoint.event_id).where(Touchpoint.deal_id == deal.id)))
    added = 0
    # The events name people and are the partner's alone. When the vendor's action (a deal marked won) causes the
    # collecting, they are read here all the same; the touchpoints that come of it name nobody.
    with lifted(session):
        contacts = _account(session, deal)
        for event in _events(session, deal, contacts):
            if event.id not in known:
                known.add(event.id)
                session.add(_touchpoint(deal, event.id, event.campaign_id, event.kind, event))
                added += 1
        # A form filled by somebody who was not mailed has no contact: the lead's own submissions count too.
        for submission in _submissions(session, deal):
            if submission.id not in known:
                known.add(submission.id)
                session.add(_touchpoint(deal, submission.id, submission.campaign_id, "submitted", submission))
                added += 1
    return added


def collect_for_open_deals(session: Session) -> int:
    """`collect` for every deal that may still gain touchpoints. For the schedule."""
    deals = session.scalars(select(DealRegistration).where(DealRegistration.state.in_(OPEN_STATES))).all()
    return sum(collect(session, deal) for deal in deals)


def attribution(deal: DealRegistration, model: Model) -> Attribution:
    """The deal's credit by campaign."""
    touches = [Touch(touch.campaign_id, touch.occurred_at) for touch in deal.touchpoints]
    return attribute(model, touches, deal.created_at, deal.closed_at)


def _touchpoint(
    deal: DealRegistration,
    event_id: uuid.UUID,
    campaign_id: uuid.UUID,
    kind: str,
    at: EngagementEvent | Submission,
) -> Touchpoint:
    moment = at.occurred_at if isinstance(at, EngagementEvent) else at.submitted_at
    return Touchpoint(
        vendor_id=deal.vendor_id,
        partner_id=deal.partner_id,
        deal_id=deal.id,
        event_id=event_id,
        campaign_id=campaign_id,
        kind=kind,
        occurred_at=moment,
    )


def _domains(deal: DealRegistration) -> set[str]:
    """The customer's mail domains as folded addresses write them."""
    found = {deal.customer_domain, normal_domain(deal.contact_email)} - {""} - rules().free_mail_domains
    return {fold(f"x@{domain}").rpartition("@")[2] for domain in found}


def _account(session: Session, deal: DealRegistration) -> list[uuid.UUID]:
    """The partner's contacts that belong to the deal's account."""
    lead = session.get(Lead, deal.lead_id) if deal.lead_id else None
    people = [Contact.email_key == fold(deal.contact_email)] if deal.contact_email else []
    if lead is not None:
        people.append(Contact.email_key == fold(lead.email))
        if lead.contact_id is not None:
            people.append(Contact.id == lead.contact_id)
    for domain in sorted(_domains(deal)):
        people.append(Contact.email_key.endswith(f"@{domain}", autoescape=True))
        people.append(Contact.email_key.endswith(f".{domain}", autoescape=True))
    if not people:
        return []
    return list(
        session.scalars(select(Contact.id).where(Contact.partner_id == deal.partner_id, or_(*people)))
    )


def _events(
    session: Session, deal: DealRegistration, contacts: Sequence[uuid.UUID]
) -> Iterator[EngagementEvent]:
    # in chunks: a customer with thousands of addresses must not exceed the database's number of parameters
    for start in range(0, len(contacts), _CHUNK):
        yield from session.scalars(
            select(EngagementEvent).where(
                EngagementEvent.vendor_id == deal.vendor_id,
                EngagementEvent.partner_id == deal.partner_id,
                EngagementEvent.verdict == "human",
                EngagementEvent.kind.in_(KINDS),
                EngagementEvent.contact_id.in_(contacts[start : start + _CHUNK]),
            )
        )


def _submissions(session: Session, deal: DealRegistration) -> list[Submission]:
    lead = session.get(Lead, deal.lead_id) if deal.lead_id else None
    if lead is None:
        return []
    keys = [lead.submission_id] if lead.submission_id else []
    keys += [uuid.UUID(text) for text in lead.joined_submissions]
    return list(session.scalars(select(Submission).where(Submission.id.in_(keys)))) if keys else []
