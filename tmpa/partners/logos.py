"""Logos: PNG, JPEG and SVG become one normalised PNG; what could run or reach out is refused with the reason."""

import io
import subprocess
import sys
import warnings
from dataclasses import dataclass
from typing import Literal

from PIL import Image, ImageChops, ImageDraw, UnidentifiedImageError

from tmpa.kernel.errors import Refused
from tmpa.kernel.i18n import gettext as _
from tmpa.kernel.svg import svg_problems
from tmpa.partners.colours import BLACK, luminance

MAX_BYTES = 2 * 1024 * 1024
MAX_SIDE = 6000  # pixels of an uploaded picture
MIN_SIDE = 120  # of its longer side; smaller ones look blurred in a mail
BOX = (640, 240)  # pixels; twice what a mail shows, for dense screens
SQUARE_BOX, TALL_BOX = (400, 400), (300, 480)
WIDE = 1.6  # width by height from which a logo counts as wide; below its inverse it is tall
RASTER_SECONDS = 15
_NEAR_WHITE = 250
_SPECK = 10  # of 255: noise of a JPEG near white
_LIGHT = 0.5  # mean luminance from which a logo is hard to see on white: its contrast is below 1.9


Form = Literal["wide", "square", "tall"]
Ground = Literal["light", "dark"]
FORMS: tuple[Form, ...] = ("wide", "square", "tall")
GROUNDS: tuple[Ground, ...] = ("light", "dark")


@dataclass(frozen=True, slots=True)
class Logo:
    """A normalised logo: PNG without empty borders, at most 640 × 240 pixels (400 × 400 square, 300 × 480 tall).

    `ground` is the one on which it is seen, found from its own lightness. `ink` is the drawn share of its rectangle.
    `was_white`: the white behind it was taken away. `has_ground`: it keeps a background of its own.
    """

    png: bytes
    width: int
    height: int
    form: Form
    ground: Ground
    ink: float
    was_white: bool = False
    has_ground: bool = False


def form_of(width: int, height: int) -> Form:
    """The form of a picture by its proportions."""
    ratio = width / height
    return "wide" if ratio > WIDE else "tall" if ratio < 1 / WIDE else "square"


def _refused(message: str, code: str = "bad_logo") -> Refused:
    return Refused(message, "logo", code)


def normalise_logo(data: bytes) -> Logo:
    """The logo in an uploaded file. Raises Refused (field "logo") naming what is wrong with the file."""
    if not data:
        raise _refused(_("The file is empty."))
    if len(data) > MAX_BYTES:
        raise _refused(
            _("The logo is larger than %(limit)s MB. Save a smaller one.", limit=MAX_BYTES // 1024 // 1024)
        )
    if data.startswith((b"\x89PNG\r\n", b"\xff\xd8\xff")):
        picture = _open_raster(data)
    elif data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        check_svg(data)
        picture = _open_raster(_rasterised(data))
    else:
        raise _refused(
            _("This file is not a PNG, JPEG or SVG picture. Save the logo in one of these formats.")
        )
    is_opaque = picture.getchannel("A").getextrema()[0] == 255
    was_white = is_opaque and _stands_on_white(picture)
    if was_white:
        picture = without_white(picture)
    return _fitted(_trimmed(picture), was_white, is_opaque and not was_white)


def _stands_on_white(picture: Image.Image) -> bool:
    """Whether the picture's edge is white all around, but for specks that a JPEG leaves."""
    grey = picture.convert("L")
    width, height = grey.size
    edges = (
        (0, 0, width, 1),
        (0, height - 1, width, height),
        (0, 0, 1, height),
        (width - 1, 0, width, height),
    )
    counts = [grey.crop(box).histogram() for box in edges]
    light = sum(sum(count[_NEAR_WHITE - 6 :]) for count in counts)
    return light >= 0.98 * sum(map(sum, counts))


def without_white(picture: Image.Image) -> Image.Image:
    """The picture with white made transparent, so that on white it looks exactly as before.

    Each pixel becomes the strongest colour that, laid over white, gives what it was: smooth edges stay smooth and carry
    no white fringe.
    """
    red, green, blue = (ImageChops.invert(channel) for channel in picture.convert("RGB").split())
    alpha = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    alpha = alpha.point([0 if value < _SPECK else value for value in range(256)])
    # what is missing to white, as a premultiplied picture: Pillow's conversion divides by alpha
    missing = Image.merge("RGBa", (red, green, blue, alpha)).convert("RGBA")
    red, green, blue, alpha = missing.split()
    return Image.merge("RGBA", (*(ImageChops.invert(channel) for channel in (red, green, blue)), alpha))


def _open_raster(data: bytes) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=["PNG", "JPEG"]) as image:
                if max(image.size) > MAX_SIDE:
                    raise _refused(
                        _(
                            "The logo is wider or taller than %(limit)s pixels. Save a smaller one.",
                            limit=MAX_SIDE,
                        )
                    )
                if max(image.size) < MIN_SIDE:
                    raise _refused(
                        _(
                            "The logo is only %(width)s × %(height)s pixels: it would look blurred. "
                            "Use one of at least %(least)s pixels.",
                            width=image.width,
                            height=image.height,
                            least=MIN_SIDE,
                        )
                    )
                return image.convert("RGBA")
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _refused(_("The logo has far too many pixels. Save a smaller one.")) from None
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError):
        raise _refused(_("The picture is damaged and can't be read. Save it again.")) from None


def check_svg(data: bytes) -> None:
    """Raises Refused for an SVG that could run something, load something, or grow without bound."""
    for problem in svg_problems(data):
        mend = _("Export the logo again as plain SVG, or use a PNG.")
        raise _refused(f"{problem.message} {mend}", f"svg_{problem.kind}")


def _rasterised(svg: bytes) -> bytes:
    # A process of its own with limits: nested patterns can make any renderer work for hours.
    try:
        done = subprocess.run(
            [sys.executable, "-m", "tmpa.partners.rasterise"],
            input=svg,
            capture_output=True,
            timeout=RASTER_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise _refused(_("The SVG is too complicated to draw. Use a PNG instead."), "svg_heavy") from None
    if done.returncode or not done.stdout:
        raise _refused(_("The SVG can't be drawn. Export it again, or use a PNG."), "svg_broken")
    return done.stdout


def _trimmed(picture: Image.Image) -> Image.Image:
    """Without transparent borders."""
    box = picture.getchannel("A").point([0] * 8 + [255] * 248).getbbox()
    if box is None:
        raise _refused(_("The logo is empty: there is nothing to see in it."))
    return picture.crop(box)


def ink_of(picture: Image.Image) -> float:
    """How much of an RGBA picture is drawn, 0 (nothing) to 1 (every pixel, fully)."""
    alpha = picture.getchannel("A").resize((64, 64), Image.Resampling.BOX)
    return sum(value * count for value, count in enumerate(alpha.histogram())) / (255 * 64 * 64)


def ground_of(picture: Image.Image) -> Ground:
    """The ground on which an RGBA picture is seen: dark for a light one. Only what is drawn counts."""
    small = picture.convert("RGBA").resize((48, 48), Image.Resampling.BOX)
    weight = light = 0.0
    raw = small.tobytes()
    for red, green, blue, alpha in zip(raw[0::4], raw[1::4], raw[2::4], raw[3::4], strict=True):
        if alpha:
            weight += alpha
            light += alpha * luminance(f"#{red:02x}{green:02x}{blue:02x}")
    return "dark" if weight and light / weight > _LIGHT else "light"


def _fitted(picture: Image.Image, was_white: bool, has_ground: bool) -> Logo:
    form = form_of(*picture.size)
    box = {"wide": BOX, "square": SQUARE_BOX, "tall": TALL_BOX}[form]
    scale = min(1.0, box[0] / picture.width, box[1] / picture.height)
    size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    if size != picture.size:
        picture = picture.resize(size, Image.Resampling.LANCZOS)
    ink = round(ink_of(picture), 3)
    return Logo(_png(picture), *size, form, ground_of(picture), ink, was_white, has_ground)


def _png(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "PNG", optimize=True)
    return out.getvalue()


def on_plate(png: bytes, colour: str = BLACK) -> tuple[bytes, int, int]:
    """A logo on a rounded plate, with the picture's size: for a partner who has none for the ground at hand."""
    with Image.open(io.BytesIO(png), formats=["PNG"]) as opened:
        mark = opened.convert("RGBA")
    room = max(8, round(0.14 * min(mark.size)))
    plate = Image.new("RGBA", (mark.width + 2 * room, mark.height + 2 * room), (0, 0, 0, 0))
    corner = (plate.width - 1, plate.height - 1)
    ImageDraw.Draw(plate).rounded_rectangle((0, 0, *corner), radius=room, fill=colour)
    plate.alpha_composite(mark, (room, room))
    return _png(plate), plate.width, plate.height
