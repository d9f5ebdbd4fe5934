"""The plain-text part of a mail, and the text of a rich-text value."""

import re
from dataclasses import dataclass, field

from lxml import html as lxml_html
from lxml.html import HtmlElement

_PARAGRAPH = {"p", "div", "h1", "h2", "h3", "h4", "h5", "h6", "table", "ul", "ol", "blockquote", "section", "article",
              "header", "footer", "main", "figure", "dl", "hr", "form"}  # fmt: skip
_LINE = {"tr", "li", "dt", "dd", "figcaption"}
_SKIPPED = {"head", "style", "script", "title", "noscript", "svg", "template"}
_HIDDEN = re.compile(r"display\s*:\s*none", re.IGNORECASE)
_CELL = {"td", "th"}
_GAP_LINE, _GAP_PARAGRAPH = (
    "\x01",
    "\x02",
)  # neighbouring gaps become one; no HTML text holds these characters
_GAPS = re.compile("[ \x01\x02]*[\x01\x02][ \x01\x02]*")
_SPACE = re.compile(r"[ \t\r\n\f\xa0\u2007\u202f]+")


@dataclass(slots=True)
class _Writer:
    label_url: str
    chunks: list[str] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)

    def walk(self, element: HtmlElement) -> None:
        tag = element.tag
        if not isinstance(tag, str) or tag in _SKIPPED:
            return
        if _HIDDEN.search(element.get("style") or "") or element.get("aria-hidden") == "true":
            return
        gap = (
            _GAP_PARAGRAPH
            if tag in _PARAGRAPH
            else _GAP_LINE
            if tag in _LINE
            else " "
            if tag in _CELL
            else ""
        )
        self.chunks.append("\n" if tag == "br" else gap)
        if tag == "li":
            self.chunks.append("- ")
        if tag == "a" and element.get("href"):
            self._link(element)
        else:
            self._inside(element)
        if tag != "br":
            self.chunks.append(gap)

    def _inside(self, element: HtmlElement) -> None:
        self._text(element.text)
        for child in element:
            self.walk(child)
            self._text(child.tail)

    def _link(self, element: HtmlElement) -> None:
        before = len(self.chunks)
        self._inside(element)
        label = tidy("".join(self.chunks[before:])).replace("\n", " ")
        if not label:
            pictures = element.xpath(".//img/@alt")
            label = _SPACE.sub(" ", str(pictures[0])).strip() if pictures else ""
        del self.chunks[before:]
        address = element.get("href") or ""
        self.labels[address] = label
        if address.startswith(("#", "mailto:", "tel:")) or label == address:
            self.chunks.append(label)
        else:
            self.chunks.append(self.label_url % {"label": label, "url": address} if label else address)

    def _text(self, text: str | None) -> None:
        if text:
            self.chunks.append(_SPACE.sub(" ", text.replace(_GAP_LINE, "").replace(_GAP_PARAGRAPH, "")))


def tidy(text: str) -> str:
    """Gaps become line ends or empty lines; no spaces at line ends, at most one empty line, none at the edges."""
    text = _GAPS.sub(lambda run: "\n\n" if _GAP_PARAGRAPH in run[0] else "\n", text)
    lines = [re.sub(r" {2,}", " ", line).strip() for line in text.split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def html_to_text(html: str, label_url: str = "%(label)s: %(url)s") -> tuple[str, dict[str, str]]:
    """The text of an HTML document or fragment, links as "label: address"; and the label of each address."""
    if not html.strip():
        return "", {}
    root = lxml_html.document_fromstring(html, ensure_head_body=True)
    writer = _Writer(label_url)
    writer.walk(root.find("body"))
    return tidy("".join(writer.chunks)), writer.labels
