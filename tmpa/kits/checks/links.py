"""Links of a finished piece resolve and are honest; nothing is loaded from elsewhere."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from lxml.html import HtmlElement

from tmpa.kernel.i18n import gettext as _
from tmpa.kits.checks.finished import Finished, text_of
from tmpa.kits.findings import Finding, error, warning

_LINK_OK = re.compile(r"https://[^\s/]+\.[^\s]+|mailto:|tel:\+?[0-9]|#[\w-]*$")
_MAILTO = re.compile(r"mailto:[^\s@?]+@[^\s@?]+\.[^\s@?]+(\?\S*)?$")
_CSS_URL = re.compile(r"@import|url\(\s*['\"]?(?:https?:)?//", re.IGNORECASE)
_ADDRESS = re.compile(r"(?:https?://|www\.)[^\s<>]+")
_DOMAIN = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,12}(?:/\S*)?")
SHORTENERS = frozenset((
    "bit.ly", "tinyurl.com", "t.co", "goo.gl", "ow.ly", "is.gd", "buff.ly", "rebrand.ly", "cutt.ly", "shorturl.at",
    "t.ly", "rb.gy", "tiny.cc", "bl.ink", "lnkd.in", "s.id", "v.gd", "soo.gd", "shorte.st", "adf.ly", "trib.al",
    "dlvr.it", "surl.li", "u.to", "clck.ru", "urlz.fr", "kutt.it", "x.co", "qr.ae", "short.io", "bitly.com",
))  # fmt: skip


def check_links(piece: Finished) -> Iterator[Finding]:
    """Every rule of this module on one finished piece."""
    root = piece.root
    ids = {element.get("id") for element in root.iter() if element.get("id")}
    ids |= {element.get("name") for element in root.iter("a") if element.get("name")}
    for anchor in root.iter("a", "area"):
        address = (anchor.get("href") or "").strip()
        yield from _resolves(piece, address, ids)
        yield from _honest(piece, anchor, address)
    yield from _outside(piece, root)


def _resolves(piece: Finished, address: str, ids: set[str | None]) -> Iterator[Finding]:
    place = piece.at(address)
    if not _LINK_OK.match(address):
        message = _("The link “%(address)s” is not an https address.", address=address[:80])
        yield error("links", *place, message, _("Write the full address with https://."))
    elif address.startswith("#") and len(address) > 1 and address[1:] not in ids:
        message = _("The link %(address)s leads to no element.", address=address[:80])
        yield error("links", *place, message, _("Give the element that id."))
    elif address.startswith("mailto:") and not _MAILTO.match(address):
        message = _("The link “%(address)s” holds no mail address.", address=address[:80])
        yield error("links", *place, message, _("Write mailto: and one mail address."))


def _host(address: str) -> str:
    try:
        return (urlsplit(address).hostname or "").lower().removeprefix("www.")
    except ValueError:
        return ""


def _honest(piece: Finished, anchor: HtmlElement, address: str) -> Iterator[Finding]:
    host = _host(address)
    if host in SHORTENERS:
        message = _("%(host)s hides where the link leads.", host=host)
        yield warning("url-shortener", *piece.at(address), message, _("Write the real address."))
    text = text_of(anchor).lower()
    # A bare name is an address only where it stands alone: “Works with monday.com” names a product
    said = _ADDRESS.search(text) or _DOMAIN.fullmatch(text)
    if said is None or not address.startswith("https://"):
        return
    shown = said[0] if "://" in said[0] else f"https://{said[0]}"
    if (claimed := _host(shown)) and claimed != host and not host.endswith(f".{claimed}"):
        message = _("The link says “%(claimed)s” and leads to %(host)s.", claimed=claimed, host=host)
        mend = _("Say in words where it leads.")
        yield error("link-disguise", *piece.at(address, claimed), message, mend)


def _outside(piece: Finished, root: HtmlElement) -> Iterator[Finding]:
    mend = _("Keep everything inside the kit.")
    for element in root.iter("script", "iframe", "object", "embed", "base"):
        if element.tag != "script" or piece.kind != "page" or element.get("src") is None:
            message = _("<%(name)s> is not allowed.", name=str(element.tag))
            yield error("outside", *piece.at(f"<{element.tag}"), message, _("Remove it."))
    for element in root.iter("link", "img", "source", "video", "audio"):
        address = element.get("href") or element.get("src") or ""
        if element.tag == "link" and element.get("rel") in {"canonical", "alternate"}:
            continue
        if address and not address.startswith(("data:", "kit:", "#")):
            message = _("The piece loads “%(address)s” from elsewhere.", address=address[:80])
            yield error("outside", *piece.at(address), message, mend)
    for style in root.iter("style"):
        if _CSS_URL.search(style.text or ""):
            message = _("The style sheet loads something from elsewhere.")
            yield error("outside", *piece.at("@import", "url("), message, mend)
    for element in root.iter():
        for key in element.attrib if isinstance(element.tag, str) else ():
            if str(key).lower().startswith("on"):
                message = _("The attribute %(name)s holds a script.", name=str(key))
                yield error("outside", *piece.at(f" {key}="), message, _("Remove it."))
