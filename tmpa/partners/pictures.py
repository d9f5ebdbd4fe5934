"""Pictures that a partner uploads for its pieces: taken in once, kept without metadata, cut for each slot.

What is kept is always drawn anew from the pixels: no metadata (place, device, thumbnails), no colour profile but sRGB,
nothing hidden behind the picture's end.
"""

import io
import struct
import uuid
import warnings
from dataclasses import dataclass
from pathlib import PurePath

from PIL import Image, ImageCms, UnidentifiedImageError
from sqlalchemy import select
from sqlalchemy.orm import Session

from tmpa.kernel import audit
from tmpa.kernel.errors import Refused
from tmpa.kernel.i18n import gettext as _
from tmpa.kernel.objects import ObjectStore
from tmpa.kernel.signing import fingerprint
from tmpa.partners.models import Picture

FORMATS = ("PNG", "JPEG", "WEBP")
MAX_BYTES = 10 * 1024 * 1024
MAX_PIXELS = 40_000_000  # beyond any telephone's picture; decoded it takes 160 MB for a moment
MIN_SIDE = 16
KEPT_SIDE = 2600  # longer side of what is kept: a phone's picture at twice the width of a page
PLACE_WIDTH = 600  # CSS pixels of a mail, and of a slot that names no width
DENSITY = 2  # pixels per CSS pixel of what pieces show
THUMBNAIL_SIDE = 640
GALLERY = 12
SMALL = ".small"  # ends the key of a picture's thumbnail
FEW_COLOURS = 4096  # a drawing or a screenshot has fewer and is smaller and sharper as PNG
QUALITY = 85
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True, slots=True)
class Made:
    """An encoded picture: `suffix` is ".png" or ".jpg", sizes are pixels."""

    data: bytes
    suffix: str
    width: int
    height: int

    @property
    def content_type(self) -> str:
        """The media type."""
        return "image/png" if self.suffix == ".png" else "image/jpeg"


def _refused(message: str, code: str = "bad_picture") -> Refused:
    return Refused(message, "picture", code)


def take_in(data: bytes) -> Made:
    """The picture in an uploaded file, upright, in sRGB, without metadata, at most 2600 pixels on a side.

    Raises Refused (field "picture") with a sentence for a file that is empty, too large, no picture, damaged or moving.
    """
    if not data:
        raise _refused(_("The file is empty."))
    if len(data) > MAX_BYTES:
        raise _refused(
            _(
                "The picture is %(size)s MB large; %(limit)s MB are the most. Save a smaller one.",
                size=-(-len(data) // 1024**2),
                limit=MAX_BYTES // 1024**2,
            )
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=FORMATS) as image:
                _check(image)
                picture = _upright(image)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_many_pixels() from None
    except UnidentifiedImageError:
        raise _refused(_("This file is not a PNG, JPEG or WebP picture. Save it in one of these.")) from None
    except (OSError, ValueError, SyntaxError, EOFError):
        raise _refused(_("The picture is damaged and can't be read. Save it again.")) from None
    if max(picture.size) > KEPT_SIDE:
        picture.thumbnail((KEPT_SIDE, KEPT_SIDE), Image.Resampling.LANCZOS)
    return encode(picture)


def _too_many_pixels() -> Refused:
    return _refused(
        _(
            "The picture has more than %(limit)s million pixels. Save a smaller one.",
            limit=MAX_PIXELS // 10**6,
        )
    )


def _check(image: Image.Image) -> None:
    """What the header tells, before anything is decoded."""
    if image.width * image.height > MAX_PIXELS:
        raise _too_many_pixels()
    if min(image.size) < MIN_SIDE:
        raise _refused(
            _(
                "The picture is only %(width)s × %(height)s pixels. Use a larger one.",
                width=image.width,
                height=image.height,
            )
        )
    if getattr(image, "n_frames", 1) > 1:
        raise _refused(_("Moving pictures can't be used. Save a still one."))


def _upright(image: Image.Image) -> Image.Image:
    """The pixels alone: turned as the camera says, in sRGB, RGB or RGBA."""
    if image.format == "JPEG":
        image.draft(
            "RGB", (2 * KEPT_SIDE, 2 * KEPT_SIDE)
        )  # decodes at half or a quarter where that is enough
    profile = image.info.get("icc_profile")
    turn = _turn(image)
    turned = image if turn is None else image.transpose(turn)
    if profile:
        turned = _in_srgb(turned, profile)
    if turned.mode.startswith("I"):  # 16 bits of grey
        turned = turned.convert("I").point(lambda value: value / 256).convert("L")
    is_clear = turned.mode in {"RGBA", "LA", "PA"} or "transparency" in image.info
    drawn = turned.convert("RGBA" if is_clear else "RGB")
    if is_clear and drawn.getchannel("A").getextrema() == (255, 255):
        drawn = drawn.convert("RGB")
    fresh = Image.new(drawn.mode, drawn.size)  # carries none of the comments and profiles along
    fresh.paste(drawn)
    return fresh


def _turn(image: Image.Image) -> Image.Transpose | None:
    """How the camera says that the picture must be turned (EXIF 2.32, tag 0x0112)."""
    try:
        return _TURNS.get(int(image.getexif().get(0x0112, 1)))
    except (SyntaxError, ValueError, TypeError, KeyError, OSError, struct.error):
        return None  # broken notes of a camera are no reason to refuse its picture


def _in_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    mode = "RGBA" if image.mode == "RGBA" else "RGB"
    if image.mode not in {"RGB", "RGBA", "CMYK"}:
        return image
    try:
        given = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        turned = ImageCms.profileToProfile(image, given, ImageCms.createProfile("sRGB"), outputMode=mode)
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image  # a broken profile is as good as none
    return turned or image


def encode(picture: Image.Image) -> Made:
    """PNG for what is see-through or has few colours, else JPEG."""
    out = io.BytesIO()
    if picture.mode == "RGBA" or picture.getcolors(FEW_COLOURS) is not None:
        picture.save(out, "PNG", optimize=True)
        return Made(out.getvalue(), ".png", *picture.size)
    picture.convert("RGB").save(out, "JPEG", quality=QUALITY, optimize=True, progressive=True)
    return Made(out.getvalue(), ".jpg", *picture.size)


def crop_box(
    width: int, height: int, ratio: str | None, focal: tuple[float, float]
) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of the largest cut of `ratio` ("16:9") whose middle is as near `focal` as fits.

    `focal` are shares of width and height, (0, 0) at the upper left. None keeps the whole picture.
    """
    if ratio is None:
        return 0, 0, width, height
    across, down = (int(part) for part in ratio.split(":"))
    cut_width = min(width, max(1, round(height * across / down)))
    cut_height = min(height, max(1, round(width * down / across)))
    left = min(max(0, round(focal[0] * width - cut_width / 2)), width - cut_width)
    top = min(max(0, round(focal[1] * height - cut_height / 2)), height - cut_height)
    return left, top, left + cut_width, top + cut_height


def check_size(width: int, height: int, ratio: str | None, least: int) -> None:
    """Raises Refused with the figures when a cut of `ratio` is narrower than `least` pixels."""
    box = crop_box(width, height, ratio, (0.5, 0.5))
    left = box[2] - box[0]
    if left >= least:
        return
    figures = {"width": width, "height": height, "least": least}
    if left == width:
        message = _(
            "The picture is %(width)s × %(height)s pixels; the kit needs %(least)s across. Use a larger one.",
            **figures,
        )
    else:
        message = _(
            "The picture is %(width)s × %(height)s pixels; cut to %(ratio)s, %(left)s are left across, and the kit "
            "needs %(least)s. Use a larger one.",
            **figures,
            ratio=ratio,
            left=left,
        )
    raise _refused(message, "small_picture")


def cut(data: bytes, ratio: str | None, min_width: int | None, focal: tuple[float, float]) -> Made:
    """A kept picture as a slot shows it: cut around `focal`, for dense screens twice as wide as the least, `min_width`.

    Beyond 1,200 pixels, twice a mail's width, only as far as the least asks. Raises Refused for a picture too small.
    """
    with Image.open(io.BytesIO(data), formats=FORMATS) as image:
        check_size(image.width, image.height, ratio, min_width or 0)
        picture = image.convert("RGBA" if image.mode == "RGBA" else "RGB")
    picture = picture.crop(crop_box(*picture.size, ratio, focal))
    least = min_width or PLACE_WIDTH
    widest = max(least, min(DENSITY * least, DENSITY * PLACE_WIDTH))
    if picture.width > widest:
        height = max(1, round(picture.height * widest / picture.width))
        picture = picture.resize((widest, height), Image.Resampling.LANCZOS)
    return encode(picture)


def thumbnail(data: bytes) -> Made:
    """A kept picture in small, for choosing: at most 640 pixels on a side."""
    with Image.open(io.BytesIO(data), formats=FORMATS) as image:
        image.draft("RGB", (THUMBNAIL_SIDE, THUMBNAIL_SIDE))
        picture = image.convert("RGBA" if image.mode == "RGBA" else "RGB")
    picture.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
    return encode(picture)


def add_picture(
    session: Session, store: ObjectStore, partner_id: uuid.UUID, data: bytes, file_name: str
) -> Picture:
    """Keep an uploaded picture among the partner's; the same picture again is the one that is there.

    Raises Refused for a file that can't be used.
    """
    made = take_in(data)
    content_hash = fingerprint(made.data)
    found = session.scalars(
        select(Picture).where(Picture.partner_id == partner_id, Picture.content_hash == content_hash)
    ).one_or_none()
    if found is not None:
        return found
    key = f"pictures/{partner_id}/{content_hash}{made.suffix}"
    store.put(key, made.data, made.content_type)
    small = thumbnail(made.data)
    store.put(key + SMALL, small.data, small.content_type)
    picture = Picture(
        partner_id=partner_id,
        name=_name(file_name),
        object_key=key,
        content_hash=content_hash,
        width=made.width,
        height=made.height,
    )
    session.add(picture)
    session.flush()
    audit.record(session, "picture.added", picture, width=made.width, height=made.height)
    return picture


def read_thumbnail(store: ObjectStore, picture: Picture) -> tuple[bytes, str]:
    """A picture in small and its media type. Raises MissingObject."""
    data = store.get(picture.object_key + SMALL)
    return data, "image/png" if data.startswith(b"\x89PNG") else "image/jpeg"


def _name(file_name: str) -> str:
    """A file's name without folders and ending, fit to be shown."""
    stem = PurePath(file_name.replace("\\", "/")).stem
    shown = "".join(letter if letter.isprintable() else " " for letter in stem).strip()[:200]
    return shown or str(_("Picture"))


def gallery(session: Session, partner_id: uuid.UUID, keep: str = "") -> list[Picture]:
    """The partner's newest pictures, at most 12; the one with the public id `keep` is among them."""
    rows = session.scalars(
        select(Picture).where(Picture.partner_id == partner_id).order_by(Picture.created_at.desc())
    ).all()
    chosen = [row for row in rows if row.public_id == keep]
    return [*chosen, *(row for row in rows if row.public_id != keep)][:GALLERY]
