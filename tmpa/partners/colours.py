"""Colours of a brand: how well text reads on them, and the nearest colour on which it does."""

import colorsys
import re

WHITE, BLACK = "#ffffff", "#000000"
READABLE = 4.5  # WCAG 2.2, 1.4.3: text of normal size
_HEX = re.compile(r"#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})")


def parse_colour(text: str) -> str | None:
    """`#rrggbb` in lower case from what a person typed (`0B6E4F`, `#abc`); None when it is no colour."""
    match = _HEX.fullmatch(text.strip())
    if not match:
        return None
    digits = match[1].lower()
    return "#" + (digits if len(digits) == 6 else "".join(2 * digit for digit in digits))


def _channels(colour: str) -> tuple[float, float, float]:
    return int(colour[1:3], 16) / 255, int(colour[3:5], 16) / 255, int(colour[5:7], 16) / 255


def luminance(colour: str) -> float:
    """Relative luminance of `#rrggbb`, 0 (black) to 1 (white), as WCAG 2.2 defines it."""
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in _channels(colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, 1 to 21 (WCAG 2.2)."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def mended(colour: str, minimum: float = READABLE) -> str:
    """The nearest darker colour of the same hue that reads on white, and white on it, at `minimum` or better."""
    if contrast(colour, WHITE) >= minimum:
        return colour
    hue, light, saturation = colorsys.rgb_to_hls(*_channels(colour))
    for step in range(int(light * 256), -1, -1):
        parts = colorsys.hls_to_rgb(hue, step / 256, saturation)
        darker = "#" + "".join(f"{round(part * 255):02x}" for part in parts)
        if contrast(darker, WHITE) >= minimum:
            return darker
    return BLACK
