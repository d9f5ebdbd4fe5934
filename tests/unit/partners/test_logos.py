"""Logos: what is taken, what it becomes, what is refused and why."""

import io

import pytest
from PIL import Image, ImageDraw

from tmpa.kernel.errors import Refused
from tmpa.partners.logos import BOX, normalise_logo

SVG = (
    b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 60">%s'
    b'<rect x="50" y="10" width="100" height="40"/></svg>'
)


def picture(width: int, height: int, form: str = "PNG", background: object = (0, 0, 0, 0)) -> bytes:
    image = Image.new("RGBA", (width, height), background)  # type: ignore[arg-type]
    ImageDraw.Draw(image).rectangle(
        (width // 4, height // 4, width // 2, height // 2), fill=(200, 20, 20, 255)
    )
    out = io.BytesIO()
    (image.convert("RGB") if form == "JPEG" else image).save(out, form)
    return out.getvalue()


def test_transparent_borders_are_cut_off() -> None:
    logo = normalise_logo(picture(400, 400))
    assert (logo.width, logo.height) == (101, 101)


def test_white_borders_of_an_opaque_picture_are_cut_off() -> None:
    logo = normalise_logo(picture(400, 400, "JPEG", (255, 255, 255, 255)))
    assert logo.width < 130


def test_large_logos_are_fitted_and_keep_their_shape() -> None:
    logo = normalise_logo(picture(3000, 1500))
    assert logo.width <= BOX[0] and logo.height == BOX[1]
    assert abs(logo.width / logo.height - 2) < 0.1


def test_an_svg_becomes_a_png_of_its_drawing_alone() -> None:
    logo = normalise_logo(SVG % b"")
    with Image.open(io.BytesIO(logo.png)) as image:
        assert image.format == "PNG" and image.size == (logo.width, logo.height)
    assert abs(logo.width / logo.height - 2.5) < 0.1


@pytest.mark.parametrize(
    "evil",
    [
        b"<script>alert(1)</script>",
        b'<g onload="alert(1)"/>',
        b'<a href="javascript:alert(1)"/>',
        b'<image href="https://evil.example/pixel.png"/>',
        b'<image href="file:///etc/passwd"/>',
        b'<use href="https://evil.example/x.svg#a"/>',
        b'<foreignObject><body xmlns="http://www.w3.org/1999/xhtml"/></foreignObject>',
        b'<style>@import url("https://evil.example/x.css");</style>',
        b'<rect style="fill:url(https://evil.example/x)"/>',
        b'<rect style="fill:u\\72l(https://evil.example/x)"/>',
        b'<set attributeName="href" to="javascript:alert(1)"/>',
    ],
)
def test_an_svg_that_runs_or_reaches_out_is_refused(evil: bytes) -> None:
    with pytest.raises(Refused) as refusal:
        normalise_logo(SVG % evil)
    assert refusal.value.field == "logo" and refusal.value.code == "svg_behaviour"
    assert "SVG" in str(refusal.value)


def test_entities_are_refused_before_they_are_read() -> None:
    bomb = b'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>' + SVG % b"&b;"
    with pytest.raises(Refused, match="entities"):
        normalise_logo(bomb)


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", "empty"),
        (b"GIF89a....", "not a PNG"),
        (b"%PDF-1.7", "not a PNG"),
        (b"\x89PNG\r\n\x1a\nbroken", "damaged"),
        (b"<html><body/></html>", "not an SVG"),
        (b"<svg", "well-formed"),
        (b"\x89PNG\r\n" + b"0" * 2_100_000, "larger than 2 MB"),
    ],
)
def test_other_files_are_refused_with_the_reason(data: bytes, word: str) -> None:
    with pytest.raises(Refused, match=word):
        normalise_logo(data)


def test_tiny_huge_and_empty_pictures_are_refused() -> None:
    with pytest.raises(Refused, match="blurred"):
        normalise_logo(picture(60, 40))
    out = io.BytesIO()
    Image.new("1", (7000, 10)).save(out, "PNG")
    with pytest.raises(Refused, match="6000 pixels"):
        normalise_logo(out.getvalue())
    out = io.BytesIO()
    Image.new("RGBA", (300, 100), (0, 0, 0, 0)).save(out, "PNG")
    with pytest.raises(Refused, match="nothing to see"):
        normalise_logo(out.getvalue())


def test_a_picture_with_too_many_pixels_is_refused() -> None:
    out = io.BytesIO()
    Image.new("1", (30000, 30000)).save(out, "PNG")
    with pytest.raises(Refused):
        normalise_logo(out.getvalue())


def test_an_svg_that_would_draw_for_ever_is_stopped() -> None:
    # each pattern is filled with the one before it, four times over
    patterns = b'<pattern id="p0" width="1" height="1"><rect width="1" height="1"/></pattern>'
    for level in range(1, 30):
        uses = b"".join(b'<use href="#g%d" x="%d"/>' % (level - 1, at) for at in range(10))
        patterns += b'<g id="g%d">%s</g>' % (level, uses)
    drawing = b'<defs>%s<g id="g0"><rect width="3" height="3"/></g></defs><use href="#g29"/>' % patterns
    with pytest.raises(Refused, match=r"complicated|can't be drawn"):
        normalise_logo(SVG % drawing)
