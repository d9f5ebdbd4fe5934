"""Pictures in kits: SVG without behaviour, rasters of sane size."""

import io
import warnings

from PIL import Image, UnidentifiedImageError

from tmpa.kernel.i18n import gettext as _
from tmpa.kernel.svg import svg_problems
from tmpa.kits.findings import Finding, error

MAX_PIXELS_ASIDE = 4096
RASTER_FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG"}


def check_svg(path: str, data: bytes) -> list[Finding]:
    """Findings for an SVG that has scripts, handlers, foreign content or references outside itself."""
    mend = _("Export the picture again as plain SVG, without scripts, links and embedded files.")
    return [
        error("svg", path, problem.line, problem.message, mend)
        for problem in svg_problems(data, allow_pictures=True)
    ]


def check_raster(path: str, data: bytes) -> list[Finding]:
    """Findings for a PNG or JPEG that isn't one, or is larger than 4096 pixels on a side."""
    suffix = "." + path.rsplit(".", 1)[-1].lower()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=[RASTER_FORMATS[suffix]]) as image:
                width, height = image.size
                if max(width, height) <= MAX_PIXELS_ASIDE:
                    image.load()
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        width = height = MAX_PIXELS_ASIDE + 1
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError):
        message = _("The picture can't be read as %(format)s.", format=RASTER_FORMATS[suffix])
        return [error("image", path, 0, message, _("Save it again in that format."))]
    if max(width, height) > MAX_PIXELS_ASIDE:
        message = _("The picture is wider or taller than %(limit)s pixels.", limit=MAX_PIXELS_ASIDE)
        return [error("image", path, 0, message, _("Save a smaller one."))]
    return []
