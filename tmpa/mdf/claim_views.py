"""The approver's queue and the claim page, which are the whole job; and the payments."""

from dataclasses import dataclass

from flask import request
from flask.typing import ResponseReturnValue

from tmpa.kernel.clock import utcnow
from tmpa.kernel.errors import NotFound, Refused
from tmpa.kernel.http import db, flash, go, render, route
from tmpa.kernel.i18n import format_money
from tmpa.kernel.i18n import gettext as _
from tmpa.kernel.permissions import Permission, allowed
from tmpa.kernel.scope import load, session_scope
from tmpa.mdf import checks as claim_checks
from tmpa.mdf import claims as claim_service
from tmpa.mdf import decisions, invoices, ledger, queries, returns
from tmpa.mdf.forms import LineForm, PayForm, ReasonForm, amount_of
from tmpa.mdf.models import Claim, ClaimLine
from tmpa.mdf.pages import blueprint, frames_of, on_side, refused
from tmpa.mdf.rules import rules_of


@dataclass(frozen=True, slots=True)
class Row:
    """A claim in the queue: what its checks say at a glance."""

    claim: Claim
    green: bool
    worst: str
    partner: str


@route(blueprint, "/claims", Permission.SEE_FUNDS)
def claims() -> ResponseReturnValue:
    on_side("vendor")
    waiting = queries.claims_waiting(db())
    decided = [claim for claim in queries.claims(db()) if claim.decided_at is not None][:50]
    partners = queries.names(db(), (claim.partner_id for claim in [*waiting, *decided]))
    rows = [_row(claim, partners.get(claim.partner_id, "")) for claim in waiting]
    return render(
        "mdf/claims.html",
        rows=rows,
        green=sum(1 for row in rows if row.green),
        decided=decided,
        partners=partners,
    )


def _row(claim: Claim, partner: str) -> Row:
    found = claim_checks.checks(db(), claim)
    green = claim_checks.all_green(found)
    return Row(claim, green, "" if green or not found else found[0].sentence, partner)


@route(blueprint, "/claims/<claim_id>", Permission.SEE_FUNDS)
def review(claim_id: str) -> ResponseReturnValue:
    return _review_page(_handed_in(claim_id), ReasonForm(), PayForm(data={"paid_on": utcnow().date()}))


def _handed_in(claim_id: str) -> Claim:
    on_side("vendor")
    claim = load(db(), Claim, claim_id)
    if claim.submitted_at is None:  # a draft is the partner's own affair
        raise NotFound
    return claim


def _review_page(
    claim: Claim,
    form: ReasonForm,
    pay: PayForm,
    status: int = 200,
    line_form: LineForm | None = None,
    line: ClaimLine | None = None,
) -> ResponseReturnValue:
    found = claim_checks.checks(db(), claim)
    waiting = queries.claims_waiting(db())
    place = next((number for number, each in enumerate(waiting, 1) if each.id == claim.id), None)
    result = returns.outcome(db(), claim.campaign_id, claim.currency) if claim.campaign_id else None
    human_clicks = claim.evidence.get("clicked", {}).get("human", 0)
    return render(
        "mdf/review.html",
        status,
        claim=claim,
        partner=queries.names(db(), [claim.partner_id]).get(claim.partner_id, ""),
        checks=found,
        green=claim_checks.all_green(found),
        held=ledger.balance(db(), claim.request.fund),
        outcome=result,
        gain=returns.returns(result, _cost(claim), human_clicks) if result else None,
        frames=frames_of(claim),
        duplicates=invoices.duplicates(db(), claim.lines),
        converted={each.id: claim_service.converted(each, claim.currency) for each in claim.lines},
        decidable=claim.state == "submitted" and allowed(session_scope(db()), Permission.DECIDE_CLAIMS),
        payable=claim.state in ("approved", "partly_approved")
        and allowed(session_scope(db()), Permission.PAY_CLAIMS),
        form=form,
        pay_form=pay,
        line_form=line_form or LineForm(formdata=None),
        line_at_fault=line.id if line else None,
        place=place,
        total=len(waiting),
        payment_days=rules_of(claim.request.fund).payment_days,
    )


def _cost(claim: Claim) -> int:
    """What the claim's campaign costs the fund: all that was paid for it, and this claim if it is not paid yet."""
    paid = returns.mdf_paid(db(), claim.campaign_id, claim.currency) if claim.campaign_id else 0
    return paid if claim.state == "paid" else paid + (claim.approved_minor or claim.amount_minor)


@route(blueprint, "/claims/<claim_id>/lines/<line_id>/decide", Permission.DECIDE_CLAIMS, methods=("POST",))
def decide_line(claim_id: str, line_id: str) -> ResponseReturnValue:
    claim, line = _handed_in(claim_id), load(db(), ClaimLine, line_id)
    if line.claim_id != claim.id:
        raise NotFound
    form = LineForm()
    try:
        if form.validate_on_submit():
            decision = request.form.get("decision", "")
            typed = (form.amount.data or "").strip()
            amount = amount_of(typed, claim.currency, "amount") if decision == "changed" and typed else None
            decisions.decide_line(db(), line, decision, amount, form.reason.data or "")
            return go("mdf.review", claim_id=claim_id, _anchor=line_id)
    except Refused as refusal:
        refused(form, refusal)
        claim, line = _handed_in(claim_id), load(db(), ClaimLine, line_id)
    return _review_page(claim, ReasonForm(formdata=None), PayForm(formdata=None), 422, form, line)


@route(
    blueprint,
    "/claims/<claim_id>/<any(approve,return,decline):action>",
    Permission.DECIDE_CLAIMS,
    methods=("POST",),
)
def decide_claim(claim_id: str, action: str) -> ResponseReturnValue:
    claim = _handed_in(claim_id)
    form = ReasonForm()
    if not form.validate_on_submit():
        return _review_page(claim, form, PayForm(formdata=None), 422)
    reason = form.reason.data or ""
    following = _next(claim)
    try:
        if action == "approve":
            state = decisions.approve(db(), claim, reason)
            flash(_said(claim, state))
        elif action == "return":
            decisions.send_back(db(), claim, reason)
            flash(_("The claim went back to the partner."))
        else:
            decisions.decline(db(), claim, reason)
            flash(_("The claim is declined. The money is back in the fund."))
    except Refused as refusal:
        refused(form, refusal)
        return _review_page(_handed_in(claim_id), form, PayForm(formdata=None), 422)
    return go("mdf.review", claim_id=following.public_id) if following else go("mdf.claims")


def _said(claim: Claim, state: str) -> str:
    if state == "returned":
        return _("The claim went back to the partner.")
    if state == "declined":
        return _("The claim is declined. The money is back in the fund.")
    return _("%(amount)s approved.", amount=format_money(claim.approved_minor, claim.currency))


def _next(claim: Claim) -> Claim | None:
    """The claim that loads after this one is decided: the next in the queue, else its first."""
    waiting = queries.claims_waiting(db())
    place = next((number for number, each in enumerate(waiting) if each.id == claim.id), -1)
    others = [*waiting[place + 1 :], *waiting[: max(place, 0)]]
    return next(iter(others), None)


@route(blueprint, "/payments", Permission.PAY_CLAIMS)
def payments() -> ResponseReturnValue:
    to_pay = queries.claims_to_pay(db())
    paid = queries.claims(db(), ("paid",), 50)
    partners = queries.names(db(), (claim.partner_id for claim in [*to_pay, *paid]))
    return render("mdf/payments.html", to_pay=to_pay, paid=paid, partners=partners)


@route(blueprint, "/claims/<claim_id>/pay", Permission.PAY_CLAIMS, methods=("POST",))
def pay_claim(claim_id: str) -> ResponseReturnValue:
    claim = _handed_in(claim_id)
    form = PayForm()
    if form.validate_on_submit() and form.paid_on.data is not None:
        try:
            decisions.pay(db(), claim, form.reference.data or "", form.paid_on.data)
            flash(_("%(amount)s paid.", amount=format_money(claim.approved_minor, claim.currency)))
            return go("mdf.payments")
        except Refused as refusal:
            refused(form, refusal)
            claim = _handed_in(claim_id)
    return _review_page(claim, ReasonForm(formdata=None), form, 422)
