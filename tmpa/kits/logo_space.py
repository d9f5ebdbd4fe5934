"""A partner's logo in the space that a kit gives it: any shape looks right, and the space's size stays the vendor's.

`logo(200, 56)` in a template is a picture of exactly 200 × 56 CSS pixels, whatever was uploaded: the platform puts the
logo into it, transparent around, at twice the pixels. So the layout never depends on the partner's file, and the
locked regions stay the same bytes.
"""

import io
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal, cast

from PIL import Image, ImageDraw

from tmpa.kernel.i18n import gettext as _
from tmpa.kits.manifest import BrandRules
from tmpa.kits.template_values import TemplateHole, TemplateMistake
from tmpa.partners.colours import BLACK, WHITE, is_dark, nearest
from tmpa.partners.logos import Form, Ground

Side = Literal["left", "center", "right"]

SCALE = 2  # pixels of the picture for each CSS pixel: for dense screens
MAX_WIDTH, MAX_HEIGHT = 600, 300  # CSS pixels of a space
PREFIX = "logo/"
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_NAME = re.compile(
    r"logo/([0-9]+)x([0-9]+)/(light|dark)/(left|center|right)/([0-9]+)/([0-9]+)/(#[0-9a-f]{6})"
)
_WEIGHT = 0.85  # of the ink of a solid square as high as the space: what every logo aims at
_LEAST_INK = 0.3  # a thin script is not blown up beyond this


@dataclass(frozen=True, slots=True)
class BrandLogo:
    """One of a brand's logos: a PNG without empty borders. `key` names its content; `read` gives the bytes.

    `ink` is how much of its rectangle is drawn, 0 to 1.
    """

    form: Form
    ground: Ground
    width: int
    height: int
    key: str
    read: Callable[[], bytes] = field(compare=False, repr=False)
    ink: float = 0.5


@dataclass(frozen=True, slots=True)
class LogoSpace:
    """The place for a logo. Sizes are CSS pixels; `clear` is kept free inside on every side.

    `least` is the width that the kit's rules want, reached where space and pixels allow. `plate` is the colour of the
    rounded plate under a logo that wasn't made for `ground`: white or black where the kit's rules name none.
    """

    width: int
    height: int
    ground: Ground = "light"
    side: Side = "left"
    clear: int = 0
    least: int = 0
    plate: str = ""

    def __post_init__(self) -> None:
        if not self.plate:
            object.__setattr__(self, "plate", WHITE if self.ground == "dark" else BLACK)

    @property
    def name(self) -> str:
        """The name of the space's hole; `parse_space` reads it."""
        size = f"{self.width}x{self.height}"
        return f"{PREFIX}{size}/{self.ground}/{self.side}/{self.clear}/{self.least}/{self.plate}"


def parse_space(name: str) -> LogoSpace:
    """The space of a hole's name. Raises ValueError."""
    match = _NAME.fullmatch(name)
    if not match:
        raise ValueError(name)
    width, height, ground, side, clear, least, plate = match.groups()
    sizes = (int(width), int(height))
    return LogoSpace(*sizes, cast(Ground, ground), cast(Side, side), int(clear), int(least), plate)


@dataclass(frozen=True, slots=True)
class Fitted:
    """A logo in its space: the picture, and the size at which the logo itself is drawn in it, in CSS pixels."""

    png: bytes = field(repr=False)
    logo: BrandLogo
    drawn_width: float
    drawn_height: float
    plated: bool


def _inner(logo: BrandLogo, space: LogoSpace) -> tuple[float, float, float]:
    """The room for the logo itself and the padding of its plate (0 without one), in CSS pixels."""
    padding = 0.0
    if logo.ground != space.ground:
        padding = max(space.clear, 0.12 * space.height)
    room = max(space.clear, padding)
    return max(1.0, space.width - 2 * room), max(1.0, space.height - 2 * room), padding


def drawn_size(logo: BrandLogo, space: LogoSpace, scale: int = SCALE) -> tuple[float, float]:
    """The size of a logo in a space, in CSS pixels: as much ink as others have, within the space and its own pixels.

    A wide wordmark and a solid square that both filled the height would weigh very differently; each is scaled to the
    same inked area as far as the space lets it, but not below `space.least` where that can be reached.
    """
    width, height, _padding = _inner(logo, space)
    ratio = logo.width / logo.height
    largest = min(width, height * ratio, logo.width / scale)  # never more than its own pixels
    target = _WEIGHT * min(width, height) ** 2 / max(_LEAST_INK, min(1.0, logo.ink))
    balanced = math.sqrt(target * ratio)
    # a strip still needs some height to be read, however wide it is
    floor = max(0.5 * height * ratio if ratio > 1 else 0.0, float(space.least))
    drawn = min(largest, max(balanced, floor))
    return drawn, drawn / ratio


def choose(logos: tuple[BrandLogo, ...], space: LogoSpace) -> BrandLogo:
    """The logo that suits the space best: made for its ground, then the largest in it. `logos` isn't empty."""

    def merit(logo: BrandLogo) -> tuple[bool, float]:
        width, height = drawn_size(logo, space)
        return logo.ground == space.ground, width * height

    return max(logos, key=merit)


@lru_cache(maxsize=512)
def fit(logos: tuple[BrandLogo, ...], space: LogoSpace, scale: int = SCALE) -> Fitted:
    """The best of `logos` composed into `space` as a transparent PNG of exactly `scale` times its size.

    Pure: the same logos and space give the same bytes.
    """
    logo = choose(logos, space)
    width, height = drawn_size(logo, space, scale)
    sheet = Image.new("RGBA", (space.width * scale, space.height * scale), (0, 0, 0, 0))
    with Image.open(io.BytesIO(logo.read()), formats=["PNG", "JPEG"]) as opened:
        mark = opened.convert("RGBA")
    size = max(1, round(width * scale)), max(1, round(height * scale))
    if size != mark.size:
        mark = mark.resize(size, Image.Resampling.LANCZOS)
    plated = logo.ground != space.ground
    padding = round(_inner(logo, space)[2] * scale)
    margin = max(space.clear * scale, padding)
    free = sheet.width - size[0]
    x = {"left": margin, "center": free // 2, "right": free - margin}[space.side]
    x, y = max(0, min(x, free)), max(0, (sheet.height - size[1]) // 2)
    if plated:
        corners = (
            max(0, x - padding),
            max(0, y - padding),
            min(sheet.width, x + size[0] + padding) - 1,
            min(sheet.height, y + size[1] + padding) - 1,
        )
        ImageDraw.Draw(sheet).rounded_rectangle(corners, radius=4 * scale, fill=space.plate)
    sheet.alpha_composite(mark, (x, y))
    out = io.BytesIO()
    sheet.save(out, "PNG", optimize=True)
    return Fitted(out.getvalue(), logo, width, height, plated)


def plate_for(ground: Ground, backgrounds: tuple[str, ...]) -> str:
    """The colour of the plate for a logo made for the other ground than `ground`.

    White or black where the kit names no backgrounds, else the allowed one that is nearest to it.
    """
    wanted = WHITE if ground == "dark" else BLACK
    fitting = [colour for colour in backgrounds if is_dark(colour) == (ground == "light")]
    return nearest(wanted, fitting) if fitting else wanted


def space_of(
    rules: BrandRules, right_to_left: bool, width: object, height: object, ground: object, align: object
) -> LogoSpace:
    """The space that a template asks for with `logo(width, height, ground, align)`. Raises TemplateMistake.

    `ground` is "light", "dark" or the colour that the logo stands on, which must then be one of the kit's
    backgrounds.
    """
    if not _is_size(width, MAX_WIDTH) or not _is_size(height, MAX_HEIGHT):
        message = _(
            "A logo's space is 8 to %(width)s pixels wide and 8 to %(height)s pixels high.",
            width=MAX_WIDTH,
            height=MAX_HEIGHT,
        )
        raise TemplateMistake(message, _("Write logo(200, 56)."), "logo")
    assert isinstance(width, int) and isinstance(height, int)
    if isinstance(ground, str) and _COLOUR.fullmatch(ground):
        if rules.backgrounds and ground.lower() not in {colour.lower() for colour in rules.backgrounds}:
            message = _("A logo may not stand on %(colour)s.", colour=ground)
            mend = _("Use one of [brand] backgrounds: %(colours)s.", colours=", ".join(rules.backgrounds))
            raise TemplateMistake(message, mend, "logo")
        ground = "dark" if is_dark(ground) else "light"
    if ground not in {"light", "dark"}:
        message = _("A logo's ground is “light”, “dark” or a colour such as #0a1430.")
        raise TemplateMistake(message, _('Write logo(200, 56, "dark").'), "logo")
    if align not in {"start", "center", "end"}:
        message = _("A logo is aligned to “start”, “center” or “end”.")
        raise TemplateMistake(message, _('Write logo(200, 56, align="end").'), "logo")
    if 2 * rules.clear_space + 8 > min(width, height):
        message = _("The clear space of %(pixels)s pixels leaves no room.", pixels=rules.clear_space)
        raise TemplateMistake(message, _("Make the logo's space larger."), "logo")
    side: Side = "center" if align == "center" else "right" if (align == "end") != right_to_left else "left"
    which: Ground = "dark" if ground == "dark" else "light"
    if rules.backgrounds and not any(is_dark(colour) == (which == "dark") for colour in rules.backgrounds):
        message = _("None of the [brand] backgrounds is %(ground)s.", ground=which)
        raise TemplateMistake(message, _("Add the colour on which the logo stands there."), "logo")
    plate = plate_for(which, tuple(rules.backgrounds))
    return LogoSpace(width, height, which, side, rules.clear_space, rules.min_logo_width, plate)


def _is_size(value: object, limit: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 8 <= value <= limit


class LogoValue:
    """What `logo(…)` gives a template: `url` and `alt` are values of the partner, `width` and `height` constants.

    True where the brand has a logo: `{% if logo(200, 56) %}`.
    """

    __slots__ = ("alt", "height", "url", "width")

    def __init__(self, space: LogoSpace, filled: bool) -> None:
        self.width, self.height = space.width, space.height
        self.url = TemplateHole("brand", space.name, filled, flavour="address")
        self.alt = TemplateHole("brand", "logo_alt")

    def __bool__(self) -> bool:
        return self.url.filled

    def __str__(self) -> str:
        raise TemplateMistake(
            _("A logo as a whole can't be printed."), _("Print its url, alt, width or height."), "logo"
        )
