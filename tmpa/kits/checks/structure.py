"""Accessibility of a finished piece: language, alternative texts, headings, table roles, link texts."""

from collections.abc import Iterator

from lxml.html import HtmlElement

from tmpa.kernel.i18n import direction
from tmpa.kernel.i18n import gettext as _
from tmpa.kits.checks.finished import Finished, text_of
from tmpa.kits.findings import Finding, error, warning

# What a link says when it doesn't say where it leads, folded to small letters.
VAGUE = frozenset((
    "here", "click here", "this", "link", "this link", "more", "click",
    "hier", "hier klicken", "klicken sie hier", "mehr", "klick", "dieser link",
    "ici", "cliquez ici", "cliquer ici", "plus", "ce lien", "lien",
    "ここ", "こちら", "ここをクリック", "こちらをクリック", "リンク", "クリック",
    "هنا", "اضغط هنا", "انقر هنا", "الرابط", "هذا الرابط", "المزيد",
    "aquí", "haga clic aquí", "pulse aquí", "enlace", "más",
    "qui", "clicca qui", "fai clic qui", "altro", "più",
    "aqui", "clique aqui", "mais", "klik hier", "meer", "deze link",
    "tutaj", "kliknij tutaj", "kliknij", "więcej", "zde", "klikněte zde", "buraya", "buraya tıklayın",
    "这里", "点击这里", "点这里", "更多", "여기", "여기를 클릭", "यहाँ", "यहाँ क्लिक करें",
))  # fmt: skip

_OF_MJML = {"mj-accordion", "mj-accordion-element"}  # tables of MJML's own that no template can give a role


def check_structure(piece: Finished) -> Iterator[Finding]:
    """Every rule of this module on one finished piece."""
    root = piece.root
    yield from _language(piece, root)
    yield from _pictures(piece, root)
    yield from _headings(piece, root)
    yield from _tables(piece, root)
    yield from _link_texts(piece, root)


def _language(piece: Finished, root: HtmlElement) -> Iterator[Finding]:
    if root.get("lang") != piece.locale or root.get("dir") != direction(piece.locale):
        tag = "mjml" if piece.kind == "mail" else "html"
        message = _("Language and direction are not set.")
        mend = _('Write <%(tag)s lang="{{ locale }}" dir="{{ direction }}">.', tag=tag)
        yield error("language", *piece.at(f"<{tag}"), message, mend)


def _pictures(piece: Finished, root: HtmlElement) -> Iterator[Finding]:
    for picture in root.iter("img"):
        if picture.get("alt") is None:
            message = _("A picture has no alternative text.")
            mend = _('Add alt="…", empty for decoration.')
            yield error("alt-text", *_place_of_picture(piece, picture), message, mend)
    for drawing in root.iter("svg"):
        named = (
            drawing.get("aria-label")
            or drawing.get("aria-labelledby")
            or drawing.find(".//title") is not None
        )
        if drawing.get("aria-hidden") != "true" and not named:
            message = _("A drawing is neither hidden from screen readers nor named.")
            mend = _('Add aria-hidden="true" or a <title> to the SVG.')
            yield error("alt-text", *piece.at("<svg"), message, mend)


def _place_of_picture(piece: Finished, picture: HtmlElement) -> tuple[str, int]:
    return piece.at((picture.get("src") or "").removeprefix("kit:"), "<img", "<mj-image")


def _headings(piece: Finished, root: HtmlElement) -> Iterator[Finding]:
    levels = [int(element.tag[1]) for element in root.iter("h1", "h2", "h3", "h4", "h5", "h6")]
    if piece.kind == "page" and levels.count(1) != 1:
        message = _("The page has %(count)s first-level headings instead of one.", count=levels.count(1))
        yield error("headings", *piece.at("<h1"), message, _("Use one <h1>."))
    for before, after in zip([6 if piece.kind == "snippet" else 0, *levels], levels, strict=False):
        if after > before + 1:
            message = _("A heading of level %(after)s follows level %(before)s.", after=after, before=before)
            yield error("headings", *piece.at(f"<h{after}"), message, _("Don't skip a level."))
            return


def _tables(piece: Finished, root: HtmlElement) -> Iterator[Finding]:
    for table in root.iter("table"):
        if table.get("role") in {"presentation", "none", "table", "grid"} or table.get("class") in _OF_MJML:
            continue
        if table.find("caption") is not None or next(table.iter("th"), None) is not None:
            continue
        message = _("A table has neither headings nor the role presentation.")
        mend = _('Add role="presentation" to a table that only lays out, <th> to one with data.')
        yield warning("table-role", *piece.at("<table", "<mj-table"), message, mend)
        return


def _link_texts(piece: Finished, root: HtmlElement) -> Iterator[Finding]:
    for anchor in root.iter("a"):
        if anchor.get("href") is None:
            continue
        name = text_of(anchor) or anchor.get("aria-label") or " ".join(anchor.xpath(".//img/@alt")).strip()
        name = name or " ".join(anchor.xpath(".//svg/@aria-label | .//svg/title/text()")).strip()
        if not name:
            message = _("A link has no text.")
            yield error("link-text", *_place_of_link(piece, anchor), message, _("Write where it leads."))
        elif name.casefold().strip(" .:…>»›→←!") in VAGUE:
            message = _("The link “%(name)s” doesn't say where it leads.", name=name[:60])
            mend = _("Name what people find there.")
            yield warning("link-text", *_place_of_link(piece, anchor, name), message, mend)


def _place_of_link(piece: Finished, anchor: HtmlElement, name: str = "") -> tuple[str, int]:
    return piece.at(name, anchor.get("href") or "")
