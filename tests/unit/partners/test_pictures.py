"""Pictures: what is kept of an upload, what is refused, and what a slot shows of it."""

import io
import random
import struct
import zlib
from typing import Any

import pytest
from PIL import Image, ImageCms

from tests.factories.accounts import organization
from tmpa.db import Database
from tmpa.kernel.errors import Refused
from tmpa.kernel.objects import LocalStore
from tmpa.kernel.scope import Scope
from tmpa.kernel.signing import Signer
from tmpa.partners import pictures
from tmpa.partners.pictures import crop_box, cut, take_in, thumbnail
from tmpa.settings import Settings

RED, GREEN, BLUE, YELLOW = (200, 0, 0), (0, 160, 0), (0, 0, 200), (220, 200, 0)


def quarters(width: int = 400, height: int = 300) -> Image.Image:
    """A colour in each corner, so that a turned or wrongly cut picture shows."""
    image = Image.new("RGB", (width, height), RED)
    image.paste(GREEN, (width // 2, 0, width, height // 2))
    image.paste(BLUE, (0, height // 2, width // 2, height))
    image.paste(YELLOW, (width // 2, height // 2, width, height))
    return image


def photo(width: int, height: int) -> Image.Image:
    """As many colours as a photograph."""
    noise = random.Random(7).randbytes(48 * 36 * 3)
    return Image.frombytes("RGB", (48, 36), noise).resize((width, height), Image.Resampling.BICUBIC)


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def opened(data: bytes) -> Image.Image:
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        return image


def corners(image: Image.Image) -> list[tuple[int, ...]]:
    """The colours near the four corners, clockwise from the upper left, rounded as JPEG blurs them."""
    drawn, (right, bottom) = image.convert("RGB"), (image.width - 9, image.height - 9)
    found = [drawn.getpixel(place) for place in ((8, 8), (right, 8), (right, bottom), (8, bottom))]
    known = (RED, GREEN, BLUE, YELLOW)
    return [
        min(known, key=lambda one: sum(abs(a - b) for a, b in zip(one, each, strict=True))) for each in found
    ]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("orientation", "turned"),
    [
        (1, [RED, GREEN, YELLOW, BLUE]), (2, [GREEN, RED, BLUE, YELLOW]), (3, [YELLOW, BLUE, RED, GREEN]),
        (4, [BLUE, YELLOW, GREEN, RED]), (5, [RED, BLUE, YELLOW, GREEN]), (6, [BLUE, RED, GREEN, YELLOW]),
        (7, [YELLOW, GREEN, RED, BLUE]), (8, [GREEN, YELLOW, BLUE, RED]),
    ],
)  # fmt: skip
def test_a_camera_picture_stands_upright(orientation: int, turned: list[tuple[int, ...]]) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    made = take_in(encoded(quarters(), "JPEG", exif=exif, quality=95))
    assert corners(opened(made.data)) == turned
    assert (made.width, made.height) == ((300, 400) if orientation > 4 else (400, 300))


def test_nothing_but_the_pixels_is_kept() -> None:
    exif = Image.Exif()
    exif[0x010E] = "SECRET-PLACE"
    exif.get_ifd(0x8825)[1] = "N"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    data = encoded(photo(400, 300), "JPEG", exif=exif, comment=b"SECRET-COMMENT", icc_profile=profile)
    assert b"SECRET-PLACE" in data and b"SECRET-COMMENT" in data
    made = take_in(data + b"SECRET-TAIL<script>")
    assert made.suffix == ".jpg" and b"SECRET" not in made.data and b"Exif" not in made.data
    shown = cut(made.data, "1:1", 100, (0.5, 0.5))
    assert not opened(shown.data).getexif() and "icc_profile" not in opened(shown.data).info


def test_colours_of_another_profile_stay_what_they_look_like() -> None:
    wide = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    broken = take_in(encoded(quarters(), profile_of=1, icc_profile=b"not a profile"))
    assert corners(opened(broken.data))[0] == RED
    odd = take_in(encoded(quarters(), icc_profile=wide.tobytes()))  # a profile for another kind of colour
    assert corners(opened(odd.data))[0] == RED
    press = take_in(encoded(photo(300, 200).convert("CMYK"), "JPEG"))
    assert opened(press.data).mode == "RGB"


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_three_formats_are_taken_and_two_are_kept(kind: str) -> None:
    drawing, photograph = take_in(encoded(quarters(), kind)), take_in(encoded(photo(400, 300), kind))
    assert photograph.suffix == ".jpg"
    if kind != "JPEG":
        assert drawing.suffix == ".png" and opened(drawing.data).format == "PNG"


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "L", "1", "I;16"])
def test_every_kind_of_png_is_read(mode: str) -> None:
    image = quarters(64, 48) if mode == "I;16" else quarters(64, 48).convert(mode)
    if mode in {"RGBA", "LA"}:
        image.putalpha(Image.linear_gradient("L").resize((64, 48)))
    if mode == "I;16":
        image = Image.new("I;16", (64, 48), 128 * 256)
    made = opened(take_in(encoded(image)).data)
    assert mode != "I;16" or made.getpixel((9, 9)) == (128, 128, 128)
    assert made.size == (64, 48) and made.mode == ("RGBA" if mode in {"RGBA", "LA"} else "RGB")


def test_large_pictures_are_kept_smaller() -> None:
    made = take_in(encoded(Image.new("RGB", (6000, 3000), RED), "JPEG"))
    assert (made.width, made.height) == (2600, 1300)
    small = thumbnail(made.data)
    assert (small.width, small.height) == (640, 320)


def png_header(width: int, height: int) -> bytes:
    """A PNG that says it is huge."""
    body = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + struct.pack(">I", 13)
        + body
        + struct.pack(">I", zlib.crc32(body))
        + struct.pack(">I", 9)
        + b"IDAT"
    )


MOVING = encoded(quarters(40, 40), "WEBP", save_all=True, append_images=[Image.new("RGB", (40, 40), BLUE)])


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "empty"),
        (b"x" * (pictures.MAX_BYTES + 1), "11 MB large; 10 MB are the most"),
        (b"GIF89a" + b"\0" * 50, "not a PNG, JPEG or WebP"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a PNG, JPEG or WebP"),
        (encoded(quarters())[:400], "damaged"),
        (encoded(quarters(), "JPEG")[:700], "damaged"),
        (b"\xff\xd8\xff" + b"\0" * 99, "not a PNG, JPEG or WebP"),
        (png_header(9000, 9000), "40 million pixels"),
        (png_header(60_000, 60_000), "40 million pixels"),
        (encoded(quarters(15, 300)), "only 15 × 300 pixels"),
        (MOVING, "Moving pictures"),
    ],
)
def test_what_cannot_be_used_is_refused_with_the_reason(data: bytes, says: str) -> None:
    with pytest.raises(Refused, match=says) as caught:
        take_in(data)
    assert caught.value.field == "picture"


@pytest.mark.parametrize(
    ("size", "ratio", "focal", "box"),
    [
        ((400, 300), None, (0.1, 0.9), (0, 0, 400, 300)),
        ((400, 300), "1:1", (0.5, 0.5), (50, 0, 350, 300)),
        ((400, 300), "1:1", (0.0, 0.0), (0, 0, 300, 300)),
        ((400, 300), "1:1", (1.0, 0.3), (100, 0, 400, 300)),
        ((400, 300), "1:1", (0.4, 0.3), (10, 0, 310, 300)),
        ((300, 400), "3:1", (0.5, 1.0), (0, 300, 300, 400)),
        ((300, 400), "3:4", (0.9, 0.9), (0, 0, 300, 400)),
        ((20, 2000), "1000:1", (0.5, 0.5), (0, 1000, 20, 1001)),
    ],
)  # fmt: skip
def test_a_cut_is_as_large_and_as_near_its_middle_as_fits(
    size: tuple[int, int], ratio: str | None, focal: tuple[float, float], box: tuple[int, int, int, int]
) -> None:
    assert crop_box(*size, ratio, focal) == box


def test_a_slot_shows_the_part_around_the_middle_at_twice_its_place() -> None:
    kept = take_in(encoded(quarters(1600, 1200))).data
    for focal, colour in (((0.0, 0.0), RED), ((1.0, 0.0), GREEN), ((0.0, 1.0), BLUE), ((1.0, 1.0), YELLOW)):
        shown = cut(kept, "16:3", 300, focal)
        assert (shown.width, shown.height) == (600, 112)
        place = 2 if focal[0] else 0
        assert corners(opened(shown.data))[1 if place else 0] == colour
    whole = cut(kept, None, None, (0.5, 0.5))
    assert (whole.width, whole.height) == (1200, 900)
    assert (
        cut(kept, None, 700, (0.5, 0.5)).width == 1200
    )  # heavier than a mail can bear only where the kit asks
    assert cut(kept, None, 1300, (0.5, 0.5)).width == 1300
    own_size = cut(take_in(encoded(quarters(500, 400))).data, "1:1", 300, (0.5, 0.5))
    assert (own_size.width, own_size.height) == (400, 400)  # never blown up


def test_pictures_too_small_for_their_place_are_refused_with_the_figures() -> None:
    kept = take_in(encoded(quarters(400, 300))).data
    with pytest.raises(Refused, match="400 × 300 pixels; the kit needs 401 across"):
        cut(kept, None, 401, (0.5, 0.5))
    with pytest.raises(Refused, match="cut to 1:1, 300 are left across, and the kit needs 301"):
        cut(kept, "1:1", 301, (0.5, 0.5))


@pytest.mark.backends("sqlite")
def test_the_same_picture_is_kept_once_for_each_partner(
    database: Database, settings: Settings, tmp_path: Any
) -> None:
    store = LocalStore(tmp_path, "http://portal.example", Signer(settings.secrets))
    one, other = (organization(database, "partner", name) for name in ("One", "Other"))
    data = encoded(quarters())
    ids = {}
    for partner_id in (one, other):
        with database.unit_of_work(Scope("partner", partner_id)) as session:
            first = pictures.add_picture(
                session, store, partner_id, data, "C:\\team\\unser \u202eTeam.final.png"
            )
            again = pictures.add_picture(session, store, partner_id, data, "other.png")
            assert first is again and first.name == "unser  Team.final"
            assert store.get(first.object_key).startswith(b"\x89PNG")
            ids[partner_id] = first.public_id
            newer = pictures.add_picture(session, store, partner_id, encoded(photo(60, 60)), "")
            assert newer.name == "Picture"
            assert [row.public_id for row in pictures.gallery(session, partner_id, ids[partner_id])] == [
                ids[partner_id], newer.public_id,
            ]  # fmt: skip
    assert ids[one] != ids[other]
