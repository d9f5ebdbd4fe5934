"""Deals as facts in the vendor's evidence log, so that a dossier's deals can be traced to leaves."""

import uuid

from sqlalchemy.orm import Session

from tmpa.deals.models import DealRegistration, Lead
from tmpa.engagement.evidence import leaves, log
from tmpa.kernel.clock import utcnow
from tmpa.kernel.ids import public
from tmpa.kernel.scope import lifted

KIND = "deal"


def record(session: Session, deal: DealRegistration, action: str) -> None:
    """Append that `action` happened to a deal that the vendor has seen. The customer and its people are not named."""
    if deal.submitted_at is None:  # a draft is the partner's own affair
        return
    # The log is the vendor's, while the partner acts here; the fact says nothing that the vendor may not see.
    with lifted(session):
        campaign_id = _campaign(session, deal)
        said = {
            "deal": deal.public_id,
            "action": action,
            "state": deal.state,
            "at": leaves.moment(utcnow()),
            "partner": public("org", deal.partner_id),
            "campaign": public("cmp", campaign_id) if campaign_id else None,
            "products": list(deal.products),
            "amount_minor": deal.won_amount_minor if deal.won_amount_minor is not None else deal.amount_minor,
            "currency": deal.currency,
            "rule": deal.rule,
        }
        log.append(session, deal.vendor_id, KIND, said, campaign_id)


def _campaign(session: Session, deal: DealRegistration) -> uuid.UUID | None:
    """The campaign of the deal's lead, else of its first touchpoint."""
    lead = session.get(Lead, deal.lead_id) if deal.lead_id else None
    if lead is not None and lead.campaign_id is not None:
        return lead.campaign_id
    return deal.touchpoints[0].campaign_id if deal.touchpoints else None
