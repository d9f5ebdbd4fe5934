"""Pieces as they will look, for the portal's frames: with example people and links that lead nowhere."""

from base64 import b64encode
from html import escape

from tmpa.accounts.models import Organization
from tmpa.campaigns import typed
from tmpa.campaigns.addresses import page_url
from tmpa.campaigns.brands import preview_brand
from tmpa.campaigns.models import Campaign
from tmpa.campaigns.rendering import Frame, source_of
from tmpa.kernel.errors import NotFound, Refused
from tmpa.kernel.i18n import direction
from tmpa.kernel.i18n import gettext as _
from tmpa.kernel.objects import ObjectStore
from tmpa.kits.banner import render_banner
from tmpa.kits.catalogue import load_catalogue
from tmpa.kits.document import render_picture
from tmpa.kits.findings import CompileFailed
from tmpa.kits.manifest import (
    BannerPiece,
    DocumentPiece,
    MailPiece,
    PagePiece,
    Piece,
    SnippetPiece,
    SocialPiece,
)
from tmpa.kits.render import recipient_values, render_mail, render_page, render_post, render_snippet
from tmpa.settings import Settings

WIDTHS = {"mail": 680, "page": 1120, "social": 560, "document": 840, "banner": 840, "snippet": 560}
"""The width in pixels that each kind's desktop form is made for."""

DOCUMENT_PIXELS = 900  # across; at 1240 drawing it takes 0.2 s, too long while somebody types

EXAMPLE = {
    "en": ("Alex", "Example Ltd"),
    "de": ("Kim Beispiel", "Muster GmbH"),
    "fr": ("Camille", "Exemple SARL"),
    "ja": ("山田", "見本株式会社"),
    "ar": ("أحمد", "شركة المثال"),
}
_ENVELOPE = (
    '<div style="margin:0;padding:14px 20px;background:#fff;color:#1d1c19;border-bottom:1px solid #e5e2db;'
    'font:15px/1.45 system-ui,sans-serif;text-align:start" dir="{direction}" lang="{locale}">'
    '<div style="color:#625e56"><bdi>{sender}</bdi></div><div style="font-weight:600;font-size:17px">{subject}</div>'
    '<div style="color:#625e56;overflow:hidden;text-overflow:ellipsis;white-space:nowrap">{preheader}</div></div>'
)
_SHEET = """<!doctype html><html lang="{locale}" dir="{direction}"><head><meta charset="utf-8"><title>{title}</title>
<style>body{{margin:0;padding:24px;background:#f3f1ec;color:#1d1c19;font:16px/1.5 system-ui,"Noto Sans",sans-serif}}
.post{{max-width:520px;margin:0 auto;padding:20px 24px;background:#fff;border:1px solid #e5e2db;border-radius:10px;
white-space:pre-wrap;overflow-wrap:anywhere}}
.post b{{display:block;margin-bottom:10px}}.post span{{color:#625e56;font-size:14px}}
.sheet{{max-width:792px;margin:0 auto;background:#fff;box-shadow:0 4px 16px rgb(29 28 25/.12)}}
.sheet img{{display:block;width:100%}}
.banners{{display:grid;gap:24px;justify-items:center;margin:0;padding:0;list-style:none}}
.banners img{{display:block;max-width:100%;height:auto;box-shadow:0 2px 10px rgb(29 28 25/.14)}}
.banners span{{display:block;margin-bottom:6px;color:#625e56;font-size:14px}}</style></head>
<body>{body}</body></html>"""


def frame_of(
    store: ObjectStore, settings: Settings, campaign: Campaign, locale: str, company: Organization | None
) -> Frame:
    """What a campaign's previews in `locale` are rendered with. Raises NotFound for a locale the kit hasn't."""
    source = source_of(store, campaign)
    if locale not in source.manifest.locales:
        raise NotFound
    brand = preview_brand(store, campaign.brand, company.name if company else _("Your company"))
    slots, _errors = typed.checked(source, campaign.slots, locale)
    return Frame(source, locale, brand, slots, page_url(settings, campaign, locale))


def piece_of(frame: Frame, name: str) -> Piece:
    """The kit's piece of that name. Raises NotFound."""
    try:
        return frame.source.manifest.piece(name)
    except KeyError:
        raise NotFound from None


def preview(frame: Frame, name: str, sender: str = "", bare: bool = False) -> str:
    """A piece as an HTML document. `bare` leaves out the sender and subject above a mail. Raises NotFound."""
    piece = piece_of(frame, name)
    if isinstance(piece, MailPiece):
        return preview_mail(frame, piece, sender, bare)
    if isinstance(piece, PagePiece):
        return preview_page(frame, piece)
    if isinstance(piece, SocialPiece):
        return preview_post(frame, piece)
    if isinstance(piece, DocumentPiece):
        return preview_document(frame, piece)
    if isinstance(piece, BannerPiece):
        return preview_banner(frame, piece)
    if isinstance(piece, SnippetPiece):
        return preview_snippet(frame, piece)
    raise NotFound


def preview_mail(frame: Frame, piece: MailPiece, sender: str = "", bare: bool = False) -> str:
    """A mail to an example person, with sender, subject and preheader above it as an inbox shows them."""
    mail = render_mail(
        frame.source, piece.name, frame.locale, frame.brand, frame.slots, page_url=frame.page_url
    )
    person = recipient_values(frame.locale, *EXAMPLE.get(frame.locale.split("-")[0], EXAMPLE["en"]))
    html = mail.preview(person)
    if bare:
        return html
    envelope = _ENVELOPE.format(
        direction=direction(frame.locale),
        locale=escape(frame.locale),
        sender=escape(sender or frame.brand.name),
        subject=escape(mail.subject.fill(person)),
        preheader=escape(mail.preheader.fill(person)),
    )
    start = html.find(">", html.find("<body")) + 1
    return html[:start] + envelope + html[start:]


def preview_page(frame: Frame, piece: PagePiece) -> str:
    """A landing page whose form leads nowhere."""
    page = render_page(
        frame.source,
        piece.name,
        frame.locale,
        frame.brand,
        frame.slots,
        page_url="#",
        form_action="#",
        form_token="",
    )
    return page.html


def preview_post(frame: Frame, piece: SocialPiece) -> str:
    """A post on a card; what is too long for the network is said above it."""
    try:
        post = render_post(
            frame.source, piece.name, frame.locale, frame.brand, frame.slots, page_url=frame.page_url
        )
    except Refused as refusal:
        return _sheet(frame, piece.title, f'<div class="post"><b>{escape(str(refusal))}</b></div>')
    body = f'<div class="post"><b>{escape(frame.brand.name)}</b>{escape(post.text.strip())}</div>'
    return _sheet(frame, piece.title, body)


def preview_document(frame: Frame, piece: DocumentPiece) -> str:
    """A document's first page as a picture: a frame without scripts can't show a PDF."""
    picture = render_picture(
        frame.source,
        piece.name,
        frame.locale,
        frame.brand,
        frame.slots,
        page_url=frame.page_url,
        width=DOCUMENT_PIXELS,
    )
    address = "data:image/png;base64," + b64encode(picture).decode()
    return _sheet(
        frame, piece.title, f'<div class="sheet"><img src="{address}" alt="{escape(piece.title)}"></div>'
    )


def preview_banner(frame: Frame, piece: BannerPiece) -> str:
    """A banner in all its sizes; what has no room is said in its place."""
    title = load_catalogue(frame.source, frame.locale).gettext(piece.title)
    try:
        made = render_banner(
            frame.source, piece.name, frame.locale, frame.brand, frame.slots, page_url=frame.page_url
        )
    except CompileFailed as problem:
        return _sheet(frame, title, f'<div class="post"><b>{escape(problem.findings[0].message)}</b></div>')
    alt = escape(load_catalogue(frame.source, frame.locale).gettext(piece.alt))
    shown = "".join(
        f'<li><span dir="ltr">{banner.width} × {banner.height}</span>'
        f'<img width="{banner.width}" height="{banner.height}" alt="{alt}"'
        f' src="data:image/png;base64,{b64encode(banner.png).decode()}"></li>'
        for banner in made
    )
    return _sheet(frame, title, f'<ul class="banners">{shown}</ul>')


def preview_snippet(frame: Frame, piece: SnippetPiece) -> str:
    """A snippet as its frame shows it; its links lead nowhere."""
    return render_snippet(frame.source, piece.name, frame.locale, frame.brand, frame.slots, page_url="#").html


def _sheet(frame: Frame, title: str, body: str) -> str:
    return _SHEET.format(
        locale=escape(frame.locale), direction=direction(frame.locale), title=escape(title), body=body
    )
