"""The vendor's funds, and the queue of requests."""

from flask.typing import ResponseReturnValue

from tmpa.kernel.clock import utcnow
from tmpa.kernel.errors import NotFound, Refused
from tmpa.kernel.http import db, flash, go, render, route
from tmpa.kernel.i18n import current_locale
from tmpa.kernel.i18n import gettext as _
from tmpa.kernel.money import write_amount
from tmpa.kernel.permissions import Permission
from tmpa.kernel.scope import load
from tmpa.mdf import funds, ledger, queries
from tmpa.mdf import requests as request_service
from tmpa.mdf.forms import AllocateForm, FundForm, RequestDecisionForm, amount_of
from tmpa.mdf.models import Fund, FundRequest
from tmpa.mdf.pages import blueprint, expiring, fresh_key, on_side, picture_of_funds, refused
from tmpa.mdf.roles import approver_limit
from tmpa.mdf.rules import business_days_between, lead_time_warning, rules_of


@route(blueprint, "/funds", Permission.SEE_FUNDS)
def vendor_money() -> ResponseReturnValue:
    on_side("vendor")
    pairs = funds.funds_with_balances(db())
    return render(
        "mdf/vendor_money.html",
        pairs=pairs,
        picture=picture_of_funds(pairs),
        expiring=expiring(pairs),
        requests=len(queries.requests_waiting(db())),
        claims=len(queries.claims_waiting(db())),
        to_pay=len(queries.claims_to_pay(db())),
    )


@route(blueprint, "/funds/new", Permission.MANAGE_FUNDS, methods=("GET", "POST"))
def new_fund() -> ResponseReturnValue:
    form = FundForm()
    if form.validate_on_submit():
        try:
            terms = form.terms()
            fund = funds.create(db(), terms, amount_of(form.amount.data, terms.currency, "amount"))
            flash(_("The fund is open for requests."))
            return go("mdf.fund", fund_id=fund.public_id)
        except Refused as refusal:
            refused(form, refusal)
    return render("mdf/fund_form.html", 422 if form.errors else 200, form=form)


@route(blueprint, "/funds/<fund_id>", Permission.SEE_FUNDS)
def fund(fund_id: str) -> ResponseReturnValue:
    on_side("vendor")
    return _fund_page(load(db(), Fund, fund_id), AllocateForm(data={"key": fresh_key()}))


def _fund_page(found: Fund, form: AllocateForm, status: int = 200) -> ResponseReturnValue:
    held = ledger.balance(db(), found)
    entries = funds.movements(db(), found)
    partners = queries.names(db(), (entry.partner_id for entry in entries if entry.partner_id))
    return render(
        "mdf/fund.html",
        status,
        fund=found,
        held=held,
        picture=picture_of_funds([(found, held)]),
        entries=entries,
        partners=partners,
        rules=rules_of(found),
        form=form,
    )


@route(blueprint, "/funds/<fund_id>/allocate", Permission.MANAGE_FUNDS, methods=("POST",))
def allocate(fund_id: str) -> ResponseReturnValue:
    found = load(db(), Fund, fund_id)
    form = AllocateForm()
    if form.validate_on_submit():
        try:
            amount = amount_of(form.amount.data, found.currency, "amount")
            funds.allocate(db(), found, amount, form.key.data or "", form.reason.data or "")
            flash(_("The money is in the fund."))
            return go("mdf.fund", fund_id=fund_id)
        except Refused as refusal:
            refused(form, refusal)
            found = load(db(), Fund, fund_id)
    return _fund_page(found, form, 422)


@route(blueprint, "/requests", Permission.SEE_FUNDS)
def requests() -> ResponseReturnValue:
    on_side("vendor")
    waiting, decided = queries.requests_waiting(db()), queries.requests_decided(db())
    partners = queries.names(db(), (each.partner_id for each in [*waiting, *decided]))
    return render("mdf/requests.html", waiting=waiting, decided=decided, partners=partners)


@route(blueprint, "/requests/<request_id>", Permission.SEE_FUNDS)
def request_review(request_id: str) -> ResponseReturnValue:
    on_side("vendor")
    return _review_page(_handed_in(request_id), RequestDecisionForm())


def _handed_in(request_id: str) -> FundRequest:
    asked = load(db(), FundRequest, request_id)
    if asked.submitted_at is None:  # a draft is the partner's own affair
        raise NotFound
    return asked


def _review_page(asked: FundRequest, form: RequestDecisionForm, status: int = 200) -> ResponseReturnValue:
    if not form.is_submitted():
        form.amount.data = write_amount(asked.amount_minor, asked.currency, current_locale())
    asked_on = asked.submitted_at.date() if asked.submitted_at else utcnow().date()
    return render(
        "mdf/request_review.html",
        status,
        asked=asked,
        form=form,
        partner=queries.names(db(), [asked.partner_id]).get(asked.partner_id, ""),
        held=ledger.balance(db(), asked.fund),
        days=business_days_between(asked_on, asked.starts_on),
        warning=lead_time_warning(asked.fund, asked.activity_type, asked.starts_on, asked_on),
        limit=approver_limit(db()),
    )


@route(
    blueprint,
    "/requests/<request_id>/<any(approve,return,decline):action>",
    Permission.DECIDE_CLAIMS,
    methods=("POST",),
)
def decide_request(request_id: str, action: str) -> ResponseReturnValue:
    asked = _handed_in(request_id)
    form = RequestDecisionForm()
    if not form.validate_on_submit():
        return _review_page(asked, form, 422)
    reason = form.reason.data or ""
    try:
        if action == "approve":
            typed = (form.amount.data or "").strip()
            request_service.approve(
                db(), asked, amount_of(typed, asked.currency, "amount") if typed else None, reason
            )
            flash(_("The money is set aside for the partner."))
        elif action == "return":
            request_service.send_back(db(), asked, reason)
            flash(_("The request went back to the partner."))
        else:
            request_service.decline(db(), asked, reason)
            flash(_("The request is declined."))
    except Refused as refusal:
        refused(form, refusal)
        return _review_page(_handed_in(request_id), form, 422)
    following = queries.requests_waiting(db())
    return go("mdf.request_review", request_id=following[0].public_id) if following else go("mdf.requests")
