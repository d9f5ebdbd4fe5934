"""How each element of a finished piece looks: colours, size and line height as the cascade gives them.

The style sheet is on the elements already (see `Finished.root`); this walks down and inherits. Colours that can't be
known (pictures as ground, colour functions newer than CSS 3) make a look unknown rather than wrong.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

from lxml.html import HtmlElement
from PIL import ImageColor

from tmpa.kits.checks.finished import SILENT

Rgba = tuple[int, int, int, float]
_VAR = re.compile(r"var\(\s*(--[\w-]+)\s*(?:,([^()]*))?\)")
_COLOUR = re.compile(r"#[0-9a-f]{3,8}\b|(?:rgb|hsl)a?\([^()]*\)|\b[a-z]{3,22}\b")
_ALPHA = re.compile(r"(rgb|hsl)a?\(([^()]*)\)")
_LENGTH = re.compile(r"(-?[0-9.]+)(px|rem|em|pt|%|)")
_FUNCTION = re.compile(r"^(?:clamp|min|max|calc)\((.*)\)$")
_FONT = re.compile(
    r"(?:^|\s)(?P<size>[0-9.]+(?:px|rem|em|pt|%)|clamp\([^()]*\))(?:\s*/\s*(?P<line>[0-9.]+(?:px|rem|em|%)?))?"
)
_WORDS = re.compile(r"(?:[^\s()]|\([^()]*\))+")
_SIZES = {"xx-small": 9.0, "x-small": 10.0, "small": 13.0, "medium": 16.0, "large": 18.0, "x-large": 24.0}
_BOLD_TAGS = {"strong", "b", "h1", "h2", "h3", "h4", "h5", "h6", "th"}
_HEADING_EM = {"h1": 2.0, "h2": 1.5, "h3": 1.17, "h5": 0.83, "h6": 0.67, "small": 0.83}
_NOT_COLOURS = {
    "none",
    "inherit",
    "initial",
    "unset",
    "auto",
    "repeat",
    "center",
    "cover",
    "contain",
    "fixed",
    "top",
}
_BOXES = {"button", "input", "select", "textarea"}


@dataclass(frozen=True, slots=True)
class Look:
    """Computed values of one element. `grounds` are the opaque colours that its text may stand on."""

    text: str = "#000000"
    grounds: tuple[str, ...] = ("#ffffff",)
    size: float = 16.0
    line: float = 1.2
    line_px: float = 0.0
    bold: bool = False
    known: bool = True
    nowrap: bool = False
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def line_height(self) -> float:
        """Height of one line of text in CSS pixels."""
        return self.line_px or self.line * self.size

    @property
    def large(self) -> bool:
        """Large text as WCAG 2.2 has it: 18 pt, or 14 pt bold."""
        return self.size >= 24 or (self.bold and self.size >= 18.66)


@lru_cache(maxsize=4096)
def declarations(style: str) -> tuple[tuple[str, str], ...]:
    """Name and value of each declaration of a style attribute, in small letters, in order."""
    found = []
    for item in _split(style):
        name, colon, value = item.partition(":")
        if colon:
            name = name.strip()
            name = name if name.startswith("--") else name.lower()
            found.append((name, value.replace("!important", "").strip().lower()))
    return tuple(found)


def _split(style: str) -> Iterator[str]:
    """At the semicolons outside brackets and quotes."""
    if "(" not in style and '"' not in style:
        yield from style.split(";")
        return
    depth, quote, start = 0, "", 0
    for at, char in enumerate(style):
        if quote:
            quote = "" if char == quote else quote
        elif char in "\"'":
            quote = char
        elif char in "()":
            depth += 1 if char == "(" else -1
        elif char == ";" and depth <= 0:
            yield style[start:at]
            start = at + 1
    yield style[start:]


@lru_cache(maxsize=2048)
def sides(value: str) -> tuple[str, str, str, str]:
    """Top, right, bottom and left of a shorthand such as padding; empty for none."""
    parts = _WORDS.findall(value) or ["0"]
    top = parts[0]
    right = parts[1] if len(parts) > 1 else top
    return top, right, parts[2] if len(parts) > 2 else top, parts[3] if len(parts) > 3 else right


def resolve(value: str, variables: Mapping[str, str]) -> str:
    """A value with its custom properties replaced."""
    for _round in range(8):
        if "var(" not in value:
            break
        value = _VAR.sub(lambda match: variables.get(match[1]) or (match[2] or "").strip(), value)
    return value


@lru_cache(maxsize=2048)
def colour(value: str) -> Rgba | None:
    """The colour that a value names; None for `transparent`'s opposite: what is no colour that we know."""
    value = value.strip()
    if value == "transparent":
        return (0, 0, 0, 0.0)
    if match := _ALPHA.fullmatch(value):
        parts = [part for part in re.split(r"[\s,/]+", match[2].strip()) if part]
        alpha = 1.0
        if len(parts) == 4:
            last = parts.pop()
            alpha = float(last.rstrip("%")) / (100 if last.endswith("%") else 1) if _is_number(last) else 1.0
        value = f"{match[1]}({','.join(part.removesuffix('deg') for part in parts)})"
    else:
        alpha = 1.0
    try:
        found = ImageColor.getrgb(value)
    except ValueError:
        return None
    return (found[0], found[1], found[2], found[3] / 255 if len(found) == 4 else alpha)


def _is_number(text: str) -> bool:
    return bool(re.fullmatch(r"[0-9.]+%?", text))


def _over(top: Rgba, ground: str) -> str:
    """A colour laid over an opaque one."""
    under = [int(ground[at : at + 2], 16) for at in (1, 3, 5)]
    mixed = [round(one * top[3] + other * (1 - top[3])) for one, other in zip(top[:3], under, strict=True)]
    return "#" + "".join(f"{channel:02x}" for channel in mixed)


def pixels(value: str, font: float, whole: float | None = None) -> float | None:
    """A CSS length in pixels: `em` of `font`, `%` of `whole`; the smallest of clamp(); None for what has no length."""
    value = value.strip()
    if function := _FUNCTION.match(value):
        sizes = [size for part in function[1].split(",") if (size := pixels(part, font, whole)) is not None]
        return min(sizes) if sizes else None
    match = _LENGTH.fullmatch(value)
    if match is None or match[1] in {"", "-", "."}:
        return None
    try:
        number = float(match[1])
    except ValueError:
        return None
    match match[2]:
        case "px":
            return number
        case "rem":
            return number * 16
        case "em":
            return number * font
        case "pt":
            return number * 4 / 3
        case "%":
            return None if whole is None else number * whole / 100
        case _:
            return 0.0 if number == 0 else None


def under(look: Look, element: HtmlElement) -> Look:
    """The look of an element inside one of `look`."""
    style = declarations(element.get("style") or "")
    tag = str(element.tag)
    if own := {name: value for name, value in style if name.startswith("--")}:
        look = replace(look, variables={**look.variables, **own})
    text, grounds, known = look.text, look.grounds, look.known
    size, line, line_px, bold, nowrap = look.size, look.line, look.line_px, look.bold, look.nowrap
    if tag in _BOLD_TAGS:
        bold = True
    if tag in _HEADING_EM:
        size *= _HEADING_EM[tag]
    if tag in _BOXES:
        text, grounds, size, line, line_px, bold = "#000000", ("#ffffff",), 13.33, 1.2, 0.0, False
    if tag == "a" and element.get("href") is not None:
        text = "#0000ee"
    if (attribute := element.get("bgcolor")) and (found := colour(attribute.lower())) is not None:
        grounds, known = tuple(_over(found, ground) for ground in grounds), True
    parent_text, parent_size, opacity = look.text, look.size, 1.0
    pending = ""
    for name, raw in style:
        value = resolve(raw, look.variables) if "var(" in raw else raw
        if name == "color":
            pending = value
        elif name in {"background-color", "background", "background-image"}:
            grounds, known = _ground(name, value, grounds, known)
        elif name == "font-size":
            size = _SIZES.get(value) or pixels(value, parent_size, parent_size) or size
            size = parent_size if value == "inherit" else size
        elif name == "line-height":
            line, line_px = _line(value, size, line, line_px)
        elif name == "font":
            if value == "inherit":
                size, line, line_px, bold = look.size, look.line, look.line_px, look.bold
            elif match := _FONT.search(value):
                size = pixels(match["size"], parent_size, parent_size) or size
                bold = bool(re.search(r"\b(bold|[6-9]00)\b", value))
                line, line_px = _line(match["line"], size, line, line_px) if match["line"] else (1.2, 0.0)
        elif name == "font-weight":
            bold = value in {"bold", "bolder", "600", "700", "800", "900"} or (
                value == "inherit" and look.bold
            )
        elif name == "white-space":
            nowrap = value in {"nowrap", "pre"}
        elif name == "opacity" and _is_number(value):
            opacity = float(value.rstrip("%")) / (100 if value.endswith("%") else 1)
    if pending in {"inherit", "currentcolor"}:
        text = parent_text
    elif pending:
        given = colour(pending)
        known = known and given is not None
        text = _over(given, grounds[0]) if given else text
    if opacity < 1:
        text = _over((*_channels(text), opacity), look.grounds[0])
    return Look(text, grounds, size, line, line_px, bold, known, nowrap, look.variables)


def _channels(value: str) -> tuple[int, int, int]:
    return int(value[1:3], 16), int(value[3:5], 16), int(value[5:7], 16)


def _line(value: str, size: float, line: float, line_px: float) -> tuple[float, float]:
    if re.fullmatch(r"[0-9]*\.?[0-9]+", value):
        return float(value), 0.0
    if value == "normal":
        return 1.2, 0.0
    found = pixels(value, size, size)
    return (line, found) if found else (line, line_px)


def _ground(name: str, value: str, grounds: tuple[str, ...], known: bool) -> tuple[tuple[str, ...], bool]:
    """What a background makes of the grounds: one colour, the colours of a gradient, or something unknown."""
    if value == "inherit" or (name == "background-image" and value in {"none", "initial"}):
        return grounds, known
    picture = "url(" in value
    found = [
        shade
        for word in _COLOUR.findall(re.sub(r"url\([^)]*\)", "", value))
        if word not in _NOT_COLOURS and (shade := colour(word)) is not None and shade[3] > 0
    ]
    if found:
        return tuple(dict.fromkeys(_over(shade, ground) for shade in found for ground in grounds)), True
    strange = picture or "gradient(" in value or "color-mix(" in value or "oklch(" in value
    return grounds, known and not strange


def hidden(element: HtmlElement) -> bool:
    """Whether an element is not shown at all."""
    if element.get("hidden") is not None or element.get("type") == "hidden":
        return True
    return any(
        (name == "display" and value == "none") or (name == "visibility" and value == "hidden")
        for name, value in declarations(element.get("style") or "")
        if name in {"display", "visibility"}
    )


def walk(root: HtmlElement) -> Iterator[tuple[HtmlElement, Look]]:
    """Every shown element of the body with its look; drawings are left out."""
    html_look = under(Look(), root)
    body = root.find("body")
    if body is None:
        return
    stack = [(body, html_look)]
    while stack:
        element, around = stack.pop()
        if (
            not isinstance(element.tag, str)
            or element.tag in SILENT
            or element.tag == "svg"
            or hidden(element)
        ):
            continue
        look = under(around, element)
        yield element, look
        stack.extend((child, look) for child in reversed(element))
