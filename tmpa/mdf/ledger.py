"""The double-entry ledger: the only place where a fund's money moves.

An entry moves amounts between the fund's accounts and sums to zero. Entries are only added; a balance is always
derived. `cause` names what made the money move and is unique, so a repeated action moves nothing twice.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tmpa.kernel.errors import NotFound, Refused
from tmpa.kernel.i18n import lazy_gettext as _l
from tmpa.kernel.scope import lifted, session_scope
from tmpa.mdf.models import ACCOUNTS, Fund, LedgerEntry, LedgerLine


@dataclass(frozen=True, slots=True)
class Balance:
    """A fund's money in minor units: `available = allocated - approved - pending - paid`.

    `approved` waits for claims, `pending` is claimed and not yet paid.
    """

    currency: str
    allocated: int
    available: int
    approved: int
    pending: int
    paid: int


class Unbalanced(ValueError):
    """A movement that does not sum to zero, or names an account that does not exist. A bug, not a refusal."""


def post(
    session: Session,
    fund: Fund,
    kind: str,
    cause: str,
    moves: Mapping[str, int],
    *,
    partner_id: uuid.UUID | None = None,
    reason: str = "",
) -> LedgerEntry:
    """Move money of `fund`: `moves` maps accounts to minor units gained (negative: lost).

    The fund's row is locked until the transaction ends, so that what was available when checked is still there when
    committed. A cause that was posted before is returned as it is. Raises Unbalanced; NotFound for a fund out of
    scope; Refused (code "insufficient") when an account other than the source would fall below zero.
    """
    moved = {account: amount for account, amount in moves.items() if amount}
    if not moved or sum(moved.values()) != 0 or not moved.keys() <= set(ACCOUNTS):
        raise Unbalanced(f"{kind} {cause}: {dict(moves)}")
    hold(session, fund)
    known = _known(session, cause)
    if known is not None:
        return known
    held = _sums(session, fund.id)
    for account, amount in moved.items():
        if account != "source" and held[account] + amount < 0:
            raise Refused(_SHORT[account], code="insufficient")
    entry = LedgerEntry(
        vendor_id=fund.vendor_id,
        partner_id=partner_id,
        fund_id=fund.id,
        kind=kind,
        cause=cause,
        reason=reason,
        user_id=session_scope(session).user_id,
        lines=[
            LedgerLine(account=account, amount_minor=amount, currency=fund.currency)
            for account, amount in sorted(moved.items())
        ],
    )
    session.add(entry)
    session.flush()
    return entry


def hold(session: Session, fund: Fund) -> None:
    """Lock the fund's row until the transaction ends. Raises NotFound for a fund out of scope."""
    if session.scalar(select(Fund.id).where(Fund.id == fund.id).with_for_update()) is None:
        raise NotFound


_SHORT = {
    "available": _l("The fund does not have that much money available."),
    "approved": _l("That is more than has been approved."),
    "pending": _l("That is more than has been claimed."),
    "paid": _l("That is more than has been paid."),
}


def balance(session: Session, fund: Fund) -> Balance:
    """What the fund holds now. The fund must be in the session's scope."""
    held = _sums(session, fund.id)
    return Balance(
        fund.currency, -held["source"], held["available"], held["approved"], held["pending"], held["paid"]
    )


def _sums(session: Session, fund_id: uuid.UUID) -> dict[str, int]:
    held = dict.fromkeys(ACCOUNTS, 0)
    # A partner sees its own movements only, but what is available depends on everybody's: only the sums leave here.
    with lifted(session):
        rows = session.execute(
            select(LedgerLine.account, func.sum(LedgerLine.amount_minor))
            .join(LedgerEntry, LedgerEntry.id == LedgerLine.entry_id)
            .where(LedgerEntry.fund_id == fund_id)
            .group_by(LedgerLine.account)
        ).all()
    return held | {account: int(amount) for account, amount in rows}


def _known(session: Session, cause: str) -> LedgerEntry | None:
    # causes name rows by their id, so no stranger's entry can be met here; allocations have no partner
    with lifted(session):
        return session.scalars(select(LedgerEntry).where(LedgerEntry.cause == cause)).one_or_none()


def check(session: Session) -> list[str]:
    """What is wrong with the whole ledger, in words; empty when every currency balances to zero."""
    rows = session.execute(
        select(LedgerLine.entry_id, LedgerLine.currency, func.sum(LedgerLine.amount_minor))
        .group_by(LedgerLine.entry_id, LedgerLine.currency)
        .having(func.sum(LedgerLine.amount_minor) != 0)
    ).all()
    return [f"entry {entry_id} is {amount} {currency} out of balance" for entry_id, currency, amount in rows]
