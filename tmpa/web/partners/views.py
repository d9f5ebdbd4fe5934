"""Partners (vendor) and Brand (partner)."""

from flask import Blueprint, g, jsonify, request
from flask.typing import ResponseReturnValue

from tmpa.accounts.models import Organization
from tmpa.campaigns import previews, queries, typed
from tmpa.campaigns.addresses import page_url
from tmpa.campaigns.brands import preview_brand
from tmpa.campaigns.models import Campaign
from tmpa.campaigns.rendering import Frame
from tmpa.kernel.clock import utcnow
from tmpa.kernel.errors import NotFound, Refused
from tmpa.kernel.http import db, flash, go, render, route, safe_next, services
from tmpa.kernel.i18n import current_locale, format_time
from tmpa.kernel.i18n import gettext as _
from tmpa.kernel.permissions import Permission
from tmpa.kernel.scope import load
from tmpa.kits.models import KitVersion
from tmpa.kits.service import load_source
from tmpa.partners import brands, service
from tmpa.partners.colours import READABLE, WHITE, contrast, mended, parse_colour
from tmpa.partners.forms import BrandForm, InviteForm, PlaceForm, StatusForm
from tmpa.partners.models import BrandProfile, Partnership
from tmpa.web.campaign.frames import frame_response

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
        place=place or PlaceForm(obj=partnership),
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
    service.change(db(), found, form.tier.data or "", form.territory.data or "")
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


@route(blueprint, "/brand", Permission.EDIT_BRAND, methods=("GET", "POST"))
def brand() -> ResponseReturnValue:
    profile = brands.default_brand(db(), _organization().id)
    form = BrandForm(obj=profile)
    if request.method == "GET" and profile is None:
        form.name.data = _organization().name
        form.primary_colour.data = "#1f4e79"
    errors: dict[str, str] = {}
    if form.validate_on_submit():
        if request.form.get("mend"):
            form.primary_colour.data = request.form["mend"]
        profile, errors = brands.save_brand(
            db(),
            services().store,
            _organization().id,
            form.values(),
            _uploaded(),
            bool(form.remove_logo.data),
        )
        if not errors:
            return _after_brand(profile)
        for name, sentence in errors.items():
            form[name].errors = [sentence]
    return render("partners/brand.html", 422 if form.errors else 200, **_brand_context(form, profile))


def _after_brand(profile: BrandProfile) -> ResponseReturnValue:
    """Back to where the brand was missing, else to the brand itself. Drafts without a brand take this one."""
    for campaign in db().query(Campaign).filter(Campaign.state == "draft", Campaign.brand_id.is_(None)):
        campaign.brand_id = profile.id
    flash(_("Your brand is saved."))
    response = go("partners.brand")
    target = safe_next(request.args.get("next"))
    if target:
        response.headers["Location"] = target
    return response


def _uploaded() -> bytes | None:
    upload = request.files.get("logo")
    data = upload.read() if upload else b""
    return data or None


def _brand_context(form: BrandForm, profile: BrandProfile | None) -> dict[str, object]:
    colour = parse_colour(form.primary_colour.data or "") or "#1f4e79"
    kits = queries.usable_kits(db())
    chosen = next((version for version in kits if version.public_id == request.args.get("kit")), None)
    return {
        "form": form,
        "profile": profile,
        "colour": colour,
        "ratio": contrast(colour, WHITE),
        "suggestion": mended(colour) if contrast(colour, WHITE) < READABLE else None,
        "kits": kits,
        "chosen": chosen or (kits[0] if kits else None),
        "missing": brands.missing(profile),
    }


@route(blueprint, "/brand/save", Permission.EDIT_BRAND, methods=("POST",))
def save_brand() -> ResponseReturnValue:
    """What is valid is kept while somebody types; what isn't comes back with its sentence."""
    form = BrandForm()
    if not form.validate():
        return jsonify(message=_("The page had been open for too long. Load it again."), errors={}), 422
    values = {name: value for name, value in form.values().items() if name in request.form}
    _profile, errors = brands.save_brand(db(), services().store, _organization().id, values)
    # an empty field isn't scolded while the form is being filled for the first time
    shown = {name: sentence for name, sentence in errors.items() if values.get(name, "").strip()}
    return jsonify(message=_("Saved %(time)s", time=format_time(utcnow())), errors=shown)


@route(blueprint, "/brand/contrast", Permission.EDIT_BRAND)
def brand_contrast() -> ResponseReturnValue:
    colour = parse_colour(request.args.get("primary_colour", "")) or "#1f4e79"
    ratio = contrast(colour, WHITE)
    return render(
        "partners/_contrast.html",
        colour=colour,
        ratio=ratio,
        suggestion=mended(colour) if ratio < READABLE else None,
    )


@route(blueprint, "/brand/preview/<version>", Permission.EDIT_BRAND)
def brand_preview(version: str) -> ResponseReturnValue:
    """The first mail of a kit in the partner's brand, as saved."""
    kit = load(db(), KitVersion, version)
    source = load_source(services().store, kit)
    mail = next(
        (piece for piece in source.manifest.pieces if piece.kind == request.args.get("kind", "mail")), None
    )
    if mail is None:
        raise NotFound
    offered = source.manifest.locales
    locale = next(
        (tag for tag in offered if tag.split("-")[0] == current_locale().split("-")[0]),
        source.manifest.source_locale,
    )
    profile = brands.default_brand(db(), _organization().id)
    look = preview_brand(services().store, profile, _organization().name)
    slots, _errors = typed.checked(source, {}, locale)
    address = page_url(services().settings, Campaign(slug=kit.kit.name), locale)
    frame = Frame(source, locale, look, slots, address)
    sender = f"{profile.sender_name} <{profile.sender_email}>" if profile and profile.sender_email else ""
    return frame_response(previews.preview(frame, mail.name, sender))


@route(blueprint, "/brand/logo", Permission.EDIT_BRAND)
def brand_logo() -> ResponseReturnValue:
    profile = brands.default_brand(db(), _organization().id)
    if profile is None or not profile.logo_key:
        raise NotFound
    return services().store.get(profile.logo_key), 200, {"Content-Type": "image/png"}
