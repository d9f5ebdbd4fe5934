"""A finished mail, page or snippet under check: its parsed HTML with the style sheet applied to each element."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import css_inline
from lxml import html as lxml_html
from lxml.html import HtmlElement

from tmpa.kits.catalogue import JINJA_SUFFIXES
from tmpa.kits.source import KitSource

_SPACE = re.compile(r"\s+")
_INLINER = css_inline.CSSInliner(keep_style_tags=True, keep_link_tags=True, load_remote_stylesheets=False)
SILENT = ("script", "style", "template", "title", "head", "noscript", "option")

Kind = Literal["mail", "page", "snippet"]


@dataclass(frozen=True)
class Finished:
    """One finished piece. `file` is its template; `locale` and `html` are those of one brand with values."""

    source: KitSource
    kind: Kind
    file: str
    locale: str
    html: str

    @cached_property
    def root(self) -> HtmlElement:
        """The parsed document; every element's `style` holds what the style sheet gives it (media queries apart)."""
        try:
            styled = _INLINER.inline(self.html)
        except css_inline.InlineError:  # a style sheet that no browser would read either: judged without it
            styled = self.html
        return lxml_html.document_fromstring(styled)

    @cached_property
    def words(self) -> str:
        """All text of the body, spaces tidied."""
        body = self.root.find("body")
        return text_of(body) if body is not None else ""

    def line(self, *needles: str) -> int:
        """Line of the template that says one of `needles` first; 0 when it comes from elsewhere."""
        return find_line(self.source, self.file, needles)


def text_of(element: HtmlElement) -> str:
    """An element's text as people read it, in one line."""
    parts: list[str] = []
    stack: list[HtmlElement | str] = [element]
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            parts.append(item)
            continue
        for child in reversed(item):
            stack.append(child.tail or "")
            if isinstance(child.tag, str) and child.tag not in SILENT:
                stack.append(child)
        parts.append(item.text or "")
        if item.tag in {"p", "div", "td", "br", "li", "h1", "h2", "h3"}:
            parts.append(" ")
    return _SPACE.sub(" ", "".join(parts)).strip()


def find_line(source: KitSource, path: str, needles: Iterable[str]) -> int:
    """Line (from 1) of a template that holds one of `needles`; 0 when none does."""
    if path not in source.files or not path.endswith(JINJA_SUFFIXES):
        return 0
    text = source.text(path)
    for needle in needles:
        at = text.find(needle) if needle else -1
        if at >= 0:
            return text.count("\n", 0, at) + 1
    return 0
