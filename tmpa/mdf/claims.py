"""Claims on the partner's side: costs with their invoices, handed in against an approved request."""

import uuid
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_DOWN, Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tmpa.kernel import audit
from tmpa.kernel.clock import utcnow
from tmpa.kernel.errors import NotAllowed, NotFound, Refused
from tmpa.kernel.i18n import format_date, format_money
from tmpa.kernel.i18n import lazy_gettext as _l
from tmpa.kernel.jobs import enqueue
from tmpa.kernel.money import Money, check_currency, to_minor
from tmpa.kernel.objects import ObjectStore
from tmpa.kernel.scope import session_scope
from tmpa.mdf import invoices, ledger, requests
from tmpa.mdf.models import Claim, ClaimLine, FundRequest, LedgerEntry

# action → (from states, to state or None where the lines decide, the side that may)
TRANSITIONS: dict[str, tuple[frozenset[str], str | None, str]] = {
    "submit": (frozenset({"draft", "returned"}), "submitted", "partner"),
    "change": (frozenset({"draft", "returned"}), None, "partner"),
    "discard": (frozenset({"draft", "returned"}), "declined", "partner"),
    "decide": (frozenset({"submitted"}), None, "vendor"),
    "pay": (frozenset({"approved", "partly_approved"}), "paid", "vendor"),
}
STATE_NAMES: dict[str, Any] = {
    "draft": _l("Draft"),
    "submitted": _l("Waiting for a decision"),
    "returned": _l("Returned for repair"),
    "approved": _l("Approved"),
    "partly_approved": _l("Approved in part"),
    "declined": _l("Declined"),
    "paid": _l("Paid"),
}
STATE_TONES = {
    "submitted": "info", "returned": "warn", "approved": "good", "partly_approved": "good", "paid": "good",
    "declined": "bad",
}  # fmt: skip
ATTESTATION = _l(
    "The costs are ours, were paid in full, and were not claimed elsewhere. No public official received a benefit. "
    "The figures of the dossier may go to the vendor."
)


@dataclass(frozen=True, slots=True)
class Cost:
    """One invoice as the partner states it, amounts in minor units of the invoice's `currency`.

    `rate` is how much of the fund's currency one unit of the invoice's currency was worth on `rate_date`.
    """

    issuer: str
    invoice_number: str
    invoice_date: date
    currency: str
    net_minor: int
    tax_minor: int
    gross_minor: int
    description: str = ""
    tax_id: str = ""
    rate: Decimal | None = None
    rate_date: date | None = None
    rate_source: str = ""


def create(
    session: Session, request: FundRequest, store: ObjectStore, cost: Cost, document: invoices.Document
) -> Claim:
    """A draft claim with its first cost. Raises Refused naming the field, or when nothing can be claimed."""
    scope = session_scope(session)
    if scope.side != "partner":
        raise NotFound
    if not requests.may_claim(session, request):
        raise Refused(_l("Nothing can be claimed on this request now."))
    claim = Claim(
        vendor_id=request.vendor_id,
        partner_id=request.partner_id,
        request_id=request.id,
        request=request,
        campaign_id=request.campaign_id,
        campaign=request.campaign,
        currency=request.currency,
        amount_minor=0,
        evidence={},
    )
    session.add(claim)
    session.flush()
    add_line(session, claim, store, cost, document)
    audit.record(session, "claim.created", claim, amount_minor=claim.amount_minor)
    return claim


def add_line(
    session: Session, claim: Claim, store: ObjectStore, cost: Cost, document: invoices.Document
) -> ClaimLine:
    """One more cost of a claim that has not been handed in. Raises Refused naming the field."""
    _lock(session, claim, "change")
    stated = _checked(claim, cost)
    line = ClaimLine(
        vendor_id=claim.vendor_id,
        partner_id=claim.partner_id,
        claim=claim,
        document_key=invoices.keep(store, claim, document),
        document_name=document.name,
        document_digest=document.digest,
        claimed_minor=0,
        **stated,
    )
    session.add(line)
    session.flush()
    _settle_amounts(session, claim)
    return line


def change_line(
    session: Session,
    line: ClaimLine,
    store: ObjectStore,
    cost: Cost,
    document: invoices.Document | None = None,
) -> None:
    """Repair a cost, with a new file if one is given. Raises Refused naming the field."""
    claim = line.claim
    _lock(session, claim, "change")
    for name, value in _checked(claim, cost).items():
        setattr(line, name, value)
    if document is not None:
        line.document_key = invoices.keep(store, claim, document)
        line.document_name, line.document_digest = document.name, document.digest
    line.state, line.approved_minor = "open", 0
    _settle_amounts(session, claim)
    audit.record(session, "claim.line_changed", claim, line=line.public_id)


def remove_line(session: Session, line: ClaimLine) -> None:
    """Take a cost out of a claim that has not been handed in. Raises Refused for the last one."""
    claim = line.claim
    _lock(session, claim, "change")
    if len(claim.lines) == 1:
        raise Refused(_l("A claim needs at least one cost. Discard the claim instead."))
    audit.record(session, "claim.line_removed", claim, line=line.public_id, invoice=line.invoice_number)
    claim.lines.remove(line)
    session.delete(line)
    session.flush()
    _settle_amounts(session, claim)


def _checked(claim: Claim, cost: Cost) -> dict[str, Any]:
    today = utcnow().date()
    if not invoices.issuer_key(cost.issuer):
        raise Refused(_l("Give the name of who wrote the invoice."), "issuer")
    if not invoices.number_key(cost.invoice_number):
        raise Refused(_l("Give the invoice's number."), "invoice_number")
    if cost.invoice_date > today:
        raise Refused(_l("The invoice's date lies in the future."), "invoice_date")
    if cost.net_minor <= 0:
        raise Refused(_l("The net amount must be more than zero."), "net")
    if cost.gross_minor != cost.net_minor + cost.tax_minor:
        raise Refused(
            _l(
                "Net and tax add up to %(sum)s, not to this total.",
                sum=format_money(cost.net_minor + cost.tax_minor, cost.currency),
            ),
            "gross",
        )
    currency = check_currency(cost.currency)
    foreign = currency != claim.currency
    if foreign and (
        cost.rate is None or cost.rate <= 0 or cost.rate_date is None or not cost.rate_source.strip()
    ):
        raise Refused(
            _l(
                "An invoice in %(currency)s needs the exchange rate to %(fund_currency)s, its date and its source.",
                currency=currency,
                fund_currency=claim.currency,
            ),
            "rate",
        )
    return {
        "description": (cost.description.strip() or cost.issuer.strip())[:300],
        "issuer": " ".join(cost.issuer.split())[:200],
        "issuer_key": invoices.issuer_key(cost.issuer),
        "invoice_number": cost.invoice_number.strip()[:80],
        "invoice_date": cost.invoice_date,
        "tax_id": cost.tax_id.strip()[:40],
        "currency": currency,
        "net_minor": cost.net_minor,
        "tax_minor": cost.tax_minor,
        "gross_minor": cost.gross_minor,
        "rate": cost.rate if foreign else None,
        "rate_date": cost.rate_date if foreign else None,
        "rate_source": cost.rate_source.strip()[:120] if foreign else "",
    }


def converted(line: ClaimLine, currency: str) -> int:
    """The line's net amount in minor units of `currency`, rounded half up."""
    if line.rate is None:
        return line.net_minor
    return to_minor(Money(line.net_minor, line.currency).decimal() * line.rate, currency)


def reimbursable(line: ClaimLine, currency: str, percent: int) -> int:
    """What the fund pays back of a line before caps: its share of the net amount, rounded down to the minor unit.

    Tax is the partner's to reclaim, and is not paid back.
    """
    share = Decimal(converted(line, currency) * percent) / 100
    return int(share.to_integral_value(ROUND_DOWN))


def _settle_amounts(session: Session, claim: Claim) -> None:
    """Ask for each line's share until what is left of the approved money is used up; the rest is the partner's."""
    rest = requests.left(session, claim.request)
    for line in sorted(claim.lines, key=lambda each: each.id):
        share = reimbursable(line, claim.currency, claim.request.fund.reimbursement_percent)
        line.claimed_minor = min(share, rest)
        rest -= line.claimed_minor
        if line.approved_minor > line.claimed_minor:  # accepted before a return, smaller now: decide it again
            line.state, line.approved_minor = "open", 0
    claim.amount_minor = sum(line.claimed_minor for line in claim.lines)
    session.flush()


def submit(session: Session, claim: Claim, attested: bool) -> None:
    """Hand the claim in: its money moves from approved to pending, its dossier is assembled by a job.

    Raises Refused without the attestation, after the last day, below the minimum, or when nothing is left.
    """
    if not attested:
        raise Refused(_l("Confirm the statement to hand in the claim."), "attested")
    _lock(session, claim, "submit")
    fund = claim.request.fund
    # two claims on one request at once must see each other's amounts
    session.refresh(claim.request, with_for_update=True)
    if utcnow().date() > fund.claim_until:
        raise Refused(_l("Claims on this fund ended on %(day)s.", day=format_date(fund.claim_until)))
    _settle_amounts(session, claim)
    if claim.amount_minor <= 0:
        raise Refused(_l("Nothing is left of the approved money."))
    if claim.amount_minor < fund.minimum_claim_minor:
        raise Refused(
            _l(
                "The smallest claim on this fund is %(minimum)s.",
                minimum=format_money(fund.minimum_claim_minor, claim.currency),
            )
        )
    move(session, claim, "submitted", {"approved": -claim.amount_minor, "pending": claim.amount_minor})
    for line in claim.lines:
        if line.state == "returned":
            line.state, line.reason = "open", ""
    claim.attestation = str(ATTESTATION)
    claim.submitted_by = session_scope(session).user_id
    claim.submitted_at = utcnow()
    claim.dossier_key = claim.dossier_digest = None
    claim.evidence = {"state": "waiting"}
    claim.state = "submitted"
    session.flush()
    audit.record(session, "claim.submit", claim, amount_minor=claim.amount_minor)
    enqueue(session, "mdf.assemble_dossier", {"claim": str(claim.id)})


def discard(session: Session, claim: Claim) -> None:
    """Give up a claim that is not handed in (it stays in the books as declined, without money)."""
    _lock(session, claim, "discard")
    claim.state = "declined"
    claim.reason = str(_l("Given up by the partner."))
    # nothing of the request is used up by it, see requests.left
    claim.amount_minor = 0
    for line in claim.lines:
        line.claimed_minor = line.approved_minor = 0
    session.flush()
    audit.record(session, "claim.discard", claim)


def move(session: Session, claim: Claim, what: str, moves: dict[str, int], reason: str = "") -> None:
    """Post a movement of the claim's money. Each handing-in, return, decision and payment has its own cause."""
    times = session.scalar(
        select(func.count())
        .select_from(LedgerEntry)
        .where(
            LedgerEntry.fund_id == claim.request.fund_id,
            LedgerEntry.cause.startswith(f"{claim.public_id} {what} "),
        )
    )
    ledger.post(
        session,
        claim.request.fund,
        f"claim {what}",
        f"{claim.public_id} {what} {(times or 0) + 1}",
        moves,
        partner_id=claim.partner_id,
        reason=reason,
    )


def _lock(session: Session, claim: Claim, action: str) -> None:
    session.flush()
    session.refresh(claim, with_for_update=True)
    sources, _target, side = TRANSITIONS[action]
    if session_scope(session).side not in (side, "system"):
        raise NotAllowed
    if claim.state not in sources:
        raise Refused(
            _l("This is not possible any more: the claim is “%(state)s”.", state=STATE_NAMES[claim.state])
        )


def lock(session: Session, claim: Claim, action: str) -> None:
    """Hold the claim's row in its newest state. Raises NotAllowed for the other side, Refused in another state."""
    _lock(session, claim, action)


def claims_of_request(session: Session, request_id: uuid.UUID) -> list[Claim]:
    """The claims on a request, newest first."""
    return list(
        session.scalars(select(Claim).where(Claim.request_id == request_id).order_by(Claim.created_at.desc()))
    )
