"""Claims on the vendor's side: each line decided, the whole decided by its lines, then paid."""

from datetime import UTC, date, datetime, time

from sqlalchemy.orm import Session

from tmpa.kernel import audit
from tmpa.kernel.clock import utcnow
from tmpa.kernel.errors import Refused
from tmpa.kernel.i18n import lazy_gettext as _l
from tmpa.kernel.scope import session_scope
from tmpa.mdf import invoices
from tmpa.mdf.claims import lock, move
from tmpa.mdf.models import Claim, ClaimLine
from tmpa.mdf.roles import check_approver, check_limit, check_payer

LINE_STATE_NAMES = {
    "open": _l("Not decided"),
    "accepted": _l("Accepted"),
    "changed": _l("Accepted with changes"),
    "declined": _l("Declined"),
    "returned": _l("Returned for repair"),
}
LINE_STATE_TONES = {"accepted": "good", "changed": "good", "declined": "bad", "returned": "warn"}


def decide_line(
    session: Session, line: ClaimLine, decision: str, amount_minor: int | None = None, reason: str = ""
) -> None:
    """Accept a line, accept it with a lower amount (`changed`), decline it or return it; `open` takes that back.

    Raises Refused without the reason that everything but a plain acceptance needs, and for a duplicate invoice that
    is to be accepted without one.
    """
    claim = line.claim
    check_approver(session, claim.submitted_by, claim.request.submitted_by)
    lock(session, claim, "decide")
    reason = reason.strip()
    if decision not in LINE_STATE_NAMES:
        raise Refused(_l("There is no such decision."))
    if decision in ("changed", "declined", "returned") and not reason:
        raise Refused(_l("Give the reason; the partner will read it."), "reason")
    if decision == "changed" and (amount_minor is None or not 0 < amount_minor < line.claimed_minor):
        raise Refused(_l("The changed amount must be more than zero and less than claimed."), "amount")
    if decision in ("accepted", "changed") and not reason and invoices.duplicates(session, [line]):
        raise Refused(
            _l("This invoice has been claimed before. To accept it all the same, give the reason."),
            "reason",
            "duplicate",
        )
    line.state = decision
    line.reason = reason
    line.approved_minor = {"accepted": line.claimed_minor, "changed": amount_minor or 0}.get(decision, 0)
    session.flush()
    audit.record(
        session,
        f"claim.line_{decision}",
        claim,
        reason,
        line=line.public_id,
        approved_minor=line.approved_minor,
    )


def accept_open_lines(session: Session, claim: Claim) -> None:
    """Accept every line that is not decided yet."""
    for line in [each for each in claim.lines if each.state == "open"]:
        decide_line(session, line, "accepted")


def decide(session: Session, claim: Claim, reason: str = "") -> str:
    """Close the decision by what was decided about each line; the claim's new state.

    Any returned line returns the whole claim, and its money waits as approved. What is declined goes back to the
    fund. Raises Refused while a line is open, while the dossier is not verified, and above the approver's limit.
    """
    check_approver(session, claim.submitted_by, claim.request.submitted_by)
    lock(session, claim, "decide")
    if any(line.state == "open" for line in claim.lines):
        raise Refused(_l("Decide about every line first."))
    granted = sum(line.approved_minor for line in claim.lines)
    if any(line.state == "returned" for line in claim.lines):
        _finish(
            session,
            claim,
            "returned",
            reason,
            {"pending": -claim.amount_minor, "approved": claim.amount_minor},
        )
        return "returned"
    if granted == 0:
        _finish(
            session,
            claim,
            "declined",
            reason,
            {"pending": -claim.amount_minor, "available": claim.amount_minor},
        )
        return "declined"
    if claim.evidence.get("state") != "ready" or not claim.evidence.get("verified"):
        raise Refused(_l("The dossier has not been assembled and verified yet."), code="no_dossier")
    check_limit(session, granted, claim.currency)
    claim.approved_minor = granted
    refused = claim.amount_minor - granted
    state = "partly_approved" if refused else "approved"
    _finish(session, claim, state, reason, {"pending": -refused, "available": refused} if refused else {})
    return state


def approve(session: Session, claim: Claim, reason: str = "") -> str:
    """Accept every open line and close the decision."""
    accept_open_lines(session, claim)
    return decide(session, claim, reason)


def send_back(session: Session, claim: Claim, reason: str) -> None:
    """Return the whole claim for repair. Raises Refused without a reason."""
    for line in [each for each in claim.lines if each.state == "open"] or claim.lines[:1]:
        decide_line(session, line, "returned", reason=reason)
    decide(session, claim, reason)


def decline(session: Session, claim: Claim, reason: str) -> None:
    """Decline the whole claim. Raises Refused without a reason."""
    for line in claim.lines:
        decide_line(session, line, "declined", reason=reason)
    decide(session, claim, reason)


def _finish(session: Session, claim: Claim, state: str, reason: str, moves: dict[str, int]) -> None:
    if moves:
        move(session, claim, "decided", moves, reason.strip())
    before, claim.state = claim.state, state
    claim.decided_by = session_scope(session).user_id
    claim.decided_at = utcnow()
    claim.reason = reason.strip()
    session.flush()
    audit.record(
        session,
        f"claim.{state}",
        claim,
        reason,
        before=before,
        after=state,
        approved_minor=claim.approved_minor,
    )


def pay(session: Session, claim: Claim, reference: str, paid_on: date) -> None:
    """Record the payment of what was approved: pending money becomes paid.

    Raises Refused without a reference, for a day in the future or before the decision, and for who asked for or
    approved the money.
    """
    check_payer(session, claim.submitted_by, claim.request.submitted_by, claim.decided_by)
    lock(session, claim, "pay")
    if not reference.strip():
        raise Refused(_l("Give the payment's reference."), "reference")
    if paid_on > utcnow().date():
        raise Refused(_l("The payment's day lies in the future."), "paid_on")
    if claim.decided_at is not None and paid_on < claim.decided_at.date():
        raise Refused(_l("The payment's day lies before the approval."), "paid_on")
    move(session, claim, "paid", {"pending": -claim.approved_minor, "paid": claim.approved_minor})
    claim.state = "paid"
    claim.paid_by = session_scope(session).user_id
    claim.paid_at = datetime.combine(paid_on, time(), UTC)
    claim.payment_reference = reference.strip()[:120]
    session.flush()
    audit.record(
        session, "claim.paid", claim, before="approved", after="paid", approved_minor=claim.approved_minor,
        reference=claim.payment_reference,
    )  # fmt: skip
