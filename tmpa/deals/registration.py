"""Deal registration: a partner's claim on an opportunity, decided by the vendor, protected for a time."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from tmpa.accounts.models import Organization
from tmpa.campaigns.models import Campaign
from tmpa.deals import facts, touchpoints
from tmpa.deals.conflicts import (
    Conflict,
    customer_key,
    deciding_rule,
    find_conflicts,
    normal_domain,
    stands_in_the_way,
)
from tmpa.deals.models import DealRegistration, Lead
from tmpa.deals.rules import rules
from tmpa.kernel import audit
from tmpa.kernel.clock import utcnow
from tmpa.kernel.errors import NotAllowed, NotFound, Refused
from tmpa.kernel.i18n import lazy_gettext as _l
from tmpa.kernel.money import check_currency
from tmpa.kernel.scope import Side, session_scope


@dataclass(frozen=True, slots=True)
class Transition:
    """One way from some states to another, and which side may take it."""

    action: str
    sources: frozenset[str]
    target: str
    sides: frozenset[Side]


def _way(action: str, sources: str, target: str, *sides: Side) -> Transition:
    return Transition(action, frozenset(sources.split()), target, frozenset(sides))


TRANSITIONS: dict[str, Transition] = {
    way.action: way
    for way in (
        _way("submit", "draft", "submitted", "partner"),
        _way("review", "submitted", "under_review", "vendor"),
        _way("approve", "submitted under_review", "approved", "vendor"),
        _way("decline", "submitted under_review", "declined", "vendor"),
        _way("withdraw", "draft submitted under_review approved", "withdrawn", "partner"),
        _way("win", "approved", "won", "partner", "vendor"),
        _way("lose", "approved", "lost", "partner", "vendor"),
        _way("expire", "approved", "expired"),
    )
}

STATE_NAMES: dict[str, Any] = {
    "draft": _l("Draft"),
    "submitted": _l("Waiting for a decision"),
    "under_review": _l("Under review"),
    "approved": _l("Approved"),
    "declined": _l("Declined"),
    "won": _l("Won"),
    "lost": _l("Lost"),
    "expired": _l("Expired"),
    "withdrawn": _l("Withdrawn"),
}
STATE_TONES = {
    "submitted": "info",
    "under_review": "info",
    "approved": "good",
    "won": "good",
    "declined": "bad",
    "expired": "warn",
}


@dataclass(frozen=True, slots=True)
class Opportunity:
    """What a partner says about a deal. `amount_minor` in minor units of `currency` (ISO 4217)."""

    customer_name: str
    amount_minor: int
    currency: str
    close_date: date
    products: Sequence[str] = field(default_factory=tuple)
    customer_domain: str = ""
    customer_country: str = ""
    contact_name: str = ""
    contact_email: str = ""
    value_added: str = ""
    competitors: str = ""
    government: bool = False


def create(
    session: Session, vendor_id: uuid.UUID, opportunity: Opportunity, lead: Lead | None = None
) -> DealRegistration:
    """A draft of the session's partner in the programme of `vendor_id`, from a lead if one is given.

    Raises Refused (with the field) for what can't be registered, NotFound for a vendor whose programme it isn't.
    """
    scope = session_scope(session)
    if scope.side != "partner" or scope.organization_id is None or vendor_id not in scope.vendor_ids:
        raise NotFound
    if lead is not None and lead.vendor_id != vendor_id:
        raise NotFound
    deal = DealRegistration(
        vendor_id=vendor_id,
        partner_id=scope.organization_id,
        lead_id=lead.id if lead else None,
        conflicts=[],
        **_checked(opportunity),
    )
    session.add(deal)
    session.flush()
    if lead is not None:
        lead.state = "converted"
        audit.record(session, "lead.converted", lead, deal=deal.public_id)
    audit.record(session, "deal.created", deal, customer=deal.customer_name)
    touchpoints.collect(session, deal)
    return deal


def change(session: Session, deal: DealRegistration, opportunity: Opportunity) -> None:
    """Put a draft in order before it is submitted. Raises Refused for a bad entry or another state."""
    if deal.state != "draft":
        raise Refused(
            _l("A submitted registration can't be changed. Withdraw it and register the deal anew.")
        )
    for name, value in _checked(opportunity).items():
        setattr(deal, name, value)
    audit.record(session, "deal.changed", deal)


def _checked(opportunity: Opportunity) -> dict[str, Any]:
    name = " ".join(opportunity.customer_name.split())
    if not customer_key(name):
        raise Refused(_l("Give the customer's legal name."), "customer_name")
    domain = normal_domain(opportunity.customer_domain)
    if opportunity.customer_domain.strip() and not domain:
        raise Refused(_l("This is not a web address; write it like example.com."), "customer_domain")
    products = list(
        dict.fromkeys(product.strip()[:120] for product in opportunity.products if product.strip())
    )
    if not products:
        raise Refused(_l("Choose at least one product."), "products")
    if opportunity.close_date < utcnow().date():
        raise Refused(_l("The expected closing day lies in the past."), "close_date")
    if opportunity.amount_minor <= 0:
        raise Refused(_l("The expected amount must be more than zero."), "amount")
    return {
        "customer_name": name[:200],
        "customer_key": customer_key(name),
        "customer_domain": domain,
        "customer_country": opportunity.customer_country,
        "contact_name": opportunity.contact_name.strip()[:200],
        "contact_email": opportunity.contact_email.strip()[:320],
        "products": products,
        "amount_minor": opportunity.amount_minor,
        "currency": check_currency(opportunity.currency),
        "close_date": opportunity.close_date,
        "value_added": opportunity.value_added.strip(),
        "competitors": opportunity.competitors.strip()[:300],
        "government": opportunity.government,
    }


def prefill(session: Session, lead: Lead) -> dict[str, Any]:
    """What a registration form for `lead` starts with: the customer, the contact, the kit's products."""
    domain = normal_domain(lead.email)
    campaign = session.get(Campaign, lead.campaign_id) if lead.campaign_id else None
    return {
        "customer_name": lead.company,
        "customer_domain": "" if domain in rules().free_mail_domains else domain,
        "customer_country": lead.country,
        "contact_name": lead.name,
        "contact_email": lead.email,
        "products": list(campaign.kit_version.manifest.get("products", [])) if campaign else [],
    }


def submit(session: Session, deal: DealRegistration) -> list[Conflict]:
    """Hand a draft to the vendor, who has `rules().decision_hours` to decide. The conflicts found.

    Raises Refused when the partner has a live registration for the same customer and product already.
    """
    _lock(session, deal, "submit")
    found = find_conflicts(session, deal)
    if any(conflict.same_partner for conflict in found):
        raise Refused(
            _l("You have already registered this customer for one of these products."),
            "customer_name",
            "own_duplicate",
        )
    now = utcnow()
    deal.submitted_by = session_scope(session).user_id
    deal.submitted_at = now
    deal.decide_by = now + timedelta(hours=rules().decision_hours)
    _note_conflicts(deal, found)
    _move(session, deal, "submit")
    touchpoints.collect(session, deal)
    return found


def review(session: Session, deal: DealRegistration) -> None:
    """The vendor has begun to look; the timer keeps running."""
    _lock(session, deal, "review")
    _move(session, deal, "review")


def approve(
    session: Session, deal: DealRegistration, protection_days: int | None = None, reason: str = ""
) -> None:
    """Protect the deal for `protection_days` (default by the rules).

    Raises Refused when an earlier registration of another partner stands in the way and no reason is given for
    preferring this one (a customer's written statement, say).
    """
    days = protection_days if protection_days is not None else rules().protection_days
    if not 1 <= days <= rules().longest_protection_days:
        raise Refused(
            _l("Protection lasts 1 to %(days)s days.", days=rules().longest_protection_days),
            "protection_days",
        )
    # one decision at a time in a programme: two approvals of rival registrations must see each other
    session.execute(select(Organization.id).where(Organization.id == deal.vendor_id).with_for_update())
    _lock(session, deal, "approve")
    found = find_conflicts(session, deal)
    _note_conflicts(deal, found)
    if stands_in_the_way(deal, found) is not None:
        if not reason.strip():
            raise Refused(
                _l(
                    "Another partner registered this customer first. To prefer this registration, give the reason."
                ),
                "reason",
                "conflict",
            )
        deal.rule = "override"
    deal.protected_until = utcnow().date() + timedelta(days=days)
    _decided(session, deal, reason)
    _move(session, deal, "approve", reason, rule=deal.rule, protected_until=deal.protected_until.isoformat())


def decline(session: Session, deal: DealRegistration, reason: str) -> None:
    """Refuse the deal. Raises Refused without a reason: the partner reads it."""
    if not reason.strip():
        raise Refused(_l("Give the reason; the partner will read it."), "reason")
    _lock(session, deal, "decline")
    found = find_conflicts(session, deal)
    _note_conflicts(deal, found)
    if stands_in_the_way(deal, found) is None:
        deal.rule = "vendor_decision"
    _decided(session, deal, reason)
    _move(session, deal, "decline", reason, rule=deal.rule)


def win(session: Session, deal: DealRegistration, amount_minor: int) -> None:
    """The deal is closed for `amount_minor` (minor units of the deal's currency)."""
    if amount_minor <= 0:
        raise Refused(_l("The closing amount must be more than zero."), "amount")
    _lock(session, deal, "win")
    deal.won_amount_minor = amount_minor
    deal.closed_at = utcnow()
    _move(session, deal, "win", amount_minor=amount_minor)
    touchpoints.collect(session, deal)


def lose(session: Session, deal: DealRegistration, reason: str = "") -> None:
    """The customer did not buy."""
    _lock(session, deal, "lose")
    deal.closed_at = utcnow()
    _move(session, deal, "lose", reason)


def withdraw(session: Session, deal: DealRegistration, reason: str = "") -> None:
    """The partner takes the registration back."""
    _lock(session, deal, "withdraw")
    deal.closed_at = utcnow()
    _move(session, deal, "withdraw", reason)


def expire_overdue(session: Session, today: date) -> int:
    """End the protection of approved deals whose last day was before `today`; how many. For the schedule."""
    overdue = session.scalars(
        select(DealRegistration).where(
            DealRegistration.state == "approved", DealRegistration.protected_until < today
        )
    ).all()
    for deal in overdue:
        _lock(session, deal, "expire")
        deal.closed_at = utcnow()
        _move(session, deal, "expire")
    return len(overdue)


def actions(deal: DealRegistration, side: Side) -> list[str]:
    """What a side may do with the deal now."""
    return [way.action for way in TRANSITIONS.values() if deal.state in way.sources and side in way.sides]


def is_late(deal: DealRegistration, now: datetime) -> bool:
    """Whether the promised moment of decision has passed without one."""
    return deal.state in ("submitted", "under_review") and deal.decide_by is not None and deal.decide_by < now


def _lock(session: Session, deal: DealRegistration, action: str) -> None:
    """Hold the row and see its newest state, so that of two decisions at once the second is refused."""
    session.flush()
    session.refresh(deal, with_for_update=True)
    way = TRANSITIONS[action]
    side = session_scope(session).side
    if side not in way.sides and side != "system":
        raise NotAllowed
    if deal.state not in way.sources:
        raise Refused(
            _l(
                "This is not possible any more: the registration is “%(state)s”.",
                state=STATE_NAMES[deal.state],
            )
        )


def _move(session: Session, deal: DealRegistration, action: str, reason: str = "", **changes: Any) -> None:
    before, deal.state = deal.state, TRANSITIONS[action].target
    session.flush()
    audit.record(session, f"deal.{action}", deal, reason, before=before, after=deal.state, **changes)
    facts.record(session, deal, action)


def _note_conflicts(deal: DealRegistration, found: list[Conflict]) -> None:
    deal.conflicts = [conflict.as_json() for conflict in found]
    deal.rule = deciding_rule(deal, found)


def _decided(session: Session, deal: DealRegistration, reason: str) -> None:
    deal.decided_by = session_scope(session).user_id
    deal.decided_at = utcnow()
    deal.decision_reason = reason.strip()
