"""Kits (vendor) and the gallery (partner)."""

from collections.abc import Mapping
from dataclasses import dataclass

from flask import Blueprint, Response, abort, g, request, url_for
from flask.typing import ResponseReturnValue

from tmpa.accounts.models import Organization
from tmpa.campaigns import previews, typed
from tmpa.campaigns.addresses import page_url
from tmpa.campaigns.brands import preview_brand
from tmpa.campaigns.models import Campaign
from tmpa.campaigns.rendering import Frame
from tmpa.kernel.clock import utcnow
from tmpa.kernel.errors import NotFound
from tmpa.kernel.http import db, go, render, route, scope, services
from tmpa.kernel.i18n import current_locale, language_name
from tmpa.kernel.i18n import gettext as _
from tmpa.kernel.permissions import Permission
from tmpa.kernel.scope import load
from tmpa.kits import eligibility, queries, service
from tmpa.kits.catalogue import load_catalogue
from tmpa.kits.diff import compare
from tmpa.kits.document import render_document
from tmpa.kits.findings import Finding, KitRefused
from tmpa.kits.localisation.coverage import coverage
from tmpa.kits.manifest import DocumentPiece
from tmpa.kits.models import Kit, KitVersion
from tmpa.kits.rules import RULES
from tmpa.kits.samples import sample_values
from tmpa.kits.slots import validate_slots
from tmpa.kits.source import KitSource
from tmpa.partners.brands import default_brand
from tmpa.web.campaign.frames import frame_response
from tmpa.web.campaign.upgrade_views import grouped
from tmpa.web.kits.figures import Use, partners_of_kit, use_of_kits
from tmpa.web.kits.findings import by_file
from tmpa.web.kits.matrix import brand_of, matrix
from tmpa.web.kits.reach import audience

blueprint = Blueprint("kits", __name__, template_folder="templates")


@dataclass(frozen=True, slots=True)
class Tile:
    """A kit as people see it in a list: its pictures in their language, then its words."""

    version: KitVersion
    locale: str
    title: str
    summary: str
    mail: str | None
    page: str | None
    pieces: list[str]
    use: Use


def _source(version: KitVersion) -> KitSource:
    return service.load_source(services().store, version)


def nearest_locale(source: KitSource, wanted: str) -> str:
    """The kit's locale for a reader: theirs, another of their language, else the source locale."""
    offered = source.manifest.locales
    if wanted in offered:
        return wanted
    language = wanted.split("-")[0]
    return next((tag for tag in offered if tag.split("-")[0] == language), source.manifest.source_locale)


def tab_names(source: KitSource) -> list[str]:
    """Short names of the pieces, for tabs: their kind, numbered where there are several."""
    words = {"mail": _("Mail"), "page": _("Page"), "social": _("Post"), "document": _("PDF"),
             "banner": _("Banner"), "snippet": _("Snippet")}  # fmt: skip
    kinds = [piece.kind for piece in source.manifest.pieces]
    return [
        words[kind] if kinds.count(kind) == 1 else f"{words[kind]} {kinds[: at + 1].count(kind)}"
        for at, kind in enumerate(kinds)
    ]


def _tile(version: KitVersion, use: Use) -> Tile:
    source = _source(version)
    locale = nearest_locale(source, current_locale())
    gettext = load_catalogue(source, locale).gettext

    def picture(kind: str) -> str | None:
        piece = next((piece for piece in source.manifest.pieces if piece.kind == kind), None)
        if piece is None:
            return None
        return url_for(".preview", version=version.public_id, piece=piece.name, locale=locale, bare=1)

    return Tile(
        version,
        locale,
        gettext(source.manifest.title),
        gettext(source.manifest.summary),
        picture("mail"),
        picture("page"),
        [gettext(piece.title) for piece in source.manifest.pieces],
        use,
    )


@route(blueprint, "/kits", Permission.SEE_KITS)
def index() -> ResponseReturnValue:
    if scope().side == "partner":
        return go("kits.gallery")
    use = use_of_kits(db())
    tiles = [_tile(queries.latest(kit), use.get(kit.id, Use())) for kit in queries.kits(db()) if kit.versions]
    return render("kits/index.html", tiles=tiles, drafts=queries.drafts(db()))


@route(blueprint, "/kits/gallery", Permission.SEE_KITS)
def gallery() -> ResponseReturnValue:
    """What a partner may start from, in the partner's own brand and language; then what is for others, and for whom."""
    company: Organization = g.organization
    places = eligibility.places(db(), company.id) if scope().side == "partner" else {}
    use = use_of_kits(db())
    vendors = {each.id: each.name for each in db().query(Organization)}
    tiles, closed = [], []
    for version in queries.offered(db(), utcnow().date()):
        tile = _tile(version, use.get(version.kit_id, Use()))
        reason = eligibility.obstacle(version.manifest, places.get(version.vendor_id)) if places else ""
        if reason:
            closed.append((tile, reason))
        else:
            tiles.append(tile)
    return render("kits/gallery.html", tiles=tiles, closed=closed, vendors=vendors)


@route(blueprint, "/kits/rules", Permission.SEE_KITS)
def rules() -> ResponseReturnValue:
    """Every rule of the check, in the reader's language: what findings link to."""
    return render("kits/rules.html", rules=RULES)


@route(blueprint, "/kits/<kit>", Permission.SEE_KITS)
def detail(kit: str) -> ResponseReturnValue:
    found = load(db(), Kit, kit)
    if scope().side == "partner":
        return go("kits.offer", version=queries.latest(found).public_id)
    version = next((each for each in found.versions if each.public_id == request.args.get("version")), None)
    version = version or queries.latest(found)
    source = _source(version)
    manifest = source.manifest
    near = nearest_locale(source, current_locale())
    gettext = load_catalogue(source, near).gettext
    names = {each.id: each.name for each in db().query(Organization)}
    before = _before(found, version)

    def address(piece: str, locale: str, look: Mapping[str, str]) -> str:
        return url_for(".preview", version=version.public_id, piece=piece, locale=locale, **look)  # type: ignore[arg-type]

    return render(
        "kits/detail.html",
        kit=found,
        version=version,
        manifest=manifest,
        title=gettext(manifest.title),
        summary=gettext(manifest.summary),
        matrix=matrix(source, request.args, near, gettext, address),
        coverage=coverage(source),
        groups=by_file([Finding.from_json(item) for item in version.findings]),
        before=before,
        changes=grouped(compare(_source(before), source)) if before else [],
        audience=audience(db(), found.vendor_id, found.id, version.version, version.manifest),
        use=use_of_kits(db()).get(found.id, Use()),
        partner_use=[(names.get(each.partner_id, ""), each) for each in partners_of_kit(db(), found.id)],
        draft=queries.draft_of(db(), found.name),
        today=utcnow().date(),
    )


def _before(kit: Kit, version: KitVersion) -> KitVersion | None:
    """The version that a version follows, by their numbers."""
    lower = [each for each in kit.versions if service.rank(each.version) < service.rank(version.version)]
    return max(lower, key=lambda each: service.rank(each.version), default=None)


@route(blueprint, "/kits/offer/<version>", Permission.RUN_CAMPAIGNS)
def offer(version: str) -> ResponseReturnValue:
    """One kit for a partner: every piece in their brand, in the language they choose."""
    found = load(db(), KitVersion, version)
    source = _source(found)
    asked = request.args.get("locale", "")
    locale = asked if asked in source.manifest.locales else nearest_locale(source, current_locale())
    gettext = load_catalogue(source, nearest_locale(source, current_locale())).gettext
    shown = [
        (
            piece.name,
            name,
            url_for(".preview", version=version, piece=piece.name, locale=locale),
            previews.WIDTHS[piece.kind],
        )
        for piece, name in zip(source.manifest.pieces, tab_names(source), strict=True)
    ]
    return render(
        "kits/offer.html",
        version=found,
        manifest=source.manifest,
        title=gettext(source.manifest.title),
        summary=gettext(source.manifest.summary),
        audience=gettext(source.manifest.audience) if source.manifest.audience else "",
        gettext_kit=gettext,
        shown=shown,
        locale_shown=locale,
        locale_name=language_name,
        usable=found in queries.offered(db(), utcnow().date()),
        obstacle=eligibility.obstacle_of(db(), found, g.organization.id),
    )


def _frame(version: KitVersion, piece: str, locale: str) -> Frame:
    source = _source(version)
    if locale not in source.manifest.locales or piece not in {each.name for each in source.manifest.pieces}:
        raise NotFound
    if scope().side == "partner":
        company: Organization = g.organization
        brand = preview_brand(services().store, default_brand(db(), company.id), company.name)
        slots, _errors = typed.checked(source, {}, locale)
    else:
        brand = brand_of(request.args)
        slots = validate_slots(source, sample_values(source, locale), locale, partial=True)
    return Frame(
        source, locale, brand, slots, page_url(services().settings, Campaign(slug=version.kit.name), locale)
    )


@route(blueprint, "/kits/preview/<version>/<piece>/<locale>", Permission.SEE_KITS)
def preview(version: str, piece: str, locale: str) -> ResponseReturnValue:
    """A piece for a frame: in the partner's own brand, or the sample brand for the vendor."""
    found = load(db(), KitVersion, version)
    frame = _frame(found, piece, locale)
    try:
        html = previews.preview(frame, piece, bare=bool(request.args.get("bare")))
    except KitRefused as refusal:
        abort(Response(str(refusal), 422, content_type="text/plain; charset=utf-8"))
    return frame_response(html)


@route(blueprint, "/kits/preview/<version>/<piece>/<locale>.pdf", Permission.SEE_KITS)
def document(version: str, piece: str, locale: str) -> ResponseReturnValue:
    found = load(db(), KitVersion, version)
    frame = _frame(found, piece, locale)
    if not isinstance(frame.source.manifest.piece(piece), DocumentPiece):
        raise NotFound
    made = render_document(frame.source, piece, locale, frame.brand, frame.slots, page_url=frame.page_url)
    response = Response(made.pdf, content_type="application/pdf")
    response.headers["Content-Disposition"] = f'inline; filename="{found.kit.name}-{piece}-{locale}.pdf"'
    return response
