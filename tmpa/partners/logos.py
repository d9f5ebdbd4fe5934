"""Logos: PNG, JPEG and SVG become one normalised PNG; what could run or reach out is refused with the reason."""

import io
import subprocess
import sys
import warnings
from dataclasses import dataclass

from PIL import Image, ImageChops, UnidentifiedImageError

from tmpa.kernel.errors import Refused
from tmpa.kernel.i18n import gettext as _
from tmpa.kernel.svg import svg_problems

MAX_BYTES = 2 * 1024 * 1024
MAX_SIDE = 6000  # pixels of an uploaded picture
MIN_SIDE = 120  # of its longer side; smaller ones look blurred in a mail
BOX = (640, 240)  # pixels; twice what a mail shows, for dense screens
RASTER_SECONDS = 15
_NEAR_WHITE = 250


@dataclass(frozen=True, slots=True)
class Logo:
    """A normalised logo: PNG without empty borders, at most 640 × 240 pixels."""

    png: bytes
    width: int
    height: int


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
    return _fitted(_trimmed(picture))


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
    """Without transparent borders, and without white ones where the picture has no transparency."""
    alpha = picture.getchannel("A")
    low, _high = alpha.getextrema()
    box = alpha.point([0] * 8 + [255] * 248).getbbox()
    if low == 255:
        white = Image.new("RGB", picture.size, (255, 255, 255))
        drawn = ImageChops.difference(picture.convert("RGB"), white).convert("L")
        box = drawn.point([0] * (256 - _NEAR_WHITE) + [255] * _NEAR_WHITE).getbbox()
    if box is None:
        raise _refused(_("The logo is empty: there is nothing to see in it."))
    return picture.crop(box)


def ink_of(picture: Image.Image) -> float:
    """How much of an RGBA picture is drawn, 0 (nothing) to 1 (every pixel, fully)."""
    alpha = picture.getchannel("A").resize((64, 64), Image.Resampling.BOX)
    return sum(value * count for value, count in enumerate(alpha.histogram())) / (255 * 64 * 64)


def _fitted(picture: Image.Image) -> Logo:
    scale = min(1.0, BOX[0] / picture.width, BOX[1] / picture.height)
    size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    if size != picture.size:
        picture = picture.resize(size, Image.Resampling.LANCZOS)
    out = io.BytesIO()
    picture.save(out, "PNG", optimize=True)
    return Logo(out.getvalue(), *size)
