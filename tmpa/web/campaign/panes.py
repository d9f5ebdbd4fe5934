"""The preview side of the campaign page, and the frames of the live page."""

from dataclasses import dataclass

from flask import url_for

from tmpa.campaigns import previews
from tmpa.campaigns.material import embed_code
from tmpa.campaigns.models import Campaign
from tmpa.kernel.http import services
from tmpa.kernel.i18n import gettext as _
from tmpa.kits.catalogue import load_catalogue
from tmpa.kits.manifest import DocumentPiece, Piece, SnippetPiece
from tmpa.kits.source import KitSource
from tmpa.web.campaign.page import reader_locale


@dataclass(frozen=True, slots=True)
class Pane:
    """What the preview side shows: the frames of one view."""

    views: list[tuple[str, str, bool]]
    frames: list[tuple[str, str, str, int]]
    locale: str
    show: str
    document: str = ""
    embed: str = ""


def pane(source: KitSource, campaign: Campaign, show: str, locale: str) -> Pane:
    """The frames of the view `show` ("both", or a piece's name) in `locale`; unknown ones fall back to the first."""
    if locale not in campaign.locales:
        locale = campaign.locales[0]
    words = load_catalogue(source, reader_locale(source)).gettext
    pieces = source.manifest.pieces
    names = [piece.name for piece in pieces]
    mail = next((piece for piece in pieces if piece.kind == "mail"), None)
    page = next((piece for piece in pieces if piece.kind == "page"), None)
    has_both = mail is not None and page is not None
    if show not in names:
        show = "both" if has_both else names[0]
    views = [("both", _("Mail and page"), show == "both")] if has_both else []
    views += [(piece.name, words(piece.title), show == piece.name) for piece in pieces]
    shown = [each for each in (mail, page) if each] if show == "both" else [source.manifest.piece(show)]
    frames = [
        (f"preview-{number}", *_frame(words(piece.title), piece, campaign, locale))
        for number, piece in enumerate(shown, 1)
    ]
    document = embed = ""
    chosen = None if show == "both" else source.manifest.piece(show)
    if isinstance(chosen, DocumentPiece):
        document = url_for("campaigns.document", campaign=campaign.public_id, piece=show, locale=locale)
    if isinstance(chosen, SnippetPiece):
        embed = embed_code(services().settings, campaign, locale, chosen, source)
    return Pane(views, frames, locale, show, document, embed)


def frames(source: KitSource, campaign: Campaign) -> list[tuple[str, str, str, int]]:
    """Name, title, address and width of a frame for each piece, in the campaign's first language."""
    words = load_catalogue(source, reader_locale(source)).gettext
    return [
        (f"piece-{piece.name}", *_frame(words(piece.title), piece, campaign, campaign.locales[0]))
        for piece in source.manifest.pieces
    ]


def _frame(title: str, piece: Piece, campaign: Campaign, locale: str) -> tuple[str, str, int]:
    address = url_for("campaigns.preview", campaign=campaign.public_id, piece=piece.name, locale=locale)
    return title, address, previews.WIDTHS[piece.kind]
