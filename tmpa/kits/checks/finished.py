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

    def at(self, *needles: str) -> tuple[str, int]:
        """File and line that say one of `needles`: in the template, else in what templates include; else line 0."""
        return find_place(self.source, self.file, needles)


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


def find_place(source: KitSource, path: str, needles: Iterable[str]) -> tuple[str, int]:
    """File and line (from 1) that hold one of `needles`: a piece's template, else one that only others include.

    The template and 0 when none does.
    """
    wanted = [needle for needle in needles if needle]
    own = {piece.template for piece in source.manifest.pieces}
    shared = (name for name in sorted(source.files) if name.endswith(JINJA_SUFFIXES) and name not in own)
    for name in (path, *shared):
        text = source.text(name) if name in source.files else ""
        for needle in wanted:
            at = text.find(needle)
            if at >= 0:
                return name, text.count("\n", 0, at) + 1
    return path, 0
