"""The live page's part for a partner's own channels: posts, banners, the snippet, the QR code, all in one zip."""

from dataclasses import dataclass

from flask import Response, request, url_for
from flask.typing import ResponseReturnValue

from tmpa.campaigns import material
from tmpa.campaigns.models import Campaign, CampaignPiece
from tmpa.campaigns.rendering import fine_key, source_of
from tmpa.kernel.errors import NotFound
from tmpa.kernel.http import db, route, services
from tmpa.kernel.objects import MissingObject
from tmpa.kernel.scope import load
from tmpa.kits.catalogue import load_catalogue
from tmpa.kits.manifest import BannerPiece, SnippetPiece
from tmpa.web.campaign.page import reader_locale
from tmpa.web.campaign.views import RUN, blueprint

_TYPES = {"banner": "image/png", "document": "application/pdf", "social": "text/plain; charset=utf-8"}
"""What is handed out from the portal's own address; pages and snippets have public addresses of their own."""


@dataclass(frozen=True, slots=True)
class Post:
    """A finished post with its link, ready to be copied."""

    id: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Banner:
    """One size of a banner: its picture, the download and the finer download."""

    title: str
    alt: str
    width: int
    height: int
    picture: str
    fine: str


@dataclass(frozen=True, slots=True)
class Snippet:
    """A snippet with the code that shows it, and its picture's frame."""

    id: str
    title: str
    code: str
    frame: str
    height: int


@dataclass(frozen=True, slots=True)
class Material:
    """Everything to take along in one locale."""

    locale: str
    posts: list[Post]
    banners: list[Banner]
    snippets: list[Snippet]
    documents: list[tuple[str, str]]
    has_page: bool
    millimetres: int = material.QR_MILLIMETRES


def of(campaign: Campaign, wanted: str) -> Material | None:
    """What there is to take along; `wanted` falls back to the first locale. None before the pieces are finished."""
    locale = wanted if wanted in campaign.locales else campaign.locales[0]
    rows = {row.piece: row for row in material.pieces_in(db(), campaign, locale)}
    if not rows:
        return None
    store, settings = services().store, services().settings
    source = source_of(store, campaign)
    titles = load_catalogue(source, reader_locale(source)).gettext
    own = load_catalogue(source, locale).gettext
    found = Material(locale, [], [], [], [], any(row.kind == "page" for row in rows.values()))
    for piece in source.manifest.pieces:
        title = titles(piece.title)
        if isinstance(piece, BannerPiece):
            for size in piece.sizes:
                if row := rows.get(f"{piece.name}@{size}"):
                    width, height = map(int, size.split("x"))
                    fine = _address(campaign, row, fine=1)
                    found.banners.append(
                        Banner(title, own(piece.alt), width, height, _address(campaign, row), fine)
                    )
        elif piece.name not in rows:
            continue
        elif isinstance(piece, SnippetPiece):
            code = material.embed_code(settings, campaign, locale, piece, source)
            frame = url_for("campaigns.preview", campaign=campaign.public_id, piece=piece.name, locale=locale)
            found.snippets.append(Snippet(f"embed-{piece.name}", title, code, frame, piece.height))
        elif piece.kind == "social":
            try:
                text = store.get(rows[piece.name].object_key).decode().strip()
            except MissingObject:
                continue
            found.posts.append(Post(f"post-{piece.name}", title, text))
        elif piece.kind == "document":
            found.documents.append((title, _address(campaign, rows[piece.name])))
    return found


def _address(campaign: Campaign, row: CampaignPiece, fine: int | None = None) -> str:
    return url_for("campaigns.piece_file", campaign=campaign.public_id, piece_id=row.public_id, fine=fine)


@route(blueprint, "/campaigns/<campaign>/files/<piece_id>", RUN)
def piece_file(campaign: str, piece_id: str) -> ResponseReturnValue:
    """A finished banner, document or post; with `?fine=1` the banner with twice the pixels."""
    found = load(db(), Campaign, campaign)
    row = load(db(), CampaignPiece, piece_id)
    if row.campaign_id != found.id or row.kind not in _TYPES:
        raise NotFound
    fine = row.kind == "banner" and "fine" in request.args
    try:
        data = services().store.get(fine_key(row.object_key) if fine else row.object_key)
    except MissingObject:
        raise NotFound from None
    name = material.file_name(row)
    return _handed_out(
        data, _TYPES[row.kind], name.replace(".png", "@2x.png") if fine else name, "save" in request.args
    )


@route(blueprint, "/campaigns/<campaign>/qr.svg", RUN)
def qr_svg(campaign: str) -> ResponseReturnValue:
    """The QR code to the campaign's page, for print at any size."""
    return _qr(campaign, "svg", "image/svg+xml")


@route(blueprint, "/campaigns/<campaign>/qr.png", RUN)
def qr_png(campaign: str) -> ResponseReturnValue:
    """The QR code to the campaign's page as a picture for print at 300 dpi."""
    return _qr(campaign, "png", "image/png")


def _qr(campaign: str, form: str, content_type: str) -> Response:
    found = load(db(), Campaign, campaign)
    locale = _locale(found)
    data = material.qr_code(services().settings, found, locale, form)
    return _handed_out(data, content_type, f"qr-{found.slug}.{locale}.{form}", "save" in request.args)


@route(blueprint, "/campaigns/<campaign>/everything.zip", RUN)
def everything(campaign: str) -> ResponseReturnValue:
    """All pieces of one language in a zip."""
    found = load(db(), Campaign, campaign)
    locale = _locale(found)
    if not material.pieces_in(db(), found, locale):
        raise NotFound
    data = material.everything(db(), services().store, services().settings, found, locale)
    return _handed_out(data, "application/zip", f"{found.slug}-{locale}.zip", True)


def _locale(campaign: Campaign) -> str:
    locale = request.args.get("locale", "") or campaign.locales[0]
    if locale not in campaign.locales:
        raise NotFound
    return locale


def _handed_out(data: bytes, content_type: str, name: str, save: bool) -> Response:
    response = Response(data, content_type=content_type)
    disposition = "attachment" if save else "inline"
    response.headers["Content-Disposition"] = f'{disposition}; filename="{name}"'
    response.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    if content_type == "application/pdf":  # the browser's own viewer doesn't start in a sandbox
        response.headers["Content-Security-Policy"] = "default-src 'none'; object-src 'self'"
    response.headers["Cache-Control"] = "private, no-store"
    return response
