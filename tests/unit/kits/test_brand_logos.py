"""Logos in a kit's space: any shape looks right, no size but the vendor's, nothing blown up."""

import io
import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.unit.kits.conftest import Make
from tmpa.kernel.signing import fingerprint
from tmpa.kits.brand import SAMPLE_BRAND, Brand, under_rules
from tmpa.kits.commands.brands import read_brand
from tmpa.kits.compile import compile_piece, shape_of
from tmpa.kits.document import render_picture
from tmpa.kits.findings import CompileFailed, KitRefused
from tmpa.kits.locked import verify_locked
from tmpa.kits.logo_space import BrandLogo, LogoSpace, choose, drawn_size, fit, parse_space
from tmpa.kits.manifest import BrandRules
from tmpa.kits.render import render_mail, render_page
from tmpa.kits.slots import validate_slots
from tmpa.kits.source import KitSource, build_source
from tmpa.partners.colours import WHITE, contrast
from tmpa.partners.logos import form_of

IMG = (
    "<main>{% set mark = logo(200, 56) %}"
    '<img src="{{ mark.url }}" alt="{{ mark.alt }}" width="{{ mark.width }}" height="{{ mark.height }}">'
)


def mark(
    width: int, height: int, *, ground: str = "light", ink: float = 1.0, colour: str = "#1d4f91"
) -> BrandLogo:
    """A logo that is one block of colour."""
    out = io.BytesIO()
    Image.new("RGBA", (width, height), colour).save(out, "PNG")
    data = out.getvalue()
    return BrandLogo(form_of(width, height), ground, width, height, fingerprint(data), lambda: data, ink)  # type: ignore[arg-type]


def drawn(png: bytes) -> Image.Image:
    """A fitted picture."""
    return Image.open(io.BytesIO(png))


@settings(max_examples=150, deadline=None)
@given(
    st.tuples(st.integers(1, 640), st.integers(1, 480)),
    st.tuples(st.integers(40, 600), st.integers(24, 300)),
    st.floats(0.05, 1),
    st.integers(0, 8),
    st.sampled_from([0, 80, 120]),
    st.sampled_from(["light", "dark"]),
)
def test_a_logo_of_any_shape_stays_in_its_space_and_its_pixels(
    size: tuple[int, int], room: tuple[int, int], ink: float, clear: int, least: int, ground: str
) -> None:
    logo = BrandLogo(form_of(*size), "light", *size, "k", bytes, ink)
    space = LogoSpace(*room, ground, "left", clear, least)  # type: ignore[arg-type]
    width, height = drawn_size(logo, space)
    assert 0 < width <= room[0] - 2 * clear and 0 < height <= room[1] - 2 * clear + 1e-6
    assert width * 2 <= size[0] + 1e-6 and height * 2 <= size[1] + 1e-6
    assert width / height == pytest.approx(size[0] / size[1])
    assert parse_space(space.name) == space


def test_wide_and_square_logos_weigh_about_the_same() -> None:
    space = LogoSpace(220, 64)
    inked = [
        math.prod(drawn_size(BrandLogo(form_of(*size), "light", *size, "k", bytes, ink), space)) * ink
        for size, ink in (((640, 130), 0.4), ((640, 200), 0.5), ((400, 400), 0.8), ((400, 300), 0.7))
    ]
    assert max(inked) / min(inked) < 1.35


def test_the_kits_least_width_is_reached_where_it_can_be() -> None:
    block = BrandLogo("wide", "light", 640, 160, "k", bytes, 1.0)
    assert drawn_size(block, LogoSpace(200, 44, least=120))[0] == pytest.approx(120)
    assert drawn_size(block, LogoSpace(200, 24, least=120))[0] == pytest.approx(96)  # the space is too low


@pytest.mark.parametrize(("side", "edge"), [("left", 0), ("right", 2), ("center", 1)])
def test_the_picture_is_exactly_twice_the_space_and_aligned(side: str, edge: int) -> None:
    picture = drawn(fit((mark(400, 400),), LogoSpace(200, 56, side=side, clear=4)).png)  # type: ignore[arg-type]
    assert picture.size == (400, 112)
    box = picture.getchannel("A").getbbox()
    assert box and box[1] >= 8 and box[3] <= 104
    left, right = box[0], 400 - box[2]
    assert (left == 8, abs(left - right) <= 1, right == 8)[edge]


def test_the_logo_for_the_ground_is_chosen_then_the_form() -> None:
    wide, square, white = mark(640, 160), mark(400, 400), mark(300, 100, ground="dark", colour="#ffffff")
    assert choose((square, wide), LogoSpace(200, 48)) == wide
    assert choose((wide, square), LogoSpace(64, 64)) == square
    assert choose((wide, white, square), LogoSpace(200, 48, "dark")) == white


def test_a_logo_for_light_ground_gets_a_plate_on_dark() -> None:
    made = fit((mark(640, 160),), LogoSpace(200, 56, "dark"))
    picture = drawn(made.png)
    assert made.plated and picture.size == (400, 112)
    box = picture.getchannel("A").getbbox()
    assert box is not None
    middle = (box[1] + box[3]) // 2
    assert picture.getpixel((box[0] + 2, middle)) == (255, 255, 255, 255)
    assert picture.getpixel(((box[0] + box[2]) // 2, middle)) == (29, 79, 145, 255)
    assert picture.getpixel((box[0], box[1]))[3] == 0  # type: ignore[index]  # its corners are round


def html(kit: KitSource, brand: Brand) -> str:
    """The kit's page for a brand."""
    slots = validate_slots(kit, {}, "en", partial=True)
    return render_page(kit, "landing", "en", brand, slots, page_url="#", form_action="#", form_token="").html


def test_a_light_logo_is_seen_on_light_ground_too() -> None:
    white = mark(300, 100, ground="dark", colour="#ffffff")
    picture = drawn(fit((white,), LogoSpace(200, 56)).png)
    assert sorted(colour for _count, colour in picture.getcolors() or [] if colour[3] == 255) == [  # type: ignore[index]
        (0, 0, 0, 255),
        (255, 255, 255, 255),
    ]


def test_locked_regions_are_the_same_for_every_shape(changed: Make) -> None:
    kit = changed("pages/landing.html", "<main>", IMG)
    slots = validate_slots(kit, {}, "en", partial=True)
    digests, pictures = set(), set()
    for logo in (
        mark(640, 100),
        mark(400, 400),
        mark(100, 480),
        mark(640, 160, ground="dark", colour="#fff"),
    ):
        brand = Brand("A", "A Ltd", "Street 1", logos=(logo,), logo_url="/main.png")
        page = render_page(kit, "landing", "en", brand, slots, page_url="#", form_action="#", form_token="")
        compiled = compile_piece(kit, "landing", "en", shape_of(brand, slots))
        assert verify_locked(page.html, compiled) and 'width="200" height="56"' in page.html
        digests.add(page.locked_digest)
        pictures.add(page.html[page.html.index("data:image/png") :][:400])
    assert len(digests) == 1 and len(pictures) == 4


def test_without_a_logo_the_name_stands_there(changed: Make) -> None:
    kit = changed(
        "pages/landing.html", "<main>",
        "<main>{% if logo(200, 56) %}<i>picture</i>{% else %}<b>{{ brand.name }}</b>{% endif %}",
    )  # fmt: skip
    slots = validate_slots(kit, {}, "en", partial=True)
    page = render_page(
        kit, "landing", "en", SAMPLE_BRAND, slots, page_url="#", form_action="#", form_token=""
    )
    assert "<b>Nordlicht IT</b>" in page.html


def test_a_published_address_is_used(changed: Make) -> None:
    kit = changed("pages/landing.html", "<main>", IMG)
    seen: list[bytes] = []

    def publish(png: bytes) -> str:
        seen.append(png)
        return "https://pages.example/assets/x.png"

    brand = Brand("A", "A Ltd", "Street 1", logos=(mark(640, 160),), publish=publish)
    assert "https://pages.example/assets/x.png" in html(kit, brand)


@pytest.mark.parametrize(
    ("call", "word"),
    [
        ("logo(2000, 56)", "600"),
        ("logo(200, '56')", "space"),
        ("logo(200, 56, 'blue')", "ground"),
        ("logo(200, 56, align='left')", "aligned"),
        ("logo(200, 56, '#0a1430')", "may not stand"),
        ("logo(200, 56, 'dark')", "backgrounds"),
        ("logo(200, 20)", "clear space"),
    ],
)
def test_a_space_that_the_rules_forbid_is_the_authors_mistake(
    files: dict[str, bytes], call: str, word: str
) -> None:
    rules = b'[brand]\nbackgrounds = ["#ffffff", "#f3f7f2"]\nclear_space = 8'
    files["kit.toml"] = files["kit.toml"].replace(b"[brand]", rules)
    page = files["pages/landing.html"]
    files["pages/landing.html"] = page.replace(b"<main>", f"<main>{{{{ {call}.url }}}}".encode())
    with pytest.raises(CompileFailed) as problem:
        html(build_source(files), SAMPLE_BRAND)
    assert word in problem.value.findings[0].message and problem.value.findings[0].rule == "logo"


def test_colours_below_the_rules_are_never_printed(kit: KitSource) -> None:
    yellow = Brand("A", "A Ltd", "Street 1", primary="#ffd400")
    mended = under_rules(yellow, kit.manifest.brand).primary
    assert contrast(mended, WHITE) >= kit.manifest.brand.min_contrast
    slots = validate_slots(kit, {}, "en", partial=True)
    mail = render_mail(kit, "announcement", "en", yellow, slots, page_url="#").preview({})
    assert yellow.primary not in mail and mended in mail and mended in html(kit, yellow)
    allowed = BrandRules(colours=["#0B6E4F", "#9a4a08"])
    assert under_rules(SAMPLE_BRAND, allowed).primary in {"#0b6e4f", "#9a4a08"}


def test_brand_colours_that_nobody_could_read_are_a_finding(files: dict[str, bytes]) -> None:
    files["kit.toml"] = files["kit.toml"].replace(b"[brand]", b'[brand]\ncolours = ["#ffd400", "#f5c518"]')
    with pytest.raises(KitRefused) as refusal:
        build_source(files)
    found = refusal.value.findings[0]
    assert "4.5 with white" in found.message and found.line > 20


def test_registration_is_one_line_in_the_pieces_language(changed: Make) -> None:
    line = "<main>{% if brand.registration %}<i>{{ brand.registration }}</i>{% endif %}"
    kit = changed("pages/landing.html", "<main>", line)
    own = (("seat", "Kiel"), ("register_court", "Amtsgericht <Kiel>"), ("register_number", "HRB 12345"))
    brand = Brand("A", "A GmbH", "Street 1", country="DE", registration=own)
    wanted = "Registered seat: Kiel · Register court: Amtsgericht &lt;Kiel&gt; · Register number: HRB 12345"
    assert f"<i>{wanted}</i>" in html(kit, brand) and "<i>" not in html(kit, SAMPLE_BRAND)


def test_documents_fit_logos_in_the_same_way(changed: Make) -> None:
    kit = changed(
        "documents/onepager.typ",
        "#logo(60mm, 14mm)",
        '#logo(60mm, 20mm, ground: "#0a1430")',
    )
    slots = validate_slots(kit, {}, "en", partial=True)
    brand = Brand("A", "A Ltd", "Street 1", logos=(mark(640, 160), mark(400, 400, ink=0.6)))
    picture = drawn(
        render_picture(kit, "onepager", "en", brand, slots, page_url="https://p.example/", width=827)
    ).convert("RGB")
    box = picture.crop((0, 0, 827, 160))
    blue = [at for at, colour in enumerate(box.get_flattened_data()) if colour == (29, 79, 145)]
    assert 100 < max(at % 827 for at in blue) - min(at % 827 for at in blue) < 240


def test_a_brand_file_brings_logos_and_registration(tmp_path: Path) -> None:
    (tmp_path / "wide.png").write_bytes(mark(640, 160).read())
    (tmp_path / "brand.toml").write_text(
        'name = "A"\nlegal_name = "A Ltd"\naddress = "Street 1"\ncountry = "GB"\nlogos = ["wide.png"]\n'
        '[registration]\nregistered_in = "Scotland"\n'
    )
    brand = read_brand(tmp_path / "brand.toml")
    assert brand.value("registration") == "Registered in: Scotland" and brand.logos[0].form == "wide"
    assert brand.logo_address(LogoSpace(200, 56)).startswith("data:image/png;base64,")
