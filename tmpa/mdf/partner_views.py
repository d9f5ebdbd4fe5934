"""The partner's Money pages: funds, requests from campaigns, claims by uploading one invoice."""

from flask import request
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import FileStorage

from tmpa.campaigns.models import Campaign
from tmpa.kernel.clock import utcnow
from tmpa.kernel.errors import NotFound, Refused
from tmpa.kernel.http import db, flash, go, render, route, scope, services
from tmpa.kernel.i18n import current_locale
from tmpa.kernel.i18n import gettext as _
from tmpa.kernel.money import write_amount
from tmpa.kernel.permissions import Permission
from tmpa.kernel.scope import load
from tmpa.mdf import claims as claim_service
from tmpa.mdf import funds, invoices, queries, requests
from tmpa.mdf.forms import CostForm, ReasonForm, RequestForm, SubmitClaimForm, fields_of
from tmpa.mdf.models import Claim, ClaimLine, Fund, FundRequest
from tmpa.mdf.pages import blueprint, expiring, picture_of_funds, refused
from tmpa.mdf.rules import lead_time_warning

_ASK = Permission.REQUEST_FUNDS


@route(blueprint, "/money", _ASK)
def money() -> ResponseReturnValue:
    pairs = funds.funds_with_balances(db())
    vendors = queries.names(db(), (fund.vendor_id for fund, _held in pairs))
    asked = queries.requests(db())
    claimable = [each for each in asked if requests.may_claim(db(), each)]
    return render(
        "mdf/money.html",
        pairs=pairs,
        picture=picture_of_funds(pairs, vendors),
        expiring=expiring(pairs),
        requests=asked,
        claims=queries.claims(db()),
        claimable=claimable,
        left={each.id: requests.left(db(), each) for each in claimable},
        campaigns=queries.campaigns_for_requests(db(), scope().vendor_ids) if pairs else [],
        vendors=vendors,
        several=len(scope().vendor_ids) > 1,
    )


@route(blueprint, "/money/requests/new", _ASK, methods=("GET", "POST"))
def new_request() -> ResponseReturnValue:
    if not request.args.get("campaign"):
        found = queries.campaigns_for_requests(db(), scope().vendor_ids)
        return render("mdf/choose_campaign.html", campaigns=found)
    campaign = load(db(), Campaign, request.args["campaign"])
    today = utcnow().date()
    offered = funds.open_funds(db(), campaign.vendor_id, today)
    if not offered:
        return render("mdf/choose_campaign.html", campaigns=[], no_fund=True)
    form = RequestForm(data=_suggestion(campaign, offered[0]))
    form.offer(offered)
    if form.validate_on_submit():
        fund = load(db(), Fund, form.fund.data)
        try:
            made = requests.create(db(), fund, campaign, form.plan(fund))
            return _request_saved(made)
        except Refused as refusal:
            refused(form, refusal)
    return render(
        "mdf/request_form.html",
        422 if form.errors else 200,
        form=form,
        campaign=campaign,
        asked=None,
        funds=offered,
    )


def _suggestion(campaign: Campaign, fund: Fund) -> dict[str, object]:
    today = utcnow().date()
    suggested = requests.suggested_amount(db(), fund, campaign)
    kinds = (campaign.kit_version.manifest.get("mdf") or {}).get("activity_types", [])
    several = "multi_touch" if len(kinds) > 1 else next(iter(kinds), "email")
    start = campaign.launch_at or campaign.launched_at
    return {
        "title": campaign.name,
        "activity_type": several,
        "starts_on": max(start.date() if start else today, fund.use_from),
        "ends_on": fund.use_until,
        "amount": write_amount(suggested, fund.currency, current_locale()) if suggested else "",
    }


@route(blueprint, "/money/requests/<request_id>/edit", _ASK, methods=("GET", "POST"))
def edit_request(request_id: str) -> ResponseReturnValue:
    asked = load(db(), FundRequest, request_id)
    if asked.state not in ("draft", "returned") or asked.campaign is None:
        return go("mdf.request_page", request_id=request_id)
    form = RequestForm(
        obj=asked,
        data={
            "amount": write_amount(asked.amount_minor, asked.currency, current_locale()),
        },
    )
    form.offer([asked.fund])
    if request.method == "GET":
        form.fund.data = asked.fund.public_id
    if form.validate_on_submit():
        try:
            requests.change(db(), asked, form.plan(asked.fund))
            return _request_saved(asked)
        except Refused as refusal:
            refused(form, refusal)
            asked = load(db(), FundRequest, request_id)
    return render(
        "mdf/request_form.html",
        422 if form.errors else 200,
        form=form,
        campaign=asked.campaign,
        asked=asked,
        funds=[asked.fund],
    )


def _request_saved(asked: FundRequest) -> ResponseReturnValue:
    if request.form.get("then") == "draft":
        flash(_("The draft is saved. The vendor does not see it yet."))
    else:
        requests.submit(db(), asked)
        flash(_("The request is with the vendor."))
    return go("mdf.request_page", request_id=asked.public_id)


@route(blueprint, "/money/requests/<request_id>", _ASK)
def request_page(request_id: str) -> ResponseReturnValue:
    asked = load(db(), FundRequest, request_id)
    return render(
        "mdf/request.html",
        asked=asked,
        left=requests.left(db(), asked),
        may_claim=requests.may_claim(db(), asked),
        claims=claim_service.claims_of_request(db(), asked.id),
        warning=lead_time_warning(asked.fund, asked.activity_type, asked.starts_on, utcnow().date())
        if asked.state in ("draft", "returned")
        else None,
        form=ReasonForm(),
    )


@route(blueprint, "/money/requests/<request_id>/<any(submit,close):action>", _ASK, methods=("POST",))
def act_on_request(request_id: str, action: str) -> ResponseReturnValue:
    asked = load(db(), FundRequest, request_id)
    if action == "submit":
        requests.submit(db(), asked)
        flash(_("The request is with the vendor."))
    else:
        requests.close(db(), asked)
        flash(_("The request is closed. Money that was not claimed is back in the fund."))
    return go("mdf.request_page", request_id=request_id)


@route(blueprint, "/money/claims/new", _ASK, methods=("GET", "POST"))
def new_claim() -> ResponseReturnValue:
    asked = load(db(), FundRequest, request.args.get("request", ""))
    form = CostForm(data={"currency": asked.currency})
    form.need_document()
    if form.validate_on_submit():
        try:
            document = _document(form.document.data)
            claim = claim_service.create(db(), asked, services().store, form.cost(asked.currency), document)
            if request.form.get("then") == "hand_in":  # the statement stands above this button
                claim_service.submit(db(), claim, attested=True)
                flash(_("The claim is handed in. Its proof is being put together."))
            return go("mdf.claim_page", claim_id=claim.public_id)
        except Refused as refusal:
            refused(form, refusal)
            asked = load(db(), FundRequest, request.args.get("request", ""))
    return render(
        "mdf/cost_form.html",
        422 if form.errors else 200,
        form=form,
        asked=asked,
        left=requests.left(db(), asked),
        claim=None,
        line=None,
        attestation=claim_service.ATTESTATION,
    )


def _document(upload: FileStorage | None) -> invoices.Document:
    # one byte more than allowed is enough to know that it is too large
    data = upload.stream.read(invoices.MAX_BYTES + 1) if upload else b""
    return invoices.check_document(upload.filename or "" if upload else "", data)


@route(blueprint, "/money/claims/<claim_id>/lines/new", _ASK, methods=("GET", "POST"))
def new_line(claim_id: str) -> ResponseReturnValue:
    claim = load(db(), Claim, claim_id)
    form = CostForm(data={"currency": claim.currency})
    form.need_document()
    if form.validate_on_submit():
        try:
            document = _document(form.document.data)
            claim_service.add_line(db(), claim, services().store, form.cost(claim.currency), document)
            return go("mdf.claim_page", claim_id=claim_id)
        except Refused as refusal:
            refused(form, refusal)
            claim = load(db(), Claim, claim_id)
    return _cost_page(form, claim, None)


@route(blueprint, "/money/claims/<claim_id>/lines/<line_id>", _ASK, methods=("GET", "POST"))
def edit_line(claim_id: str, line_id: str) -> ResponseReturnValue:
    claim, line = _line(claim_id, line_id)
    form = CostForm(
        obj=line, data=fields_of(line, lambda minor, code: write_amount(minor, code, current_locale()))
    )
    if form.validate_on_submit():
        try:
            document = _document(form.document.data) if form.document.data else None
            claim_service.change_line(db(), line, services().store, form.cost(claim.currency), document)
            return go("mdf.claim_page", claim_id=claim_id)
        except Refused as refusal:
            refused(form, refusal)
            claim, line = _line(claim_id, line_id)
    return _cost_page(form, claim, line)


@route(blueprint, "/money/claims/<claim_id>/lines/<line_id>/remove", _ASK, methods=("POST",))
def remove_line(claim_id: str, line_id: str) -> ResponseReturnValue:
    _claim, line = _line(claim_id, line_id)
    claim_service.remove_line(db(), line)
    flash(_("The cost is removed."))
    return go("mdf.claim_page", claim_id=claim_id)


def _line(claim_id: str, line_id: str) -> tuple[Claim, ClaimLine]:
    claim, line = load(db(), Claim, claim_id), load(db(), ClaimLine, line_id)
    if line.claim_id != claim.id:
        raise NotFound
    return claim, line


def _cost_page(form: CostForm, claim: Claim, line: ClaimLine | None) -> ResponseReturnValue:
    return render(
        "mdf/cost_form.html",
        422 if form.errors else 200,
        form=form,
        asked=claim.request,
        left=requests.left(db(), claim.request),
        claim=claim,
        line=line,
    )


@route(blueprint, "/money/claims/<claim_id>", _ASK)
def claim_page(claim_id: str) -> ResponseReturnValue:
    return _claim_page(load(db(), Claim, claim_id), SubmitClaimForm())


def _claim_page(claim: Claim, form: SubmitClaimForm, status: int = 200) -> ResponseReturnValue:
    open_to_change = claim.state in ("draft", "returned")
    return render(
        "mdf/claim.html",
        status,
        claim=claim,
        form=form,
        attestation=claim.attestation or claim_service.ATTESTATION,
        duplicates=invoices.duplicates(db(), claim.lines) if open_to_change else {},
        open_to_change=open_to_change,
        converted={line.id: claim_service.converted(line, claim.currency) for line in claim.lines},
    )


@route(blueprint, "/money/claims/<claim_id>/submit", _ASK, methods=("POST",))
def submit_claim(claim_id: str) -> ResponseReturnValue:
    claim = load(db(), Claim, claim_id)
    form = SubmitClaimForm()
    if form.validate_on_submit():
        try:
            claim_service.submit(db(), claim, bool(form.attested.data))
            flash(_("The claim is handed in. Its proof is being put together."))
            return go("mdf.claim_page", claim_id=claim_id)
        except Refused as refusal:
            refused(form, refusal)
            claim = load(db(), Claim, claim_id)
    return _claim_page(claim, form, 422)


@route(blueprint, "/money/claims/<claim_id>/discard", _ASK, methods=("POST",))
def discard_claim(claim_id: str) -> ResponseReturnValue:
    claim_service.discard(db(), load(db(), Claim, claim_id))
    flash(_("The claim is given up."))
    return go("mdf.money")


@route(blueprint, "/money/claims/<claim_id>/proof", _ASK)
def claim_proof(claim_id: str) -> ResponseReturnValue:
    """The part of the claim's page that shows how far its dossier is."""
    return render("mdf/_proof.html", claim=load(db(), Claim, claim_id))
