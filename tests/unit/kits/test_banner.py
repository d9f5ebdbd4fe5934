"""Banners, fonts, QR codes: pictures in their exact size, texts that fit or are named, letters that have a font."""

import io
import re
import struct
import zlib
from dataclasses import replace

import pytest
from PIL import Image

from tests.unit.kits.conftest import Make, skeleton_files
from tmpa.kernel.errors import Refused
from tmpa.kits.banner import banner_findings, render_banner
from tmpa.kits.brand import SAMPLE_BRAND
from tmpa.kits.document import render_document
from tmpa.kits.findings import CompileFailed
from tmpa.kits.glyphs import missing_glyphs
from tmpa.kits.qr import qr_png, qr_svg
from tmpa.kits.samples import PAGE_URL
from tmpa.kits.slots import SlotValues, validate_slots
from tmpa.kits.source import KitSource, build_source

TEMPLATE = """#import "/_tmpa/tools.typ": data, fit, logo, piece, px, t
#show: piece
#box(width: 40%, height: 100%, inset: 4 * px, logo(100 * px, 40 * px))
#place(top + end, box(width: 55%, height: 100%, fit(data.slot.headline, largest: 30pt, smallest: 6pt)))
"""
PIECE = """
[[pieces]]
name = "ad"
kind = "banner"
title = "LinkedIn post"
template = "banners/ad.typ"
sizes = ["300x90", "120x60"]
alt = "Privacy"
"""


@pytest.fixture(scope="module")
def base() -> dict[str, bytes]:
    files = skeleton_files()
    files["kit.toml"] = files["kit.toml"].replace(b"[[journey]]", PIECE.encode() + b"\n[[journey]]", 1)
    return files


def kit_of(base: dict[str, bytes], template: str = TEMPLATE) -> KitSource:
    return build_source({**base, "banners/ad.typ": template.encode()})


def headline(source: KitSource, words: str) -> SlotValues:
    return validate_slots(source, {"headline": words}, "en")


def test_a_banner_is_a_png_of_each_size_and_the_same_of_every_partner(base: dict[str, bytes]) -> None:
    source = kit_of(base)
    made = render_banner(source, "ad", "en", SAMPLE_BRAND, headline(source, "Short"), page_url=PAGE_URL)
    assert [(each.size, each.width, each.height) for each in made] == [
        ("300x90", 300, 90),
        ("120x60", 120, 60),
    ]
    for each in made:
        assert struct.unpack(">II", each.png[16:24]) == (each.width, each.height)
        assert struct.unpack(">II", each.png_2x[16:24]) == (2 * each.width, 2 * each.height)
    other = replace(SAMPLE_BRAND, name='#panic("x") $', primary="#ffd400")
    theirs = render_banner(
        source, "ad", "en", other, headline(source, "Other"), page_url=PAGE_URL, only="120x60"
    )
    assert theirs[0].digest == made[1].digest and theirs[0].png != made[1].png
    with pytest.raises(KeyError):
        render_banner(source, "onepager", "en", other, headline(source, "Other"), page_url=PAGE_URL)


@pytest.mark.parametrize(
    ("template", "words", "said"),
    [
        (TEMPLATE.replace("6pt", "28pt"), "Many words " * 6, "“Many words"),
        ("#import \"/_tmpa/tools.typ\": piece\n#show: piece\nA#pagebreak()B", "Short", "one page"),
        ("#set page(width: 10pt, height: 10pt, margin: 0pt)\n", "Short", "10 × 10 pixels"),
    ],
)  # fmt: skip
def test_what_has_no_room_is_named_with_size_and_locale(
    base: dict[str, bytes], template: str, words: str, said: str
) -> None:
    source = kit_of(base, template)
    slots = headline(source, words)
    with pytest.raises(CompileFailed) as caught:
        render_banner(source, "ad", "en", SAMPLE_BRAND, slots, page_url=PAGE_URL)
    (finding,) = caught.value.findings
    assert (finding.rule, finding.file) == ("banner", "banners/ad.typ")
    assert said in finding.message and "300x90" in finding.message
    found = list(banner_findings(source, "ad", "en", SAMPLE_BRAND, slots, page_url=PAGE_URL))
    assert [(each.rule, each.message) for each in found] == [("banner", finding.message)]


def test_long_words_are_broken_before_they_are_cut_off(base: dict[str, bytes]) -> None:
    source = kit_of(base)
    long = replace(SAMPLE_BRAND, name="Donaudampfschifffahrtselektrizitätenhauptbetriebswerk")
    slots = headline(source, "Donaudampfschifffahrtsgesellschaftskapitän")
    assert not list(banner_findings(source, "ad", "en", long, slots, page_url=PAGE_URL))


@pytest.mark.parametrize(
    ("words", "font"),
    [
        ("नमस्ते, अपना बैकअप आज़माएँ", "NotoSansDevanagari|NotoSans-"),
        ("تجربة النسخ الاحتياطي", "NotoSansArabic"),
        ("バックアップを試す", "NotoSansJP"),
        ("בדיקת הגיבוי", "NotoSansHebrew"),
    ],
)
def test_every_script_has_its_letters_embedded(changed: Make, words: str, font: str) -> None:
    source = changed("kit.toml")
    slots = validate_slots(source, {"headline": words}, "en")
    pdf = render_document(source, "onepager", "en", SAMPLE_BRAND, slots, page_url=PAGE_URL).pdf
    assert missing_glyphs(pdf) is None
    everything = pdf + b"".join(_streams(pdf))
    assert re.search(rb"/FontFile[23] ", everything)
    assert re.search(rb"/BaseFont\s*/[A-Z]{6}\+(" + font.encode() + rb")", everything)


def _streams(pdf: bytes) -> list[bytes]:
    found = []
    for match in re.finditer(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL):
        try:
            found.append(zlib.decompress(match[1]))
        except zlib.error:
            continue
    return found


def test_letters_without_a_font_are_a_finding(base: dict[str, bytes]) -> None:
    source = kit_of(base)
    found = list(
        banner_findings(
            source, "ad", "en", SAMPLE_BRAND, headline(source, "Read ᏣᎳᎩ 한국"), page_url=PAGE_URL
        )
    )
    assert {each.rule for each in found} == {"glyphs"}
    assert "국" in found[0].message


def test_qr_codes_have_a_size_in_print_and_a_white_edge() -> None:
    svg = qr_svg(PAGE_URL, border=4, millimetres=40)
    width = re.search(rb'width="([\d.]+)mm"', svg)
    assert width and abs(float(width[1]) - 40) < 0.1
    picture = Image.open(io.BytesIO(qr_png(PAGE_URL, millimetres=40)))
    assert picture.width >= 40 / 25.4 * 300 and round(picture.info["dpi"][0]) == 300
    assert picture.convert("L").crop((0, 0, picture.width, picture.width // 20)).getextrema() == (255, 255)
    with pytest.raises(Refused):
        qr_svg("https://x.example/" + "a" * 1300)
