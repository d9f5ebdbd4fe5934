"""A vendor's funds: making one, putting money in, what each partner has of it."""

import uuid
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from tmpa.kernel import audit
from tmpa.kernel.errors import NotFound, Refused
from tmpa.kernel.i18n import lazy_gettext as _l
from tmpa.kernel.money import check_currency
from tmpa.kernel.scope import session_scope
from tmpa.mdf.ledger import Balance, balance, post
from tmpa.mdf.models import Fund, LedgerEntry
from tmpa.mdf.rules import default_rules


@dataclass(frozen=True, slots=True)
class FundTerms:
    """What a vendor decides when it makes a fund. Amounts in minor units of `currency`."""

    name: str
    currency: str
    use_from: date
    use_until: date
    claim_until: date
    reimbursement_percent: int = 50
    minimum_claim_minor: int = 0
    partner_cap_minor: int | None = None


def create(session: Session, terms: FundTerms, amount_minor: int = 0) -> Fund:
    """A fund of the session's vendor, with `amount_minor` allocated to it. Raises Refused naming the field."""
    scope = session_scope(session)
    if scope.side != "vendor" or scope.organization_id is None:
        raise NotFound
    if not terms.name.strip():
        raise Refused(_l("Give the fund a name."), "name")
    if terms.use_until < terms.use_from:
        raise Refused(_l("The last day to use the money must not be before the first."), "use_until")
    if terms.claim_until < terms.use_until:
        raise Refused(
            _l("The last day to claim must not be before the last day to use the money."), "claim_until"
        )
    if not 1 <= terms.reimbursement_percent <= 100:
        raise Refused(_l("The share paid back lies between 1 and 100 percent."), "reimbursement_percent")
    rules: dict[str, Any] = default_rules()
    if terms.partner_cap_minor is not None:
        rules["partner_cap_minor"] = terms.partner_cap_minor
    fund = Fund(
        vendor_id=scope.organization_id,
        name=terms.name.strip()[:200],
        currency=check_currency(terms.currency),
        use_from=terms.use_from,
        use_until=terms.use_until,
        claim_until=terms.claim_until,
        reimbursement_percent=terms.reimbursement_percent,
        minimum_claim_minor=terms.minimum_claim_minor,
        rules=rules,
    )
    session.add(fund)
    session.flush()
    audit.record(session, "fund.created", fund, name=fund.name)
    if amount_minor:
        allocate(session, fund, amount_minor, "first")
    return fund


def allocate(session: Session, fund: Fund, amount_minor: int, key: str, reason: str = "") -> LedgerEntry:
    """Put money into the fund. `key` tells one allocation from the next, so that a form sent twice counts once."""
    if session_scope(session).side not in ("vendor", "system"):
        raise NotFound
    if amount_minor <= 0:
        raise Refused(_l("The amount must be more than zero."), "amount")
    cause = f"{fund.public_id} allocated {key}"[:120]
    entry = post(
        session,
        fund,
        "allocated",
        cause,
        {"source": -amount_minor, "available": amount_minor},
        reason=reason.strip(),
    )
    audit.record(session, "fund.allocated", fund, reason, amount_minor=amount_minor, entry=entry.public_id)
    return entry


def funds_with_balances(session: Session) -> list[tuple[Fund, Balance]]:
    """Every fund in scope with its balance, those that end first at the top."""
    funds = session.scalars(select(Fund).order_by(Fund.use_until, Fund.name)).all()
    return [(fund, balance(session, fund)) for fund in funds]


def open_funds(session: Session, vendor_id: uuid.UUID, today: date) -> list[Fund]:
    """Funds of a vendor that money can be asked from today, those that end first at the top."""
    return list(
        session.scalars(
            select(Fund).where(Fund.vendor_id == vendor_id, Fund.use_until >= today).order_by(Fund.use_until)
        )
    )


def movements(session: Session, fund: Fund, limit: int = 100) -> list[LedgerEntry]:
    """The newest ledger entries of a fund that the session may see."""
    return list(
        session.scalars(
            select(LedgerEntry)
            .where(LedgerEntry.fund_id == fund.id)
            .order_by(LedgerEntry.created_at.desc(), LedgerEntry.id.desc())
            .limit(limit)
        )
    )
