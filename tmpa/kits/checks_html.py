"""Rules over finished mails and pages: accessibility, links, weight."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lxml import html as lxml_html
from lxml.html import HtmlElement

from tmpa.kernel.i18n import direction
from tmpa.kernel.i18n import gettext as _
from tmpa.kits.findings import Finding, error, warning
from tmpa.kits.values import contrast

MAX_MAIL_BYTES = 102_000  # Gmail clips what is longer
WARN_MAIL_BYTES = 90_000
_LINK_OK = re.compile(r"https://|mailto:|tel:|#[\w-]*$")
_CSS_URL = re.compile(r"@import|url\(\s*['\"]?(?:https?:)?//", re.IGNORECASE)
_DECLARATION = re.compile(
    r"(?:^|;)\s*(color|background-color|background|font-size|font-weight)\s*:\s*([^;]+)"
)
_HEX = re.compile(r"#[0-9a-fA-F]{6}\b|#[0-9a-fA-F]{3}\b")
_NAMED = {"white": "#ffffff", "black": "#000000"}


@dataclass(frozen=True, slots=True)
class Finished:
    """One finished piece under check. `file` is its template."""

    kind: str
    file: str
    locale: str
    html: str

    def document(self) -> HtmlElement:
        """The parsed HTML."""
        return lxml_html.document_fromstring(self.html)


def check_finished(piece: Finished) -> list[Finding]:
    """Every rule of this module on one finished mail or page."""
    root = piece.document()
    findings = [
        *_language(piece, root),
        *_pictures(piece, root),
        *_links(piece, root),
        *_headings(piece, root),
    ]
    findings += _outside(piece, root)
    if piece.kind == "mail":
        findings += [*_weight(piece), *_contrast(piece, root)]
    return findings


def _language(piece: Finished, root: HtmlElement) -> Iterator[Finding]:
    if root.get("lang") != piece.locale or root.get("dir") != direction(piece.locale):
        tag = "mjml" if piece.kind == "mail" else "html"
        message = _("Language and direction are not set.")
        mend = _('Write <%(tag)s lang="{{ locale }}" dir="{{ direction }}">.', tag=tag)
        yield error("language", piece.file, 0, message, mend)


def _pictures(piece: Finished, root: HtmlElement) -> Iterator[Finding]:
    for picture in root.iter("img"):
        if picture.get("alt") is None:
            message = _("A picture has no alternative text.")
            mend = _('Add alt="…", empty for decoration.')
            yield error("alt-text", piece.file, 0, message, mend)
    for drawing in root.iter("svg"):
        named = (
            drawing.get("aria-label")
            or drawing.get("aria-labelledby")
            or drawing.find(".//title") is not None
        )
        if drawing.get("aria-hidden") != "true" and not named:
            message = _("A drawing is neither hidden from screen readers nor named.")
            mend = _('Add aria-hidden="true" or a <title> to the SVG.')
            yield error("alt-text", piece.file, 0, message, mend)


def _links(piece: Finished, root: HtmlElement) -> Iterator[Finding]:
    ids = {element.get("id") for element in root.iter() if element.get("id")}
    for anchor in root.iter("a"):
        address = (anchor.get("href") or "").strip()
        if not _LINK_OK.match(address):
            message = _("The link “%(address)s” is not an https address.", address=address[:80])
            yield error("links", piece.file, 0, message, _("Write the full address with https://."))
        elif piece.kind == "page" and address.startswith("#") and len(address) > 1 and address[1:] not in ids:
            message = _("The link %(address)s leads to no element.", address=address[:80])
            yield error("links", piece.file, 0, message, _("Give the element that id."))
        name = "".join(anchor.itertext()).strip() or anchor.get("aria-label") or anchor.xpath(".//img/@alt")
        if not name:
            message = _("A link has no text.")
            yield error("link-text", piece.file, 0, message, _("Write where it leads."))


def _headings(piece: Finished, root: HtmlElement) -> Iterator[Finding]:
    levels = [int(element.tag[1]) for element in root.iter("h1", "h2", "h3", "h4", "h5", "h6")]
    if piece.kind == "page" and levels.count(1) != 1:
        message = _("The page has %(count)s first-level headings instead of one.", count=levels.count(1))
        yield error("headings", piece.file, 0, message, _("Use one <h1>."))
    for before, after in zip([0, *levels], levels, strict=False):
        if after > before + 1:
            message = _("A heading of level %(after)s follows level %(before)s.", after=after, before=before)
            yield error("headings", piece.file, 0, message, _("Don't skip a level."))
            return


def _outside(piece: Finished, root: HtmlElement) -> Iterator[Finding]:
    mend = _("Keep everything inside the kit.")
    for element in root.iter("script", "iframe", "object", "embed", "base"):
        if element.tag != "script" or piece.kind == "mail" or element.get("src") is None:
            message = _("<%(name)s> is not allowed.", name=str(element.tag))
            yield error("outside", piece.file, 0, message, _("Remove it."))
    for element in root.iter("link", "img", "source", "video", "audio"):
        address = element.get("href") or element.get("src") or ""
        if element.tag == "link" and element.get("rel") in {"canonical", "alternate"}:
            continue
        if address and not address.startswith(("data:", "kit:", "#")):
            message = _("The piece loads “%(address)s” from elsewhere.", address=address[:80])
            yield error("outside", piece.file, 0, message, mend)
    for style in root.iter("style"):
        if _CSS_URL.search(style.text or ""):
            yield error("outside", piece.file, 0, _("The style sheet loads something from elsewhere."), mend)
    for element in root.iter():
        for key in element.attrib if isinstance(element.tag, str) else ():
            if str(key).lower().startswith("on"):
                message = _("The attribute %(name)s holds a script.", name=str(key))
                yield error("outside", piece.file, 0, message, _("Remove it."))


def _weight(piece: Finished) -> Iterator[Finding]:
    size = len(piece.html.encode())
    message = _("The mail has %(size)s kB; Gmail cuts off what is beyond 102 kB.", size=size // 1000)
    if size > MAX_MAIL_BYTES:
        yield error("mail-size", piece.file, 0, message, _("Shorten it."))
    elif size > WARN_MAIL_BYTES:
        yield warning("mail-size", piece.file, 0, message, _("Shorten it."))


def _colour(value: str) -> str:
    found = _HEX.search(value)
    colour = found[0].lower() if found else _NAMED.get(value.strip().lower(), "")
    return "#" + "".join(char * 2 for char in colour[1:]) if len(colour) == 4 else colour


@dataclass(frozen=True, slots=True)
class _Look:
    text: str = "#000000"
    ground: str = "#ffffff"
    size: float = 13.0
    bold: bool = False
    known: bool = True  # a picture as ground can't be judged

    def under(self, element: HtmlElement) -> "_Look":
        text, ground, size, bold, known = self.text, self.ground, self.size, self.bold, self.known
        if element.tag in {"strong", "b", "h1", "h2", "h3", "th"}:
            bold = True
        if (attribute := _colour(element.get("bgcolor") or "")) != "":
            ground, known = attribute, True
        for name, value in _DECLARATION.findall((element.get("style") or "").lower()):
            if name == "color":
                text = _colour(value) or text
            elif name.startswith("background"):
                colour = _colour(value)
                ground, known = (
                    colour or ground,
                    (bool(colour) and "url(" not in value) or (known and not colour),
                )
            elif name == "font-size" and (points := re.match(r"\s*([0-9.]+)px", value)):
                size = float(points[1])
            elif name == "font-weight":
                bold = value.strip() in {"bold", "600", "700", "800", "900"}
        return _Look(text, ground, size, bold, known)


def _contrast(piece: Finished, root: HtmlElement) -> Iterator[Finding]:
    """Mails carry their styles inline, so the actual colours of every text are known."""
    body = root.find("body")
    seen: set[tuple[str, str]] = set()
    if body is not None:
        for element, look in _looks(body, _Look()):
            own = (element.text or "") + "".join(child.tail or "" for child in element)
            wanted = 3.0 if look.size >= 24 or (look.bold and look.size >= 18.66) else 4.5
            pair = (look.text, look.ground)
            if own.strip() and look.known and contrast(*pair) < wanted and pair not in seen:
                seen.add(pair)
                message = _(
                    "The text %(colour)s on %(ground)s has a contrast of %(ratio)s to 1.",
                    colour=look.text,
                    ground=look.ground,
                    ratio=f"{contrast(*pair):.1f}",
                )
                mend = _("Reach %(wanted)s to 1.", wanted=wanted)
                yield error("contrast", piece.file, 0, message, mend)


def _looks(element: HtmlElement, around: _Look) -> Iterator[tuple[HtmlElement, _Look]]:
    if not isinstance(element.tag, str) or "display:none" in (element.get("style") or "").replace(" ", ""):
        return
    look = around.under(element)
    yield element, look
    for child in element:
        yield from _looks(child, look)
