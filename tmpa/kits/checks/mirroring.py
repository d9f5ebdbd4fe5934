"""Right to left: the same piece in both directions. What leans left in one leans right in the other.

Only what changes the look counts: the side that text really runs to, paddings and margins that differ left and right,
floats and offsets. Numbers and addresses that stay left to right (`dir="ltr"`) are left alone.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from lxml.html import HtmlElement

from tmpa.kernel.i18n import gettext as _
from tmpa.kernel.i18n import lazy_gettext as _l
from tmpa.kits.checks.finished import SILENT, Finished
from tmpa.kits.checks.looks import declarations, hidden, sides
from tmpa.kits.findings import Finding, warning

_RTL_LETTER = re.compile(r"[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]")
_BLOCKS = {"td", "th", "div", "p", "h1", "h2", "h3", "h4", "h5", "h6", "li", "dd", "dt", "table", "section", "header",
           "footer", "main", "article", "ul", "ol", "body", "a"}  # fmt: skip
_PAIRS = ("padding", "margin", "border-width")
_ZERO = {"", "0", "0px", "none", "auto"}
MAX_FINDINGS = 3
_NAMES = {"left": _l("left"), "right": _l("right")}


@dataclass(frozen=True, slots=True)
class _Side:
    """Where the text of an element runs to, in one rendering."""

    align: str = "start"
    direction: str = "ltr"


def _inside(side: _Side, element: HtmlElement, style: dict[str, str]) -> _Side:
    align, way = side.align, side.direction
    if element.tag == "table":
        align = "start" if element.get("align") else align  # `align` of a table moves the table, not its text
    elif (attribute := (element.get("align") or "").lower()) and element.tag in _BLOCKS:
        align = attribute
    if value := style.get("text-align"):
        align = value if value != "inherit" else align
    way = (element.get("dir") or style.get("direction") or way).lower()
    return replace(side, align=align, direction=way)


def _lean(side: _Side) -> str:
    """ "left", "right" or "center" as people see it."""
    if side.align in {"start", "justify", "", "-webkit-auto"}:
        return "right" if side.direction == "rtl" else "left"
    if side.align == "end":
        return "left" if side.direction == "rtl" else "right"
    return "center" if "center" in side.align else side.align.removeprefix("-webkit-")


def _difference(style: dict[str, str], name: str) -> tuple[str, str]:
    """The right and left side of padding, margin or border width, as written last."""
    _top, right, _bottom, left = sides(style.get(name, "0"))
    stem, _dash, tail = name.partition("-")
    right = style.get(f"{stem}-right{f'-{tail}' if tail else ''}", right)
    left = style.get(f"{stem}-left{f'-{tail}' if tail else ''}", left)
    if name == "border-width":
        right, left = style.get("border-right", right), style.get("border-left", left)
    return ("0" if right in _ZERO else right), ("0" if left in _ZERO else left)


def check_mirrored(straight: Finished, mirrored: Finished) -> Iterator[Finding]:
    """Findings of a piece in a right-to-left locale, beside the same piece, brand and values left to right."""
    found = 0
    seen: set[str] = set()
    for message, place in _compare(straight, mirrored):
        if message not in seen:
            seen.add(message)
            found += 1
            mend = _("Use {{ start }} and {{ end }}, or logical properties such as padding-inline-start.")
            yield warning("mirrored", *place, message, mend)
        if found >= MAX_FINDINGS:
            return


def _compare(straight: Finished, mirrored: Finished) -> Iterator[tuple[str, tuple[str, int]]]:
    stack = [(straight.root, mirrored.root, _Side(), _Side())]
    while stack:
        one, other, side_one, side_other = stack.pop()
        if one.tag != other.tag or not isinstance(one.tag, str) or one.tag in SILENT or one.tag == "svg":
            continue
        if hidden(other):
            continue
        style_one = dict(declarations(one.get("style") or ""))
        style_other = dict(declarations(other.get("style") or ""))
        side_one, side_other = _inside(side_one, one, style_one), _inside(side_other, other, style_other)
        yield from _of_element(mirrored, other, side_one, side_other)
        yield from _of_box(mirrored, other, style_one, style_other)
        children, others = list(one), list(other)
        if len(children) == len(others):
            stack.extend((a, b, side_one, side_other) for a, b in zip(children, others, strict=True))


def _of_element(
    piece: Finished, element: HtmlElement, one: _Side, other: _Side
) -> Iterator[tuple[str, tuple[str, int]]]:
    own = (element.text or "") + "".join(child.tail or "" for child in element)
    if not _RTL_LETTER.search(own):
        return
    if other.direction != "rtl":
        place = piece.at('dir="ltr"', "direction")
        yield _("The text “%(words)s” runs left to right.", words=own.strip()[:40]), place
    elif _lean(one) == _lean(other) and _lean(other) in {"left", "right"}:
        side = _lean(other)
        place = piece.at(f'align="{side}"', f"text-align:{side}", f"text-align: {side}")
        yield _("The text “%(words)s” leans to the %(side)s in both directions.", words=own.strip()[:40],
                side=_NAMES[side]), place  # fmt: skip


def _of_box(
    piece: Finished, element: HtmlElement, one: dict[str, str], other: dict[str, str]
) -> Iterator[tuple[str, tuple[str, int]]]:
    for name in _PAIRS:
        right, left = _difference(other, name)
        if right != left and (right, left) == _difference(one, name):
            stem = name.partition("-")[0]
            place = piece.at(f"{stem}-left", f"{stem}-right", f"{stem}:{other.get(name, '?')}")
            yield _("%(name)s differs left and right, and is not mirrored.", name=stem), place
    float_side = other.get("float")
    if float_side in {"left", "right"} and one.get("float") == float_side:
        yield (
            _("An element floats to the %(side)s in both directions.", side=_NAMES[float_side]),
            piece.at("float"),
        )
    if other.get("position") in {"absolute", "fixed", "relative"}:
        for side in ("left", "right"):
            offset = other.get(side, "auto")
            opposite = other.get("right" if side == "left" else "left", "auto")
            if offset not in {"auto", opposite} and one.get(side) == offset and not offset.startswith("50%"):
                yield (
                    _("An element is placed from the %(side)s in both directions.", side=_NAMES[side]),
                    piece.at(f"{side}:"),
                )
