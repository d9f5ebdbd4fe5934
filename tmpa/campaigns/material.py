"""What a partner takes along from a launched campaign: its finished pieces, the code to embed, the QR code, one zip."""

import io
import json
import zipfile
from collections.abc import Iterator
from html import escape

from sqlalchemy import select
from sqlalchemy.orm import Session

from tmpa.campaigns.addresses import embed_url, page_url
from tmpa.campaigns.models import Campaign, CampaignPiece
from tmpa.campaigns.rendering import fine_key, source_of
from tmpa.kernel.objects import MissingObject, ObjectStore
from tmpa.kits.catalogue import load_catalogue
from tmpa.kits.manifest import SnippetPiece
from tmpa.kits.qr import qr_png, qr_svg
from tmpa.kits.render import RenderedMail, recipient_values
from tmpa.kits.source import KitSource
from tmpa.settings import Settings

QR_MILLIMETRES = 40
"""Width of the QR code in print with its white edge: read from half a metre away, and fits on a business card."""

_SUFFIXES = {"social": "txt", "document": "pdf", "banner": "png", "page": "html", "snippet": "html"}


def pieces_in(session: Session, campaign: Campaign, locale: str) -> list[CampaignPiece]:
    """The finished pieces of a campaign in one locale; none before its launch."""
    wanted = select(CampaignPiece).where(
        CampaignPiece.campaign_id == campaign.id, CampaignPiece.locale == locale
    )
    return list(session.scalars(wanted.order_by(CampaignPiece.kind, CampaignPiece.piece)))


def embed_code(
    settings: Settings, campaign: Campaign, locale: str, piece: SnippetPiece, source: KitSource
) -> str:
    """The HTML that shows a snippet on the partner's own site; without script, its links open the campaign's page."""
    title = load_catalogue(source, locale).gettext(source.manifest.title)
    address = embed_url(settings, campaign, locale, piece.name)
    return (
        f'<iframe src="{escape(address)}" title="{escape(title)}" lang="{escape(locale)}" width="100%" '
        f'height="{piece.height}" loading="lazy" style="border:0"></iframe>'
    )


def qr_code(settings: Settings, campaign: Campaign, locale: str, form: str) -> bytes:
    """The QR code to the campaign's own page, in print size, as "svg" or "png" (300 dpi)."""
    address = page_url(settings, campaign, locale)
    if form == "svg":
        return qr_svg(address, border=4, millimetres=QR_MILLIMETRES)
    return qr_png(address, millimetres=QR_MILLIMETRES)


def file_name(piece: CampaignPiece) -> str:
    """What a finished piece is called when it is saved: "banner-728x90.de.png"."""
    return f"{piece.piece.replace('@', '-')}.{piece.locale}.{_SUFFIXES[piece.kind]}"


def everything(
    session: Session, store: ObjectStore, settings: Settings, campaign: Campaign, locale: str
) -> bytes:
    """Every finished piece of one locale with code and QR codes, as a zip; the same pieces give the same bytes.

    A piece whose file is gone is left out.
    """
    source = source_of(store, campaign)
    files: dict[str, bytes] = {}
    for piece in pieces_in(session, campaign, locale):
        try:
            files.update(_files(store, piece))
        except MissingObject:
            continue
    for wanted in source.manifest.pieces:
        if isinstance(wanted, SnippetPiece):
            code = embed_code(settings, campaign, locale, wanted, source)
            files[f"{wanted.name}.{locale}.embed-code.txt"] = f"{code}\n".encode()
    for form in ("svg", "png"):
        files[f"qr.{locale}.{form}"] = qr_code(settings, campaign, locale, form)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(f"{campaign.slug}/{name}", (1980, 1, 1, 0, 0, 0))
            archive.writestr(entry, files[name], zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _files(store: ObjectStore, piece: CampaignPiece) -> Iterator[tuple[str, bytes]]:
    data = store.get(piece.object_key)
    if piece.kind == "mail":
        mail = RenderedMail.from_json(json.loads(data))
        somebody = recipient_values(piece.locale, "", "")
        yield f"{piece.piece}.{piece.locale}.html", mail.preview(somebody).encode()
        return
    yield file_name(piece), data
    if piece.kind == "banner":
        yield file_name(piece).replace(".png", "@2x.png"), store.get(fine_key(piece.object_key))
