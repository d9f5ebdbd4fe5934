"""Partners (vendor) and Brand (partner)."""

from flask import Blueprint, g, request
from flask.typing import ResponseReturnValue

from tmpa.accounts.models import Organization
from tmpa.campaigns import queries
from tmpa.kernel.errors import Refused
from tmpa.kernel.http import db, flash, go, render, route, services
from tmpa.kernel.i18n import gettext as _
from tmpa.kernel.permissions import Permission
from tmpa.kernel.scope import load
from tmpa.partners import service
from tmpa.partners.forms import InviteForm, PlaceForm, StatusForm
from tmpa.partners.models import Partnership

blueprint = Blueprint("partners", __name__, template_folder="templates")


def _organization() -> Organization:
    found: Organization = g.organization
    return found


@route(blueprint, "/partners", Permission.SEE_PARTNERS)
def index() -> ResponseReturnValue:
    search = request.args.get("search", "")
    return render(
        "partners/index.html",
        partnerships=service.partnerships(db(), search),
        activity=queries.activity_by_partner(db()),
        search=search,
    )


@route(blueprint, "/partners/invite", Permission.MANAGE_PARTNERS, methods=("GET", "POST"))
def invite() -> ResponseReturnValue:
    form = InviteForm()
    if form.validate_on_submit():
        try:
            partnership = service.invite_partner(
                db(),
                services().signer,
                services().settings,
                _organization(),
                form.name.data or "",
                form.email.data or "",
                form.tier.data or "",
                form.territory.data or "",
                form.locale.data,
            )
        except Refused as refusal:
            form.refuse(refusal)
        else:
            flash(
                _(
                    "%(name)s is invited. The link in the mail works for 14 days.",
                    name=partnership.partner.name,
                )
            )
            return go("partners.detail", partnership=partnership.public_id)
    tiers, territories = service.known_words(db())
    return render(
        "partners/invite.html", 422 if form.errors else 200, form=form, tiers=tiers, territories=territories
    )


@route(blueprint, "/partners/<partnership>", Permission.SEE_PARTNERS)
def detail(partnership: str) -> ResponseReturnValue:
    return _detail(load(db(), Partnership, partnership))


def _detail(
    partnership: Partnership, place: PlaceForm | None = None, status: StatusForm | None = None
) -> ResponseReturnValue:
    tiers, territories = service.known_words(db())
    bad = bool((place and place.errors) or (status and status.errors))
    return render(
        "partners/detail.html",
        422 if bad else 200,
        partnership=partnership,
        place=place or PlaceForm.of(partnership),
        leave=status or StatusForm(),
        campaigns=queries.campaigns(db(), partnership.partner_id),
        activity=queries.activity_by_partner(db()).get(partnership.partner_id, queries.Activity()),
        invited=service.invited_address(db(), partnership) if partnership.status == "invited" else "",
        tiers=tiers,
        territories=territories,
    )


@route(blueprint, "/partners/<partnership>/place", Permission.MANAGE_PARTNERS, methods=("POST",))
def change_place(partnership: str) -> ResponseReturnValue:
    found, form = load(db(), Partnership, partnership), PlaceForm()
    if not form.validate():
        return _detail(found, place=form)
    # a form without the field leaves what is there
    certifications = (form.certifications.data or "").split(",") if "certifications" in request.form else None
    service.change(db(), found, form.tier.data or "", form.territory.data or "", certifications)
    flash(_("Saved."))
    return go("partners.detail", partnership=partnership)


@route(blueprint, "/partners/<partnership>/status", Permission.MANAGE_PARTNERS, methods=("POST",))
def change_status(partnership: str) -> ResponseReturnValue:
    found, form = load(db(), Partnership, partnership), StatusForm()
    if form.validate():
        try:
            service.set_status(db(), found, request.form.get("status", ""), form.reason.data or "")
        except Refused as refusal:
            form.refuse(refusal)
        else:
            flash(_("Done."))
            return go("partners.detail", partnership=partnership)
    return _detail(found, status=form)


@route(blueprint, "/partners/<partnership>/invite-again", Permission.MANAGE_PARTNERS, methods=("POST",))
def invite_again(partnership: str) -> ResponseReturnValue:
    found = load(db(), Partnership, partnership)
    email = service.invited_address(db(), found)
    service.invite_again(db(), services().signer, services().settings, found, email)
    flash(_("A new invitation is on its way to %(email)s.", email=email))
    return go("partners.detail", partnership=partnership)
