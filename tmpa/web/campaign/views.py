"""The campaign page: pieces, people, time and check in one view, with the previews beside them."""

from flask import Blueprint, Response, g, jsonify, request
from flask.typing import ResponseReturnValue

from tmpa.accounts.models import Organization
from tmpa.audiences import imports
from tmpa.audiences import service as audiences
from tmpa.campaigns import previews, queries, service, upgrades
from tmpa.campaigns.addresses import asset_content_type, asset_key
from tmpa.campaigns.brands import brand_choices
from tmpa.campaigns.models import Campaign
from tmpa.campaigns.rendering import source_of
from tmpa.kernel.clock import utcnow
from tmpa.kernel.errors import NotFound, Refused
from tmpa.kernel.http import PUBLIC, db, flash, go, render, route, services
from tmpa.kernel.i18n import format_time, language_name
from tmpa.kernel.i18n import gettext as _
from tmpa.kernel.objects import CACHE_CONTROL, MissingObject
from tmpa.kernel.permissions import Permission
from tmpa.kernel.scope import load
from tmpa.kits.document import render_document
from tmpa.kits.manifest import DocumentPiece
from tmpa.kits.models import KitVersion
from tmpa.kits.source import KitSource
from tmpa.sending import launch as sending
from tmpa.web.campaign import live_page, page, panes, saving
from tmpa.web.campaign.frames import frame_response

blueprint = Blueprint("campaigns", __name__, template_folder="templates")
RUN = Permission.RUN_CAMPAIGNS


def _load(reference: str) -> tuple[Campaign, KitSource]:
    campaign = load(db(), Campaign, reference)
    return campaign, source_of(services().store, campaign)


def _company() -> Organization:
    found: Organization = g.organization
    return found


@route(blueprint, "/campaigns", RUN)
def index() -> ResponseReturnValue:
    found = queries.campaigns(db())
    groups = {
        "running": [each for each in found if each.state in ("launching", "running", "paused")],
        "drafts": [each for each in found if each.state in ("draft", "scheduled")],
        "done": [each for each in found if each.state in ("done", "cancelled")],
    }
    results = live_page.summaries(db(), [each for each in found if each.launched_at])
    return render("campaign/index.html", groups=groups, results=results)


@route(blueprint, "/campaigns", RUN, methods=("POST",))
def create() -> ResponseReturnValue:
    version = load(db(), KitVersion, request.form.get("kit_version", ""))
    before = queries.last_launched(db())
    campaign = service.create(db(), version, request.form.get("name", ""), request.form.get("locale", ""))
    if before is not None and before.kit_version.kit_id != version.kit_id:
        # another kit usually goes to the same people; the same kit never should, so "Run again" chooses nobody
        audiences.set_campaign_lists(db(), campaign, audiences.campaign_lists(db(), before))
    return go("campaigns.show", campaign=campaign.public_id)


@route(blueprint, "/campaigns/<campaign>", RUN)
def show(campaign: str) -> ResponseReturnValue:
    found, source = _load(campaign)
    if found.state not in service.EDITABLE:
        return go("campaigns.live", campaign=campaign)
    return _page(found, source, {})


def _page(campaign: Campaign, source: KitSource, errors: dict[str, str], refusal: str = "") -> Response:
    return render(
        "campaign/page.html",
        422 if errors or refusal else 200,
        campaign=campaign,
        source=source,
        errors=errors,
        refusal=refusal,
        offer=upgrades.offer(db(), campaign),
        previous=upgrades.previous(db(), campaign),
        typed=request.form,
        shared=page.shared_fields(db(), source, campaign, errors),
        panels=page.panels(source, campaign, errors),
        locale_choices=page.locale_choices(source, campaign),
        lists=page.list_choices(db(), campaign),
        bases=imports.BASES,
        stages=page.stages(source, campaign),
        zones=page.zones(),
        zone_label=page.zone_label,
        when=page.when_fields(campaign, request.form, g.user.time_zone),
        currencies=page.CURRENCIES,
        brands=brand_choices(db(), campaign),
        check=page.check(db(), campaign, source),
        pane=panes.pane(source, campaign, request.args.get("show", ""), request.args.get("locale", "")),
        planned=page.in_zone(campaign.launch_at, campaign.launch_zone) if campaign.launch_at else "",
        language_name=language_name,
        format_time=format_time,
    )


@route(blueprint, "/campaigns/<campaign>", RUN, methods=("POST",))
def save(campaign: str) -> ResponseReturnValue:
    """The whole form, as browsers without script send it."""
    found, source = _load(campaign)
    errors, refused = saving.take_with_images(
        db(), services().store, source, found, request.form, request.files
    )
    # a draft keeps slots as typed, good or bad; the other fields come back to be mended
    hard = {
        name: sentence for name, sentence in errors.items() if name in refused or not name.startswith("slot-")
    }
    if hard:
        return _page(found, source, {**errors, **hard})
    flash(_("Saved."))
    return go("campaigns.show", campaign=campaign)


@route(blueprint, "/campaigns/<campaign>/save", RUN, methods=("POST",))
def autosave(campaign: str) -> ResponseReturnValue:
    """What was typed so far; answers when it was saved and what can't be used yet."""
    found, source = _load(campaign)
    errors = saving.take(db(), source, found, request.form)
    counts = saving.lengths(source, request.form)
    return jsonify(message=_("Saved %(time)s", time=format_time(utcnow())), errors=errors, counts=counts)


@route(blueprint, "/campaigns/<campaign>/languages", RUN, methods=("POST",))
def languages(campaign: str) -> ResponseReturnValue:
    """Another choice of languages: the texts' panels follow."""
    found, source = _load(campaign)
    errors = saving.take(db(), source, found, request.form)
    response = render(
        "campaign/_texts.html",
        campaign=found,
        errors=errors,
        panels=page.panels(source, found, errors),
        locale_choices=page.locale_choices(source, found),
        currencies=page.CURRENCIES,
    )
    response.headers["HX-Trigger-After-Swap"] = "saved"
    return response


@route(blueprint, "/campaigns/<campaign>/check", RUN)
def check(campaign: str) -> ResponseReturnValue:
    found, source = _load(campaign)
    return render("campaign/_check.html", campaign=found, check=page.check(db(), found, source), is_part=True)


@route(blueprint, "/campaigns/<campaign>/people", RUN)
def people(campaign: str) -> ResponseReturnValue:
    """The lists with their counts, asked for again while an import runs."""
    found, _source = _load(campaign)
    response = render("campaign/_lists.html", campaign=found, lists=page.list_choices(db(), found), errors={})
    response.headers["HX-Trigger-After-Swap"] = "saved"
    return response


@route(blueprint, "/campaigns/<campaign>/lists", RUN, methods=("POST",))
def import_list(campaign: str) -> ResponseReturnValue:
    """Import a new list from the campaign page; the campaign goes to it too."""
    found, source = _load(campaign)
    service.check_editable(found)
    upload = request.files.get("file")
    data = upload.read() if upload else b""
    name = (
        request.form.get("list_name", "").strip()
        or (upload.filename or "" if upload else "").rsplit(".", 1)[0]
    )
    try:
        if not data:
            raise Refused(_("Choose a file with your contacts, such as contacts.csv."), "file")
        target = imports.new_list(db(), name or _("New list"))
        imports.import_file(
            db(),
            services().store,
            target,
            (upload.filename or "contacts.csv") if upload else "",
            data,
            request.form.get("basis", ""),
            request.form.get("source", ""),
        )
    except Refused as refusal:
        return _page(found, source, {f"import-{refusal.field or 'file'}": str(refusal)})
    audiences.set_campaign_lists(db(), found, [*audiences.campaign_lists(db(), found), target])
    flash(_("The list is being imported. You can go on meanwhile."))
    return _to(found, "people")


def _to(campaign: Campaign, anchor: str) -> Response:
    response = go("campaigns.show", campaign=campaign.public_id)
    response.headers["Location"] += f"#{anchor}"
    return response


@route(blueprint, "/campaigns/<campaign>/preview", RUN)
def preview_pane(campaign: str) -> ResponseReturnValue:
    """The preview side in another view or language."""
    found, source = _load(campaign)
    pane = panes.pane(source, found, request.args.get("show", ""), request.args.get("locale", ""))
    return render("campaign/_pane.html", campaign=found, pane=pane, language_name=language_name)


@route(blueprint, "/campaigns/<campaign>/preview/<piece>", RUN)
def preview(campaign: str, piece: str) -> ResponseReturnValue:
    """One piece as it will look, for a frame."""
    found, _source = _load(campaign)
    locale = request.args.get("locale", "") or found.locales[0]
    frame = previews.frame_of(services().store, services().settings, found, locale, _company())
    return frame_response(
        previews.preview(frame, piece, page.sender_line(found), bare="bare" in request.args)
    )


@route(blueprint, "/campaigns/<campaign>/document/<piece>", RUN)
def document(campaign: str, piece: str) -> ResponseReturnValue:
    """A document of the campaign as the PDF that people get."""
    found, _source = _load(campaign)
    locale = request.args.get("locale", "") or found.locales[0]
    frame = previews.frame_of(services().store, services().settings, found, locale, _company())
    if not isinstance(previews.piece_of(frame, piece), DocumentPiece):
        raise NotFound
    made = render_document(frame.source, piece, locale, frame.brand, frame.slots, page_url=frame.page_url)
    response = Response(made.pdf, content_type="application/pdf")
    response.headers["Content-Disposition"] = f'inline; filename="{found.slug}-{locale}.pdf"'
    return response


@route(blueprint, "/campaigns/<campaign>/launch", RUN, methods=("POST",))
def launch(campaign: str) -> ResponseReturnValue:
    """Save what the form brought, then launch. What is missing is said on the page; nothing is sent then."""
    found, source = _load(campaign)
    errors = saving.take(db(), source, found, request.form)
    if request.form.get("kit_version", found.kit_version.public_id) != found.kit_version.public_id:
        # somebody else moved the campaign: what is launched is what the person who launches has seen
        return _page(
            found, source, {}, _("This campaign has moved to another version of its kit. Look at it first.")
        )
    checked = page.check(db(), found, source)
    if errors or checked.problems:
        return _page(found, source, errors, _("The campaign can’t be launched yet. See what is missing."))
    try:
        sending.launch(db(), found, found.launch_at)
    except Refused as refusal:
        return _page(found, source, {}, str(refusal))
    flash(_("The campaign is planned.") if found.state == "scheduled" else _("The campaign is on its way."))
    return go("campaigns.live" if found.state != "scheduled" else "campaigns.show", campaign=campaign)


@route(blueprint, "/campaigns/<campaign>/duplicate", RUN, methods=("POST",))
def duplicate(campaign: str) -> ResponseReturnValue:
    """“Run again”: the same texts and look as a new draft."""
    original = load(db(), Campaign, campaign)
    fresh = service.duplicate(db(), original)
    if fresh.kit_version_id != original.kit_version_id:
        flash(
            _(
                "The kit has a newer version, %(version)s. This campaign uses it.",
                version=fresh.kit_version.version,
            )
        )
    return _to(fresh, "people")


@route(blueprint, "/campaigns/<campaign>/discard", RUN, methods=("POST",))
def discard(campaign: str) -> ResponseReturnValue:
    service.discard(db(), load(db(), Campaign, campaign))
    flash(_("The draft is thrown away."))
    return go("campaigns.index")


@route(blueprint, "/p/assets/<name>", PUBLIC)
def asset(name: str) -> ResponseReturnValue:
    """A picture that mails and pages show: a logo or a kit's image, under its content's hash."""
    key = asset_key(name)
    try:
        data = services().store.get(key) if key else None
    except MissingObject:
        data = None
    if data is None:
        raise NotFound
    response = Response(data, content_type=asset_content_type(name))
    response.headers["Cache-Control"] = CACHE_CONTROL["immutable"]
    response.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response
