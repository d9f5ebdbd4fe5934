"""Colours of a brand: how well text reads on them, and the nearest colour that a kit's rules allow.

Nearness is measured in OKLab (Björn Ottosson, 2020), where equal steps look equal to people.
"""

import math
import re
from collections.abc import Iterable

WHITE, BLACK = "#ffffff", "#000000"
READABLE = 4.5  # WCAG 2.2, 1.4.3: text of normal size
_HEX = re.compile(r"#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})")
_STEP = 1 / 400  # of OKLab's lightness: finer than the eye and than eight bits of a channel

Lab = tuple[float, float, float]


def parse_colour(text: str) -> str | None:
    """`#rrggbb` in lower case from what a person typed (`0B6E4F`, `#abc`); None when it is no colour."""
    match = _HEX.fullmatch(text.strip())
    if not match:
        return None
    digits = match[1].lower()
    return "#" + (digits if len(digits) == 6 else "".join(2 * digit for digit in digits))


def _linear(colour: str) -> tuple[float, float, float]:
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    )
    return red, green, blue


def luminance(colour: str) -> float:
    """Relative luminance of `#rrggbb`, 0 (black) to 1 (white), as WCAG 2.2 defines it."""
    red, green, blue = _linear(colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, 1 to 21 (WCAG 2.2)."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def is_dark(colour: str) -> bool:
    """Whether white reads better on the colour than black."""
    return contrast(colour, WHITE) >= contrast(colour, BLACK)


def oklab(colour: str) -> Lab:
    """Lightness (0 to 1) and the two colour axes of OKLab."""
    red, green, blue = _linear(colour)
    long = math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue)
    middle = math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue)
    short = math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue)
    return (
        0.2104542553 * long + 0.7936177850 * middle - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * middle + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * middle - 0.8086757660 * short,
    )


def _from_oklab(lightness: float, a: float, b: float) -> str | None:
    """`#rrggbb`, or None when no screen shows the colour."""
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    middle = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    channels = (
        4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * middle + 1.7076147010 * short,
    )
    if not all(-0.0005 <= channel <= 1.0005 for channel in channels):
        return None
    parts = (min(1.0, max(0.0, channel)) for channel in channels)
    encoded = (12.92 * part if part <= 0.0031308 else 1.055 * part ** (1 / 2.4) - 0.055 for part in parts)
    return "#" + "".join(f"{round(part * 255):02x}" for part in encoded)


def distance(one: str, other: str) -> float:
    """How different two colours look: 0 (the same) to about 1 (black and white)."""
    return math.dist(oklab(one), oklab(other))


def nearest(colour: str, allowed: Iterable[str]) -> str:
    """The allowed colour that looks most like `colour`; the first of equals. Raises ValueError for none allowed."""
    return min(allowed, key=lambda other: distance(colour, other)).lower()


def reads(colour: str, minimum: float = READABLE) -> bool:
    """Whether the colour can be used as the main one: on white, and under text of white or black, at `minimum`.

    Text on it is white or black, whichever reads better; one of them always reaches 4.58, and where the colour
    reaches `minimum` on white, white reaches it on the colour.
    """
    return contrast(colour, WHITE) >= minimum


def mended(colour: str, minimum: float = READABLE) -> str:
    """The nearest darker shade of the same hue that reads at `minimum` or better; the colour itself when it does."""
    if reads(colour, minimum):
        return colour
    lightness, a, b = oklab(colour)
    while (lightness := lightness - _STEP) > 0:
        darker, pale = None, 1.0
        while darker is None:  # a darker shade may be more colourful than a screen can show
            darker = _from_oklab(lightness, a * pale, b * pale)
            pale = max(0.0, pale - 0.02)
        if reads(darker, minimum):
            return darker
    return BLACK


def snapped(colour: str, allowed: Iterable[str] = (), minimum: float = READABLE) -> str:
    """The colour that a kit prints for a partner's: itself where the rules allow it, else the nearest one.

    Of the kit's `allowed` colours (none: any) only those that read at `minimum` count. Where none does, the kit
    contradicts itself and readability wins: the nearest allowed colour, made darker.
    """
    choices = [other.lower() for other in allowed]
    if not choices:
        return mended(colour, minimum)
    readable = [other for other in choices if reads(other, minimum)]
    return nearest(colour, readable) if readable else mended(nearest(colour, choices), minimum)
