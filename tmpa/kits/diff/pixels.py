"""Which pixels of a picture differ from those of an older one, although what stands below moved up or down."""

import io
from difflib import SequenceMatcher

from PIL import Image, ImageChops, ImageFilter, ImageOps

MARK = (214, 0, 110)
THRESHOLD = 24  # of 255: what the smoothing of a letter's edge may differ by
UNSEEN_ROWS = 3  # a gap that closes by so little has no line of its own


def mark(before: bytes, after: bytes) -> tuple[bytes, float]:
    """The second PNG in pale grey with the pixels coloured that differ from the first, and their share (0 to 1).

    Rows that both have are found first, so that a new line of text doesn't colour everything below it. What only
    the first has can't be shown; a thin line stands where it was.
    """
    old, new = _read(before), _read(after)
    width = max(old.width, new.width)
    old, new = _wide(old, width), _wide(new, width)
    aligned, gone = _aligned(old, new)
    bands = ImageChops.difference(aligned, new).split()
    strongest = ImageChops.lighter(ImageChops.lighter(bands[0], bands[1]), bands[2])
    mask = strongest.point(lambda value: 255 if value > THRESHOLD else 0)
    for row in gone:
        mask.paste(255, (0, min(row, new.height - 1), width, min(row, new.height - 1) + 1))
    share = mask.histogram()[255] / (width * new.height)
    pale = Image.blend(ImageOps.grayscale(new).convert("RGB"), Image.new("RGB", new.size, "white"), 0.6)
    pale.paste(MARK, mask=mask.filter(ImageFilter.MaxFilter(3)))
    out = io.BytesIO()
    pale.save(out, "PNG", optimize=False)
    return out.getvalue(), share


def _read(data: bytes) -> Image.Image:
    with Image.open(io.BytesIO(data), formats=["PNG"]) as picture:
        return picture.convert("RGB")


def _wide(picture: Image.Image, width: int) -> Image.Image:
    if picture.width == width:
        return picture
    ground = Image.new("RGB", (width, picture.height), "white")
    ground.paste(picture)
    return ground


def _aligned(old: Image.Image, new: Image.Image) -> tuple[Image.Image, list[int]]:
    """The old picture with its rows where the new one has them, and the new rows before which old ones are gone."""
    rows_old, rows_new = _rows(old), _rows(new)
    result = Image.new("RGB", new.size)
    gone: list[int] = []
    for _tag, a1, a2, b1, b2 in SequenceMatcher(None, rows_old, rows_new).get_opcodes():
        both = min(a2 - a1, b2 - b1)
        if both:
            result.paste(old.crop((0, a1, old.width, a1 + both)), (0, b1))
        for row in range(b1 + both, b2):  # a new row: what differs from most of it is new
            place = (0, row, new.width, row + 1)
            colours = new.crop(place).getcolors(new.width) or []
            result.paste(max(colours)[1], place)  # type: ignore[arg-type]  # a colour of RGB
        if (a2 - a1) - (b2 - b1) > UNSEEN_ROWS:
            gone.append(b2)
    return result, gone


def _rows(picture: Image.Image) -> list[bytes]:
    data, stride = picture.tobytes(), picture.width * 3
    return [data[start : start + stride] for start in range(0, len(data), stride)]
