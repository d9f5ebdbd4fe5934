"""Fund requests: a partner's plan for a campaign, approved before the activity."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import BigInteger, func, select
from sqlalchemy.orm import Session

from tmpa.campaigns.models import Campaign
from tmpa.kernel import audit
from tmpa.kernel.clock import utcnow
from tmpa.kernel.errors import NotAllowed, NotFound, Refused
from tmpa.kernel.i18n import format_date, format_money
from tmpa.kernel.i18n import lazy_gettext as _l
from tmpa.kernel.scope import session_scope
from tmpa.mdf import ledger
from tmpa.mdf.models import Claim, Fund, FundRequest
from tmpa.mdf.roles import check_approver, check_limit
from tmpa.mdf.rules import platform_activities, rules_of

# action → (from states, to state, the side that may)
TRANSITIONS: dict[str, tuple[frozenset[str], str, str]] = {
    "submit": (frozenset({"draft", "returned"}), "submitted", "partner"),
    "approve": (frozenset({"submitted"}), "approved", "vendor"),
    "decline": (frozenset({"submitted"}), "declined", "vendor"),
    "return": (frozenset({"submitted"}), "returned", "vendor"),
    "close": (frozenset({"draft", "submitted", "returned", "approved"}), "closed", "partner"),
}
STATE_NAMES: dict[str, Any] = {
    "draft": _l("Draft"),
    "submitted": _l("Waiting for a decision"),
    "approved": _l("Approved"),
    "declined": _l("Declined"),
    "returned": _l("Returned for repair"),
    "closed": _l("Closed"),
}
STATE_TONES = {"submitted": "info", "approved": "good", "declined": "bad", "returned": "warn"}
_approved_sum = func.sum(
    FundRequest.approved_minor, type_=BigInteger
)  # PostgreSQL's own type would be a decimal
_UNCLAIMED = ("draft", "returned")  # claims in these states hold no money of the request


@dataclass(frozen=True, slots=True)
class Plan:
    """What a partner wants to do and what it asks for, in minor units of the fund's currency."""

    title: str
    activity_type: str
    starts_on: date
    ends_on: date
    amount_minor: int
    purpose: str = ""


def create(session: Session, fund: Fund, campaign: Campaign, plan: Plan) -> FundRequest:
    """A draft request of the session's partner. Raises Refused naming the field."""
    scope = session_scope(session)
    if scope.side != "partner" or campaign.vendor_id != fund.vendor_id:
        raise NotFound
    request = FundRequest(
        vendor_id=fund.vendor_id,
        partner_id=campaign.partner_id,
        fund_id=fund.id,
        fund=fund,
        campaign_id=campaign.id,
        campaign=campaign,
        currency=fund.currency,
        **_checked(fund, plan),
    )
    session.add(request)
    session.flush()
    audit.record(session, "request.created", request, amount_minor=request.amount_minor)
    return request


def change(session: Session, request: FundRequest, plan: Plan) -> None:
    """Put a draft or returned request in order. Raises Refused naming the field, or for another state."""
    if request.state not in ("draft", "returned"):
        raise Refused(_l("A submitted request can't be changed. Close it and ask anew."))
    for name, value in _checked(request.fund, plan).items():
        setattr(request, name, value)
    audit.record(session, "request.changed", request, amount_minor=request.amount_minor)


def _checked(fund: Fund, plan: Plan) -> dict[str, Any]:
    if not plan.title.strip():
        raise Refused(_l("Give the activity a name."), "title")
    if plan.activity_type not in platform_activities(fund):
        raise Refused(_l("This fund does not pay for that kind of activity."), "activity_type")
    if plan.ends_on < plan.starts_on:
        raise Refused(_l("The last day must not be before the first."), "ends_on")
    if plan.starts_on < fund.use_from or plan.ends_on > fund.use_until:
        raise Refused(
            _l(
                "This fund pays for activities from %(start)s to %(end)s.",
                start=format_date(fund.use_from),
                end=format_date(fund.use_until),
            ),
            "starts_on" if plan.starts_on < fund.use_from else "ends_on",
        )
    if plan.amount_minor <= 0:
        raise Refused(_l("The amount must be more than zero."), "amount")
    return {
        "title": plan.title.strip()[:200],
        "activity_type": plan.activity_type,
        "purpose": plan.purpose.strip(),
        "starts_on": plan.starts_on,
        "ends_on": plan.ends_on,
        "amount_minor": plan.amount_minor,
    }


def suggested_amount(session: Session, fund: Fund, campaign: Campaign) -> int | None:
    """The kit's suggested budget, if it is in the fund's currency, at most what the fund has available."""
    mdf = campaign.kit_version.manifest.get("mdf") or {}
    suggested = mdf.get("suggested_budget_minor")
    if not isinstance(suggested, int) or mdf.get("currency") != fund.currency:
        return None
    return min(suggested, ledger.balance(session, fund).available)


def submit(session: Session, request: FundRequest) -> None:
    """Ask the vendor. Raises Refused when the fund does not have that much."""
    _lock(session, request, "submit")
    available = ledger.balance(session, request.fund).available
    if request.amount_minor > available:
        raise Refused(
            _l("The fund has %(available)s left.", available=format_money(available, request.currency)),
            "amount",
        )
    request.submitted_by = session_scope(session).user_id
    request.submitted_at = utcnow()
    _move(session, request, "submit", amount_minor=request.amount_minor)


def approve(
    session: Session, request: FundRequest, amount_minor: int | None = None, reason: str = ""
) -> None:
    """Set money aside for the plan: all that was asked for, or less with a reason.

    Raises Refused for more than was asked, than the fund has, than the approver may decide, or than the fund's caps
    for a partner and an activity allow; and for the requester in person.
    """
    check_approver(session, request.submitted_by)
    _lock(session, request, "approve")
    amount = request.amount_minor if amount_minor is None else amount_minor
    if not 0 < amount <= request.amount_minor:
        raise Refused(_l("Approve more than zero and no more than was asked for."), "amount")
    if amount < request.amount_minor and not reason.strip():
        raise Refused(_l("Give the reason for approving less; the partner will read it."), "reason")
    check_limit(session, amount, request.currency)
    ledger.hold(session, request.fund)  # nobody else's approval slips in between the caps and the movement
    _check_caps(session, request, amount)
    ledger.post(
        session,
        request.fund,
        "request approved",
        f"{request.public_id} approved",
        {"available": -amount, "approved": amount},
        partner_id=request.partner_id,
        reason=reason.strip(),
    )
    request.approved_minor = amount
    _decided(session, request, reason)
    _move(session, request, "approve", reason, amount_minor=amount)


def _check_caps(session: Session, request: FundRequest, amount: int) -> None:
    rules = rules_of(request.fund)
    others = session.execute(
        select(FundRequest.partner_id, FundRequest.activity_type, _approved_sum)
        .where(
            FundRequest.fund_id == request.fund_id,
            FundRequest.id != request.id,
            FundRequest.approved_minor > 0,
        )
        .group_by(FundRequest.partner_id, FundRequest.activity_type)
    ).all()
    of_partner = amount + sum(
        total or 0 for partner_id, _kind, total in others if partner_id == request.partner_id
    )
    if rules.partner_cap_minor is not None and of_partner > rules.partner_cap_minor:
        raise Refused(
            _l(
                "One partner gets at most %(cap)s of this fund.",
                cap=format_money(rules.partner_cap_minor, request.currency),
            ),
            "amount",
            "cap",
        )
    activity = rules.activities.get(request.activity_type)
    if activity is None or activity.cap_percent is None:
        return
    of_kind = amount + sum(total or 0 for _partner, kind, total in others if kind == request.activity_type)
    cap = ledger.balance(session, request.fund).allocated * activity.cap_percent // 100
    if of_kind > cap:
        raise Refused(
            _l(
                "At most %(cap)s of this fund may go into this kind of activity.",
                cap=format_money(cap, request.currency),
            ),
            "amount",
            "cap",
        )


def decline(session: Session, request: FundRequest, reason: str) -> None:
    """Refuse the plan. Raises Refused without a reason."""
    _refuse(session, request, "decline", reason)


def send_back(session: Session, request: FundRequest, reason: str) -> None:
    """Return the plan for repair. Raises Refused without a reason."""
    _refuse(session, request, "return", reason)


def _refuse(session: Session, request: FundRequest, action: str, reason: str) -> None:
    check_approver(session, request.submitted_by)
    if not reason.strip():
        raise Refused(_l("Give the reason; the partner will read it."), "reason")
    _lock(session, request, action)
    _decided(session, request, reason)
    _move(session, request, action, reason)


def close(session: Session, request: FundRequest, reason: str = "") -> None:
    """End the request; approved money that no claim holds goes back to the fund.

    Raises Refused while a claim waits for its decision.
    """
    _lock(session, request, "close")
    if _claims(session, request, ("submitted",)):
        raise Refused(_l("A claim on this request is waiting for a decision. Close the request after it."))
    rest = left(session, request)
    if rest:
        ledger.post(
            session,
            request.fund,
            "request closed",
            f"{request.public_id} closed",
            {"approved": -rest, "available": rest},
            partner_id=request.partner_id,
            reason=reason.strip(),
        )
    _move(session, request, "close", reason, released_minor=rest)


def left(session: Session, request: FundRequest) -> int:
    """Approved money of the request that can still be claimed, in minor units.

    What a decided claim was not granted has gone back to the fund, so the whole of such a claim is used up.
    """
    if request.state != "approved" or request.approved_minor is None:
        return 0
    return request.approved_minor - sum(
        claim.amount_minor for claim in _claims(session, request) if claim.state not in _UNCLAIMED
    )


def _claims(session: Session, request: FundRequest, states: tuple[str, ...] = ()) -> list[Claim]:
    wanted = select(Claim).where(Claim.request_id == request.id)
    return list(session.scalars(wanted.where(Claim.state.in_(states)) if states else wanted))


def release_expired(session: Session, today: date) -> int:
    """Close approved requests of funds that can't be claimed from any more; how many. For the schedule (system)."""
    overdue = session.scalars(
        select(FundRequest)
        .join(Fund, Fund.id == FundRequest.fund_id)
        .where(FundRequest.state == "approved", Fund.claim_until < today)
    ).all()
    closed = 0
    for request in overdue:
        if not _claims(session, request, ("submitted", "returned")):
            close(session, request, "the fund's last day for claims has passed")
            closed += 1
    return closed


def may_claim(session: Session, request: FundRequest) -> bool:
    """Whether a new claim can be made: approved, money left, the campaign has begun, in time."""
    return (
        request.state == "approved"
        and request.campaign is not None
        and request.campaign.state in ("running", "paused", "done")
        and utcnow().date() <= request.fund.claim_until
        and left(session, request) > 0
    )


def _lock(session: Session, request: FundRequest, action: str) -> None:
    session.flush()
    session.refresh(request, with_for_update=True)
    sources, _target, side = TRANSITIONS[action]
    if session_scope(session).side not in (side, "system"):
        raise NotAllowed
    if request.state not in sources:
        raise Refused(
            _l("This is not possible any more: the request is “%(state)s”.", state=STATE_NAMES[request.state])
        )


def _move(session: Session, request: FundRequest, action: str, reason: str = "", **changes: Any) -> None:
    before, request.state = request.state, TRANSITIONS[action][1]
    session.flush()
    audit.record(session, f"request.{action}", request, reason, before=before, after=request.state, **changes)


def _decided(session: Session, request: FundRequest, reason: str) -> None:
    request.decided_by = session_scope(session).user_id
    request.decided_at = utcnow()
    request.reason = reason.strip()
