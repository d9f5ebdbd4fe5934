"""What came of the money: attributed revenue and pipeline, the return on MDF, cost per click, lead and deal."""

import uuid
from dataclasses import dataclass
from fractions import Fraction

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tmpa.deals import touchpoints
from tmpa.deals.attribution import Attribution, Model, share_out
from tmpa.deals.models import DealRegistration, Lead, Touchpoint
from tmpa.kernel.scope import lifted
from tmpa.mdf.models import Claim, FundRequest

PIPELINE = ("submitted", "under_review", "approved")


@dataclass(frozen=True, slots=True)
class Credit:
    """Attributed amounts in minor units: sourced and influenced are two figures, never added up."""

    sourced: int = 0
    influenced: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a campaign brought, in one currency. `other_currencies` deals count as deals, not as money."""

    currency: str
    leads: int
    deals: int
    won: int
    revenue: Credit
    pipeline: Credit
    other_currencies: int


@dataclass(frozen=True, slots=True)
class Return:
    """An outcome held against what it cost. A return of 4 means four in revenue for each one of MDF; None where
    there is nothing to divide by. Costs are in minor units."""

    cost_minor: int
    mdf_sourced: Fraction | None
    mdf_influenced: Fraction | None
    pipeline_sourced: Fraction | None
    pipeline_influenced: Fraction | None
    per_human_click: int | None
    per_lead: int | None
    per_deal: int | None


def outcome(
    session: Session, campaign_id: uuid.UUID, currency: str, model: Model = Model.POSITION
) -> Outcome:
    """What came of a campaign: its leads, and the deals that its touchpoints lead to. Money in `currency` only."""
    touched = select(Touchpoint.deal_id).where(Touchpoint.campaign_id == campaign_id)
    deals = session.scalars(
        select(DealRegistration).where(DealRegistration.id.in_(touched), DealRegistration.state != "draft")
    ).all()
    sums = {(kind, part): 0 for kind in ("won", "pipeline") for part in ("sourced", "influenced")}
    foreign = 0
    for deal in deals:
        kind = "won" if deal.state == "won" else "pipeline" if deal.state in PIPELINE else None
        if kind is None:
            continue
        if deal.currency != currency:
            foreign += 1
            continue
        amount = deal.won_amount_minor if deal.won_amount_minor is not None else deal.amount_minor
        credit: Attribution = touchpoints.attribution(deal, model)
        sums[kind, "sourced"] += share_out(amount, credit.sourced).get(campaign_id, 0)
        sums[kind, "influenced"] += share_out(amount, credit.influenced).get(campaign_id, 0)
    # Leads are the partner's alone; their number goes into a claim's dossier, which the partner hands in itself.
    # A vendor's page that shows it without a claim hides numbers below five.
    with lifted(session):
        leads = (
            session.scalar(select(func.count()).select_from(Lead).where(Lead.campaign_id == campaign_id)) or 0
        )
    return Outcome(
        currency=currency,
        leads=leads,
        deals=len(deals),
        won=sum(1 for deal in deals if deal.state == "won"),
        revenue=Credit(sums["won", "sourced"], sums["won", "influenced"]),
        pipeline=Credit(sums["pipeline", "sourced"], sums["pipeline", "influenced"]),
        other_currencies=foreign,
    )


def returns(found: Outcome, cost_minor: int, human_clicks: int) -> Return:
    """The outcome against a cost (MDF paid; before payment, what is claimed)."""

    def ratio(amount: int) -> Fraction | None:
        return Fraction(amount, cost_minor) if cost_minor > 0 else None

    def per(count: int) -> int | None:
        return round(Fraction(cost_minor, count)) if count > 0 else None

    return Return(
        cost_minor,
        ratio(found.revenue.sourced),
        ratio(found.revenue.influenced),
        ratio(found.pipeline.sourced),
        ratio(found.pipeline.influenced),
        per(human_clicks),
        per(found.leads),
        per(found.deals),
    )


def mdf_paid(session: Session, campaign_id: uuid.UUID, currency: str) -> int:
    """What has been paid for a campaign out of funds in `currency`, in minor units."""
    paid = (
        select(func.sum(Claim.approved_minor))
        .join(FundRequest, FundRequest.id == Claim.request_id)
        .where(FundRequest.campaign_id == campaign_id, Claim.state == "paid", Claim.currency == currency)
    )
    return int(session.scalar(paid) or 0)
