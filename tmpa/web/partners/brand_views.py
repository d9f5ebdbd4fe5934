"""Brand (partner): one page per brand, with a real kit in that brand beside it."""

from flask import Response, g, jsonify, request
from flask.typing import ResponseReturnValue

from tmpa.accounts.models import Organization
from tmpa.campaigns import brands as campaign_brands
from tmpa.campaigns import previews, queries, typed
from tmpa.campaigns.addresses import page_url
from tmpa.campaigns.models import Campaign
from tmpa.campaigns.rendering import Frame
from tmpa.kernel.clock import utcnow
from tmpa.kernel.errors import NotFound, Refused
from tmpa.kernel.http import db, flash, go, render, route, safe_next, services
from tmpa.kernel.i18n import current_locale, format_time
from tmpa.kernel.i18n import gettext as _
from tmpa.kernel.permissions import Permission
from tmpa.kernel.scope import load
from tmpa.kits.logo_space import LogoSpace, fit
from tmpa.kits.models import KitVersion
from tmpa.kits.service import load_source
from tmpa.partners import brand_logos, brands, registration
from tmpa.partners.colours import parse_colour
from tmpa.partners.forms import BrandForm
from tmpa.partners.logos import Ground
from tmpa.partners.models import BrandProfile
from tmpa.web.campaign.frames import frame_response
from tmpa.web.partners.brand_page import PLAIN, brand_context, colour_context, law_context, logo_context
from tmpa.web.partners.views import blueprint

EDIT = Permission.EDIT_BRAND
SWATCH = (200, 72)  # CSS pixels in which each logo is shown on both grounds


def _organization() -> Organization:
    found: Organization = g.organization
    return found


def _profile(reference: str | None) -> BrandProfile | None:
    """The brand that is named, else the partner's default one. Raises NotFound."""
    if reference:
        return load(db(), BrandProfile, reference)
    return brands.default_brand(db(), _organization().id)


def _own(reference: str) -> BrandProfile:
    return load(db(), BrandProfile, reference)


@route(blueprint, "/brand", EDIT, methods=("GET", "POST"))
def brand() -> ResponseReturnValue:
    return _brand(_profile(None))


@route(blueprint, "/brand/<brand>", EDIT, methods=("GET", "POST"))
def one_brand(brand: str) -> ResponseReturnValue:
    return _brand(_own(brand))


def _brand(profile: BrandProfile | None) -> ResponseReturnValue:
    form = BrandForm(obj=profile)
    if request.method == "GET" and profile is None:
        form.name.data = _organization().name
        form.primary_colour.data = PLAIN
    law_errors: dict[str, str] = {}
    if form.validate_on_submit():
        if request.form.get("mend"):
            form.primary_colour.data = request.form["mend"]
        profile, errors = _save(profile, form)
        if not errors:
            return _after_brand(profile)
        for name, sentence in errors.items():
            if name.startswith(registration.PREFIX):
                law_errors[name] = sentence
            else:
                form[name].errors = [sentence]
    status = 422 if form.errors or law_errors else 200
    context = brand_context(form, profile, _organization().id, law_errors)
    return render("partners/brand.html", status, **context)


def _save(profile: BrandProfile | None, form: BrandForm) -> tuple[BrandProfile, dict[str, str]]:
    """Fields, then logos: what is good is kept, and each refusal comes back with its field."""
    saved, errors = brands.save_brand(
        db(), services().store, _organization().id, form.values(request.form), brand=profile
    )
    try:
        for note in _take_logos(saved):
            flash(note)
    except Refused as refusal:
        errors["logo"] = str(refusal)
    return saved, errors


def _take_logos(profile: BrandProfile) -> list[str]:
    """Add the logos that were uploaded, turn or remove the one whose button was pressed; what is worth saying."""
    files = [data for data in (upload.read() for upload in request.files.getlist("logo")) if data]
    pressed = {name: request.form.get(name, "") for name in ("turn", "remove")}
    return brand_logos.change_logos(db(), services().store, profile, files, **pressed)


def _after_brand(profile: BrandProfile) -> ResponseReturnValue:
    """Back to where the brand was missing, else to the brand itself. Drafts without a brand take this one."""
    for campaign in db().query(Campaign).filter(Campaign.state == "draft", Campaign.brand_id.is_(None)):
        campaign.brand_id = profile.id
    flash(_("Your brand is saved."))
    response = _to(profile)
    target = safe_next(request.args.get("next"))
    if target:
        response.headers["Location"] = target
    return response


def _to(profile: BrandProfile) -> Response:
    if profile.is_default:
        return go("partners.brand")
    return go("partners.one_brand", brand=profile.public_id)


@route(blueprint, "/brand/save", EDIT, methods=("POST",))
def save_brand() -> ResponseReturnValue:
    """What is valid is kept while somebody types; what isn't comes back with its sentence."""
    form = BrandForm()
    if not form.validate():
        return jsonify(message=_("The page had been open for too long. Load it again."), errors={}), 422
    values = {name: value for name, value in form.values(request.form).items() if name in request.form}
    profile = _profile(request.form.get("brand"))
    _saved, errors = brands.save_brand(db(), services().store, _organization().id, values, brand=profile)
    # an empty field isn't scolded while the form is being filled for the first time
    shown = {name: sentence for name, sentence in errors.items() if values.get(name, "").strip()}
    return jsonify(message=_("Saved %(time)s", time=format_time(utcnow())), errors=shown)


@route(blueprint, "/brand/logos", EDIT, methods=("POST",))
def save_logos() -> ResponseReturnValue:
    """Logos that were chosen, turned or removed on the page: kept at once, and shown as they are now."""
    profile = _profile(request.form.get("brand"))
    notes: list[str] = []
    problem = ""
    try:
        if profile is None:
            name = request.form.get("name") or _organization().name
            profile, _errors = brands.save_brand(db(), services().store, _organization().id, {"name": name})
        with db().begin_nested():
            notes = _take_logos(profile)
    except Refused as refusal:
        problem = str(refusal)
    shown = {**logo_context(BrandForm(obj=profile), profile), "notes": notes, "problem": problem}
    response = render("partners/_logos.html", 200, **shown)
    response.headers["HX-Trigger-After-Swap"] = "saved"
    return response


@route(blueprint, "/brand/law", EDIT)
def brand_law() -> ResponseReturnValue:
    """The fields of the country that was chosen."""
    profile = _profile(request.args.get("brand"))
    return render("partners/_law.html", 200, **law_context(profile, request.args.get("country", ""), {}))


@route(blueprint, "/brand/contrast", EDIT)
def brand_contrast() -> ResponseReturnValue:
    colour = parse_colour(request.args.get("primary_colour", "")) or PLAIN
    return render("partners/_contrast.html", 200, **colour_context(colour, queries.usable_kits(db())))


@route(blueprint, "/brand/new", EDIT, methods=("POST",))
def new_brand() -> ResponseReturnValue:
    original = _profile(request.form.get("brand"))
    if original is None:
        return go("partners.brand")
    try:
        fresh = brands.copy_brand(db(), original)
    except Refused as refusal:
        flash(str(refusal), "error")
        return _to(original)
    flash(_("This is a copy of “%(name)s”. Change what should be different.", name=original.name))
    return _to(fresh)


@route(blueprint, "/brand/<brand>/default", EDIT, methods=("POST",))
def default_brand(brand: str) -> ResponseReturnValue:
    profile = _own(brand)
    brands.make_default(db(), profile)
    flash(_("New campaigns begin with “%(name)s”.", name=profile.name))
    return _to(profile)


@route(blueprint, "/brand/<brand>/remove", EDIT, methods=("POST",))
def remove_brand(brand: str) -> ResponseReturnValue:
    profile = _own(brand)
    name = profile.name
    try:
        campaign_brands.remove_brand(db(), profile)
    except Refused as refusal:
        flash(str(refusal), "error")
        return _to(profile)
    flash(_("The brand “%(name)s” is removed.", name=name))
    return go("partners.brand")


@route(blueprint, "/brand/preview/<version>", EDIT)
def brand_preview(version: str) -> ResponseReturnValue:
    """The first mail (or piece of another kind) of a kit in a brand, as saved."""
    kit = load(db(), KitVersion, version)
    source = load_source(services().store, kit)
    wanted = request.args.get("kind", "mail")
    piece = next((piece for piece in source.manifest.pieces if piece.kind == wanted), None)
    if piece is None:
        raise NotFound
    offered = source.manifest.locales
    locale = next(
        (tag for tag in offered if tag.split("-")[0] == current_locale().split("-")[0]),
        source.manifest.source_locale,
    )
    profile = _profile(request.args.get("brand"))
    look = campaign_brands.preview_brand(services().store, profile, _organization().name)
    slots, _errors = typed.checked(source, {}, locale)
    address = page_url(services().settings, Campaign(slug=kit.kit.name), locale)
    frame = Frame(source, locale, look, slots, address)
    sender = f"{profile.sender_name} <{profile.sender_email}>" if profile and profile.sender_email else ""
    return frame_response(previews.preview(frame, piece.name, sender))


@route(blueprint, "/brand/logo", EDIT)
def brand_logo() -> ResponseReturnValue:
    """The main logo of the default brand."""
    profile = _profile(None)
    if profile is None or not profile.logo_key:
        raise NotFound
    return _png(services().store.get(profile.logo_key))


@route(blueprint, "/brand/<brand>/logo/<which>", EDIT)
def brand_swatch(brand: str, which: str) -> ResponseReturnValue:
    """One logo as pieces show it: in a space, on the ground `?ground=light` or `dark`."""
    profile = _own(brand)
    brand_logos.find(profile, which)
    own = next(
        logo
        for logo in campaign_brands.render_logos(services().store, profile)
        if f"{logo.form}-{logo.ground}" == which
    )
    ground: Ground = "dark" if request.args.get("ground") == "dark" else "light"
    return _png(fit((own,), LogoSpace(*SWATCH, ground, "center")).png)


def _png(data: bytes) -> Response:
    response = Response(data, content_type="image/png")
    response.headers["Cache-Control"] = "private, max-age=3600"
    return response


__all__ = ["blueprint"]
