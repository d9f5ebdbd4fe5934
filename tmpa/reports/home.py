"""The figures of the two home pages."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tmpa.campaigns.models import Campaign
from tmpa.deals.models import DealRegistration, Lead
from tmpa.engagement.figures import shown_to_vendor
from tmpa.kernel.clock import utcnow
from tmpa.kernel.scope import lifted, session_scope
from tmpa.mdf.funds import funds_with_balances
from tmpa.mdf.ledger import Balance
from tmpa.mdf.models import Claim, Fund, FundRequest
from tmpa.mdf.requests import may_claim
from tmpa.mdf.rules import expiry_warning
from tmpa.partners.models import Partnership
from tmpa.reports.queries import LAUNCHED, OPEN_DEALS, Day, by_day
from tmpa.sending.models import Recipient

PERIOD_DAYS = 90
_SENT = ("handed_over", "bounced", "complained")

Sums = dict[str, int]
"""Minor units by currency."""


@dataclass(frozen=True, slots=True)
class Risk:
    """Money of a fund that lapses in `days` days unless it is used."""

    fund: Fund
    balance: Balance
    days: int


@dataclass(frozen=True, slots=True)
class VendorHome:
    """Reach, adoption, pipeline and money. `people` is None for one to four."""

    people: int | None
    active_partners: int
    invited_partners: int
    adopters: int
    campaigns_running: int
    pipeline: Sums
    won: Sums
    deals_waiting: int
    deals_late: int
    requests_waiting: int
    claims_waiting: int
    at_risk: list[Risk]
    days: list[Day]

    @property
    def adoption(self) -> float | None:
        """The share of active partners that launched a campaign in the period."""
        return self.adopters / self.active_partners if self.active_partners else None


@dataclass(frozen=True, slots=True)
class PartnerHome:
    """What runs, what waits, what lapses."""

    campaigns: dict[str, int]
    new_leads: int
    open_deals: int
    deals_to_close: list[DealRegistration]
    pipeline: Sums
    won: Sums
    claimable: list[FundRequest]
    returned_requests: list[FundRequest]
    returned_claims: list[Claim]
    claims_in_progress: int
    at_risk: list[Risk]
    days: list[Day]


def vendor_home(session: Session) -> VendorHome:
    """The vendor's figures, over the last PERIOD_DAYS days where a period is meant."""
    now = utcnow()
    since = now - timedelta(days=PERIOD_DAYS)
    vendor_id = session_scope(session).organization_id
    # Recipients are the partners' people: only how many different ones were written to leaves this block.
    with lifted(session):
        people = session.scalar(
            select(func.count(func.distinct(Recipient.contact_id))).where(
                Recipient.vendor_id == vendor_id,
                Recipient.state.in_(_SENT),
                Recipient.handed_over_at >= since,
            )
        )
    statuses = Counter(session.scalars(select(Partnership.status)))
    adopters = session.scalar(
        select(func.count(func.distinct(Campaign.partner_id))).where(
            Campaign.state.in_(LAUNCHED), Campaign.launched_at >= since
        )
    )
    running = session.scalar(select(func.count()).select_from(Campaign).where(Campaign.state == "running"))
    pipeline, won = deal_sums(session)
    waiting = session.scalars(
        select(DealRegistration.decide_by).where(DealRegistration.state.in_(("submitted", "under_review")))
    ).all()
    return VendorHome(
        people=shown_to_vendor(people or 0),
        active_partners=statuses["active"],
        invited_partners=statuses["invited"],
        adopters=adopters or 0,
        campaigns_running=running or 0,
        pipeline=pipeline,
        won=won,
        deals_waiting=len(waiting),
        deals_late=sum(1 for moment in waiting if moment is not None and moment < now),
        requests_waiting=_count(session, FundRequest),
        claims_waiting=_count(session, Claim),
        at_risk=money_at_risk(session, now.date()),
        days=by_day(session, now.date()),
    )


def partner_home(session: Session) -> PartnerHome:
    """The partner's figures."""
    today = utcnow().date()
    pipeline, won = deal_sums(session)
    states = session.execute(select(Campaign.state, func.count()).group_by(Campaign.state))
    approved = session.scalars(select(FundRequest).where(FundRequest.state == "approved")).all()
    deals = session.scalars(select(DealRegistration).where(DealRegistration.state.in_(OPEN_DEALS))).all()
    soon = today + timedelta(days=14)
    return PartnerHome(
        campaigns=dict(states.all()),
        new_leads=session.scalar(select(func.count()).select_from(Lead).where(Lead.state == "new")) or 0,
        open_deals=len(deals),
        deals_to_close=[
            deal for deal in deals if deal.protected_until is not None and deal.protected_until <= soon
        ],
        pipeline=pipeline,
        won=won,
        claimable=[request for request in approved if may_claim(session, request)],
        returned_requests=list(session.scalars(select(FundRequest).where(FundRequest.state == "returned"))),
        returned_claims=list(session.scalars(select(Claim).where(Claim.state == "returned"))),
        claims_in_progress=_count(session, Claim),
        at_risk=money_at_risk(session, today),
        days=by_day(session, today),
    )


def deal_sums(session: Session) -> tuple[Sums, Sums]:
    """Open and won deals in scope, by currency."""
    pipeline: defaultdict[str, int] = defaultdict(int)
    won: defaultdict[str, int] = defaultdict(int)
    amount = func.coalesce(DealRegistration.won_amount_minor, DealRegistration.amount_minor)
    rows = session.execute(
        select(DealRegistration.state, DealRegistration.currency, func.sum(amount))
        .where(DealRegistration.state.in_((*OPEN_DEALS, "won")))
        .group_by(DealRegistration.state, DealRegistration.currency)
    )
    for state, currency, total in rows:
        (won if state == "won" else pipeline)[currency] += int(total)
    return dict(pipeline), dict(won)


def money_at_risk(session: Session, today: date) -> list[Risk]:
    """Funds in scope whose unused money lapses soon, the soonest first."""
    found = []
    for fund, balance in funds_with_balances(session):
        days = expiry_warning(fund, today)
        if days is not None and balance.available + balance.approved > 0:
            found.append(Risk(fund, balance, days))
    return sorted(found, key=lambda risk: risk.days)


def _count(session: Session, model: type[FundRequest] | type[Claim]) -> int:
    """How many rows in scope wait for a decision."""
    return session.scalar(select(func.count()).select_from(model).where(model.state == "submitted")) or 0
