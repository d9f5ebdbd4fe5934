"""Contrast and touch size, computed from the looks of a finished piece."""

from collections.abc import Iterator

from lxml.html import HtmlElement

from tmpa.kernel.i18n import gettext as _
from tmpa.kits.checks.finished import Finished, text_of
from tmpa.kits.checks.looks import Look, declarations, pixels, resolve, sides, walk
from tmpa.kits.findings import Finding, error, warning
from tmpa.partners.colours import contrast

TEXT_RATIO, LARGE_RATIO = 4.5, 3.0  # WCAG 2.2, 1.4.3
BUTTON_PIXELS = 44  # WCAG 2.2, 2.5.5 (AAA), as Apple and Google ask of buttons too
TARGET_PIXELS = 24  # WCAG 2.2, 2.5.8 (AA)


def check_looks(piece: Finished) -> Iterator[Finding]:
    """Contrast of every text, height of every button, in the colours and sizes of this brand."""
    seen: set[tuple[str, str]] = set()
    for element, look in walk(piece.root):
        own = (element.text or "") + "".join(child.tail or "" for child in element)
        if own.strip() and look.known:
            for ground in look.grounds:
                pair = (look.text, ground)
                wanted = LARGE_RATIO if look.large else TEXT_RATIO
                if pair not in seen and contrast(*pair) < wanted:
                    seen.add(pair)
                    yield _contrast(piece, look.text, ground, wanted, own.strip())
        yield from _touch(piece, element, look)


def _contrast(piece: Finished, text: str, ground: str, wanted: float, words: str) -> Finding:
    message = _(
        "The text %(colour)s on %(ground)s has a contrast of %(ratio)s to 1.",
        colour=text,
        ground=ground,
        ratio=f"{contrast(text, ground):.1f}",
    )
    place = piece.at(text, _short(text), text.upper(), words)
    return error("contrast", *place, message, _("Reach %(wanted)s to 1.", wanted=wanted))


def _short(colour: str) -> str:
    """#abc for #aabbcc; "" where there is no short form. With what ends it, so that #999 isn't found in #999a00."""
    return f"#{colour[1::2]};" if colour[1::2] == colour[2::2] else ""


def _touch(piece: Finished, element: HtmlElement, look: Look) -> Iterator[Finding]:
    """Buttons, and what looks like one: 44 pixels high; boxes to tick without a label around them: 24."""
    tag, kind = element.tag, element.get("type")
    style = (
        dict(declarations(element.get("style") or "")) if tag in {"a", "button", "input", "select"} else {}
    )
    if tag == "input" and kind in {"checkbox", "radio"}:
        size = _length(style, "height", look) or 13.0
        wanted = TARGET_PIXELS
        if size >= wanted or any(True for _label in element.iterancestors("label")):
            return
    elif tag in {"button", "select"} or (tag == "input" and kind not in {"hidden", "range", "color"}):
        size, wanted = _height(style, look, tag != "button"), BUTTON_PIXELS
    elif tag == "a" and _is_button(style):
        size, wanted = _height(style, look, False), BUTTON_PIXELS
    else:
        return
    if size < wanted:
        name = text_of(element) or element.get("name") or str(tag)
        message = _(
            "“%(name)s” is %(size)s pixels high: too small for a finger.", name=name[:40], size=round(size)
        )
        mend = _("Give it padding or height to reach %(wanted)s pixels.", wanted=wanted)
        place = piece.at(name, f'class="{element.get("class")}"' if element.get("class") else "")
        yield warning("touch-size", *place, message, mend)


def _is_button(style: dict[str, str]) -> bool:
    shown = style.get("display", "")
    boxed = shown in {"inline-block", "block", "flex", "inline-flex", "grid", "inline-grid"}
    ground = style.get("background-color") or style.get("background") or ""
    painted = bool(ground) and ground not in {"none", "transparent", "inherit"}
    return boxed and (painted or (style.get("border", "none") not in {"none", "0"}))


def _length(style: dict[str, str], name: str, look: Look) -> float:
    value = style.get(name)
    return (pixels(resolve(value, look.variables), look.size) or 0.0) if value else 0.0


def _height(style: dict[str, str], look: Look, field: bool) -> float:
    """Height of a box: its text, padding and border, or the height that it is given, whichever is more."""
    top = bottom = 1.0 if field and "padding" not in style else 0.0
    if value := style.get("padding"):
        first, _right, third, _left = sides(resolve(value, look.variables))
        top, bottom = pixels(first, look.size) or 0.0, pixels(third, look.size) or 0.0
    if value := style.get("padding-block"):
        first, last, _third, _fourth = sides(resolve(value, look.variables))
        top, bottom = pixels(first, look.size) or 0.0, pixels(last, look.size) or 0.0
    top = _length(style, "padding-top", look) or _length(style, "padding-block-start", look) or top
    bottom = _length(style, "padding-bottom", look) or _length(style, "padding-block-end", look) or bottom
    border = 0.0
    if value := style.get("border"):
        border = next((size for part in value.split() if (size := pixels(part, look.size)) is not None), 0.0)
    content = look.line_height + top + bottom + 2 * border
    least = max(_length(style, "min-height", look), _length(style, "min-block-size", look))
    return max(content, least, _length(style, "height", look))
