"""Documents: PDF and picture from Typst, with values as data and nothing from outside."""

import json
from base64 import b64decode

import pytest

from tests.unit.kits.conftest import Make
from tmpa.kits.brand import SAMPLE_BRAND, Brand
from tmpa.kits.document import document_data, render_document, render_picture
from tmpa.kits.findings import CompileFailed
from tmpa.kits.samples import CHECK_BRANDS, PAGE_URL, sample_values
from tmpa.kits.slots import validate_slots
from tmpa.kits.source import KitSource

PNG = b64decode(CHECK_BRANDS[0].logo_url.split(",")[1])


@pytest.mark.parametrize("locale", ["en", "de"])
def test_a_document_is_one_page_of_pdf(kit: KitSource, locale: str) -> None:
    slots = validate_slots(kit, sample_values(kit, locale), locale)
    made = render_document(kit, "onepager", locale, SAMPLE_BRAND, slots, page_url=PAGE_URL)
    assert made.pdf.startswith(b"%PDF")
    assert made.pages == 1
    assert render_picture(kit, "onepager", locale, SAMPLE_BRAND, slots, page_url=PAGE_URL).startswith(
        b"\x89PNG"
    )


def test_markup_in_a_value_is_text(kit: KitSource) -> None:
    slots = validate_slots(kit, {"headline": '#panic("x") $ * _ #read("/etc/passwd")'}, "en")
    made = render_document(kit, "onepager", "en", SAMPLE_BRAND, slots, page_url=PAGE_URL)
    assert made.pages == 1


def test_rich_text_and_translations_reach_the_template(kit: KitSource) -> None:
    slots = validate_slots(kit, {"offer": "<p>One</p><ul><li>two</li></ul>"}, "de")
    data = document_data(kit, "de", SAMPLE_BRAND, slots, PAGE_URL, None, "/qr.svg")
    read = json.loads(json.dumps(data))
    assert read["slot"]["offer"] == "One\n\n- two"
    assert read["t"]["Privacy"] == "Datenschutz"
    assert read["brand"]["logo"] is None
    assert read["slot"]["until"] == ""


def test_logos_are_taken_by_their_content(kit: KitSource) -> None:
    slots = validate_slots(kit, {}, "en")
    for logo in (PNG, b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>", b"GIF89a nonsense"):
        brand = Brand(name="A", legal_name="A", address="B", logo=logo)
        assert render_document(kit, "onepager", "en", brand, slots, page_url=PAGE_URL).pages == 1


@pytest.mark.parametrize(
    "line",
    [
        '#import "@preview/cetz:0.2.0": *',
        '#include "/etc/passwd"',
        '#include "../../x.typ"',
        '#read("/etc/passwd")',
        '#read("../../../../etc/passwd")',
        '#plugin("x.wasm")',
        "#panic()",
    ],
)
def test_what_reaches_out_or_fails_is_named_with_its_line(changed: Make, line: str) -> None:
    source = changed("documents/onepager.typ", "#slot.offer", line)
    slots = validate_slots(source, {}, "en")
    with pytest.raises(CompileFailed) as caught:
        render_document(source, "onepager", "en", SAMPLE_BRAND, slots, page_url=PAGE_URL)
    (finding,) = caught.value.findings
    assert (finding.rule, finding.file) == ("typst", "documents/onepager.typ")
    assert source.text(finding.file).splitlines()[finding.line - 1] == line
    assert "tmpa-doc" not in finding.message
