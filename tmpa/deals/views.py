"""Leads and deals: the partner's pages, and the vendor's queue of registrations."""

import uuid
from datetime import datetime
from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from tmpa.deals import leads as lead_service
from tmpa.deals import queries, registration, touchpoints
from tmpa.deals.attribution import MODEL_NAMES, Model, share_out
from tmpa.deals.conflicts import RULES, deciding_rule, find_all_conflicts, find_conflicts, stands_in_the_way
from tmpa.deals.forms import DecisionForm, ReasonForm, RegisterForm, WonForm, countries
from tmpa.deals.models import DealRegistration, Lead
from tmpa.deals.rules import rules
from tmpa.kernel.clock import utcnow
from tmpa.kernel.errors import NotFound, Refused
from tmpa.kernel.http import db, flash, go, render, route, scope
from tmpa.kernel.i18n import current_locale, format_ago
from tmpa.kernel.i18n import gettext as _
from tmpa.kernel.i18n import lazy_gettext as _l
from tmpa.kernel.money import parse_amount, write_amount
from tmpa.kernel.permissions import Permission
from tmpa.kernel.scope import load

blueprint = Blueprint("deals", __name__, template_folder="templates")

KIND_NAMES = {
    "delivered": _l("A mail arrived"),
    "opened": _l("Opened the mail"),
    "clicked": _l("Clicked a link in the mail"),
    "visited": _l("Visited the page"),
    "submitted": _l("Sent the form"),
}


@blueprint.app_context_processor
def _words() -> dict[str, Any]:
    return {
        "deal_states": registration.STATE_NAMES,
        "deal_tones": registration.STATE_TONES,
        "lead_states": lead_service.STATE_NAMES,
        "lead_tones": lead_service.STATE_TONES,
        "ago": lambda moment: format_ago(moment, utcnow()),
        "country_name": lambda code: dict(countries()).get(code, code),
    }


@route(blueprint, "/leads", Permission.WORK_LEADS)
def leads() -> ResponseReturnValue:
    state = request.args.get("state", "open")
    if state not in ("open", "all", *lead_service.STATE_NAMES):
        state = "open"
    page = lead_service.page_of_leads(db(), "" if state == "all" else state, request.args.get("page", 1, int))
    names = queries.campaign_names(db(), (lead.campaign_id for lead in page.leads if lead.campaign_id))
    counts = lead_service.counts_by_state(db())
    return render("deals/leads.html", page=page, shown=state, counts=counts, campaigns=names)


@route(blueprint, "/leads/<lead_id>", Permission.WORK_LEADS)
def lead(lead_id: str) -> ResponseReturnValue:
    found = load(db(), Lead, lead_id)
    deal = db().query(DealRegistration).filter(DealRegistration.lead_id == found.id).first()
    names = queries.campaign_names(db(), [found.campaign_id] if found.campaign_id else [])
    story = [(event.occurred_at, KIND_NAMES[event.kind]) for event in lead_service.story(db(), found)]
    return render(
        "deals/lead.html", lead=found, deal=deal, campaign_name=next(iter(names.values()), None), story=story
    )


@route(blueprint, "/leads/<lead_id>/<any(work,close):action>", Permission.WORK_LEADS, methods=("POST",))
def move_lead(lead_id: str, action: str) -> ResponseReturnValue:
    found = load(db(), Lead, lead_id)
    lead_service.move(db(), found, action)
    flash(_("The lead is yours to work on.") if action == "work" else _("The lead is closed."))
    return go("deals.lead", lead_id=found.public_id)


@route(blueprint, "/deals", Permission.REGISTER_DEALS)
def index() -> ResponseReturnValue:
    found = queries.deals(db())
    vendors = queries.organization_names(db(), (deal.vendor_id for deal in found))
    return render("deals/index.html", deals=found, vendors=vendors, several=len(scope().vendor_ids) > 1)


@route(blueprint, "/deals/new", Permission.REGISTER_DEALS, methods=("GET", "POST"))
def register() -> ResponseReturnValue:
    source = load(db(), Lead, request.args["lead"]) if request.args.get("lead") else None
    vendor_id = source.vendor_id if source else _chosen_vendor()
    if vendor_id is None:
        vendors = queries.organization_names(db(), scope().vendor_ids)
        return render("deals/choose_vendor.html", vendors=vendors)
    known = registration.prefill(db(), source) if source else {}
    products = queries.vendor_products(db(), vendor_id)
    form = RegisterForm(data={"currency": _usual_currency(vendor_id), **known})
    form.offer(products)
    if form.validate_on_submit():
        try:
            deal = registration.create(db(), vendor_id, form.opportunity(), source)
            return _saved(deal)
        except Refused as refusal:
            form.refuse(refusal)
    status = 422 if form.errors else 200
    return render(
        "deals/register.html", status, form=form, lead=source, deal=None, hours=rules().decision_hours
    )


@route(blueprint, "/deals/<deal_id>/edit", Permission.REGISTER_DEALS, methods=("GET", "POST"))
def edit(deal_id: str) -> ResponseReturnValue:
    deal = load(db(), DealRegistration, deal_id)
    if deal.state != "draft":
        return go("deals.deal", deal_id=deal.public_id)
    amount = write_amount(deal.amount_minor, deal.currency, current_locale())
    form = RegisterForm(obj=deal, data={"amount": amount})
    form.offer(queries.vendor_products(db(), deal.vendor_id))
    if form.validate_on_submit():
        try:
            registration.change(db(), deal, form.opportunity())
            return _saved(deal)
        except Refused as refusal:
            form.refuse(refusal)
    status = 422 if form.errors else 200
    return render(
        "deals/register.html", status, form=form, lead=None, deal=deal, hours=rules().decision_hours
    )


def _saved(deal: DealRegistration) -> ResponseReturnValue:
    if request.form.get("then") == "draft":
        flash(_("The draft is saved. The vendor does not see it yet."))
    else:
        registration.submit(db(), deal)
        flash(
            _(
                "The deal is registered. The vendor decides within %(hours)s hours.",
                hours=rules().decision_hours,
            )
        )
    return go("deals.deal", deal_id=deal.public_id)


def _chosen_vendor() -> uuid.UUID | None:
    vendors = scope().vendor_ids
    if len(vendors) == 1:
        return vendors[0]
    asked = request.args.get("vendor", "")
    return next((vendor for vendor in vendors if str(vendor) == asked), None)


def _usual_currency(vendor_id: uuid.UUID) -> str:
    """The currency of the partner's newest deal with the vendor, else the euro."""
    newest = next((deal for deal in queries.deals(db()) if deal.vendor_id == vendor_id), None)
    return newest.currency if newest else "EUR"


@route(blueprint, "/deals/<deal_id>", Permission.REGISTER_DEALS)
def deal(deal_id: str) -> ResponseReturnValue:
    return _deal_page(load(db(), DealRegistration, deal_id), WonForm(), ReasonForm())


def _deal_page(
    found: DealRegistration, won: WonForm, reason: ReasonForm, status: int = 200
) -> ResponseReturnValue:
    vendors = queries.organization_names(db(), [found.vendor_id])
    return render(
        "deals/deal.html",
        status,
        deal=found,
        vendor=vendors.get(found.vendor_id, ""),
        actions=registration.actions(found, "partner"),
        late=registration.is_late(found, utcnow()),
        rule=RULES.get(found.rule),
        won_form=won,
        reason_form=reason,
        **_engagement(found),
    )


@route(
    blueprint,
    "/deals/<deal_id>/<any(submit,withdraw,win,lose):action>",
    Permission.REGISTER_DEALS,
    methods=("POST",),
)
def act(deal_id: str, action: str) -> ResponseReturnValue:
    found = load(db(), DealRegistration, deal_id)
    won, reason = WonForm(), ReasonForm()
    form = won if action == "win" else reason
    if not form.validate_on_submit():
        return _deal_page(found, won, reason, 422)
    try:
        _act(found, action, won, reason)
    except Refused as refusal:
        db().rollback()
        form.refuse(refusal)
        if refusal.field not in form:
            flash(str(refusal.message), "error")
        return _deal_page(load(db(), DealRegistration, deal_id), won, reason, 422)
    return go("deals.deal", deal_id=deal_id)


def _act(found: DealRegistration, action: str, won: WonForm, reason: ReasonForm) -> None:
    if action == "submit":
        registration.submit(db(), found)
        flash(
            _(
                "The deal is registered. The vendor decides within %(hours)s hours.",
                hours=rules().decision_hours,
            )
        )
    elif action == "withdraw":
        registration.withdraw(db(), found, reason.reason.data or "")
        flash(_("The registration is withdrawn."))
    elif action == "win":
        registration.win(db(), found, parse_amount(won.amount.data or "", found.currency, current_locale()))
        flash(_("Well done. The deal is won."))
    else:
        registration.lose(db(), found, reason.reason.data or "")
        flash(_("The deal is marked as lost."))


@route(blueprint, "/registrations", Permission.DECIDE_DEALS)
def queue() -> ResponseReturnValue:
    waiting, decided = queries.waiting(db()), queries.decided(db())
    partners = queries.organization_names(db(), (deal.partner_id for deal in [*waiting, *decided]))
    conflicts = find_all_conflicts(db(), waiting)
    contested = {deal.id for deal in waiting if stands_in_the_way(deal, conflicts[deal.id])}
    return render(
        "deals/queue.html",
        waiting=waiting,
        decided=decided,
        partners=partners,
        contested=contested,
        now=utcnow(),
    )


@route(blueprint, "/registrations/<deal_id>", Permission.DECIDE_DEALS)
def decision(deal_id: str) -> ResponseReturnValue:
    return _decision_page(_submitted(deal_id), DecisionForm())


def _submitted(deal_id: str) -> DealRegistration:
    found = load(db(), DealRegistration, deal_id)
    if found.submitted_at is None:  # a draft is the partner's own affair
        raise NotFound
    return found


def _decision_page(found: DealRegistration, form: DecisionForm, status: int = 200) -> ResponseReturnValue:
    conflicts = find_conflicts(db(), found)
    others = {
        deal.id: deal for deal in queries.deals(db()) if deal.id in {each.deal_id for each in conflicts}
    }
    partners = queries.organization_names(
        db(), [found.partner_id, *(deal.partner_id for deal in others.values())]
    )
    actions = registration.actions(found, "vendor")
    rule = deciding_rule(found, conflicts) if "approve" in actions else found.rule
    return render(
        "deals/decision.html",
        status,
        deal=found,
        form=form,
        partner=partners.get(found.partner_id, ""),
        partners=partners,
        conflicts=[
            (conflict, others[conflict.deal_id]) for conflict in conflicts if conflict.deal_id in others
        ],
        rule=RULES.get(rule),
        first=stands_in_the_way(found, conflicts),
        late=registration.is_late(found, utcnow()),
        actions=actions,
        **_engagement(found),
    )


@route(
    blueprint, "/registrations/<deal_id>/<any(review,approve,decline):action>", Permission.DECIDE_DEALS,
    methods=("POST",),
)  # fmt: skip
def decide(deal_id: str, action: str) -> ResponseReturnValue:
    found = _submitted(deal_id)
    form = DecisionForm()
    if not form.validate_on_submit():
        return _decision_page(found, form, 422)
    reason = form.reason.data or ""
    try:
        if action == "review":
            registration.review(db(), found)
        elif action == "approve":
            registration.approve(db(), found, form.protection_days.data, reason)
            flash(_("%(customer)s is protected for the partner.", customer=found.customer_name))
        else:
            registration.decline(db(), found, reason)
            flash(_("The registration of %(customer)s is declined.", customer=found.customer_name))
    except Refused as refusal:
        db().rollback()
        form.refuse(refusal)
        if refusal.field not in form:
            flash(str(refusal.message), "error")
        return _decision_page(_submitted(deal_id), form, 422)
    if action == "review":
        return go("deals.decision", deal_id=deal_id)
    following = queries.waiting(db())
    return go("deals.decision", deal_id=following[0].public_id) if following else go("deals.queue")


def _engagement(found: DealRegistration) -> dict[str, Any]:
    """The touchpoints of a deal and what each campaign's part in it is."""
    asked = request.args.get("model", "")
    model = Model(asked) if asked in set(Model) else Model.POSITION
    result = touchpoints.attribution(found, model)
    names = queries.campaign_names(db(), (touch.campaign_id for touch in found.touchpoints))
    amount = found.won_amount_minor if found.won_amount_minor is not None else found.amount_minor
    sourced, influenced = share_out(amount, result.sourced), share_out(amount, result.influenced)
    rows = [
        (
            names.get(key, ""),
            result.sourced.get(key),
            sourced.get(key, 0),
            result.influenced.get(key),
            influenced.get(key, 0),
        )
        for key in sorted({*sourced, *influenced}, key=lambda key: names.get(key, ""))
    ]
    steps: list[tuple[datetime, Any, str | None, str | None]] = [
        (touch.occurred_at, KIND_NAMES[touch.kind], names.get(touch.campaign_id), None)
        for touch in found.touchpoints
    ]
    steps += [(moment, text, None, tone) for moment, text, tone in _history(found)]
    return {
        "model": model,
        "models": MODEL_NAMES,
        "credits": rows,
        "steps": sorted(steps, key=lambda step: step[0]),
    }


def _history(found: DealRegistration) -> list[tuple[datetime, Any, str | None]]:
    events: list[tuple[datetime, Any, str | None]] = [(found.created_at, _("Deal created"), "info")]
    if found.submitted_at:
        events.append((found.submitted_at, _("Registration submitted"), "info"))
    if found.decided_at:
        good = found.state != "declined"
        events.append((found.decided_at, _("Approved") if good else _("Declined"), "good" if good else "bad"))
    if found.closed_at:
        events.append(
            (
                found.closed_at,
                str(registration.STATE_NAMES[found.state]),
                "good" if found.state == "won" else None,
            )
        )
    return events
