"""Several logos in a brand: each finds its place, and the main one can always be seen."""

import io

import pytest
from PIL import Image, ImageDraw

from tests.factories.accounts import Member
from tests.factories.campaigns import BRAND, LOGO
from tmpa.campaigns.brands import as_render_brand
from tmpa.kernel.errors import NotFound, Refused
from tmpa.kernel.http import Services
from tmpa.kits.logo_space import LogoSpace
from tmpa.partners import brand_logos, brands
from tmpa.partners.logos import ground_of, normalise_logo, without_white

pytestmark = pytest.mark.backends("sqlite")


def drawing(width: int, height: int, colour: str, form: str = "PNG", ground: str | None = None) -> bytes:
    """A logo: a disc, smooth at its edge, on nothing or on `ground`."""
    big = Image.new("RGBA", (width * 4, height * 4), ground or (0, 0, 0, 0))
    ImageDraw.Draw(big).ellipse((8, 8, width * 4 - 8, height * 4 - 8), fill=colour)
    image = big.resize((width, height), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    (image.convert("RGB") if form == "JPEG" else image).save(
        out, form, **({"quality": 90} if form == "JPEG" else {})
    )
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "form", "ground"),
    [
        (drawing(400, 120, "#1d4f91"), "wide", "light"),
        (drawing(300, 300, "#ffffff"), "square", "dark"),
        (drawing(120, 400, "#ffd400"), "tall", "dark"),
        (LOGO, "wide", "light"),
    ],
)
def test_form_and_ground_are_found(data: bytes, form: str, ground: str) -> None:
    logo = normalise_logo(data)
    assert (logo.form, logo.ground) == (form, ground)
    assert 0.2 < logo.ink <= 1 and not logo.was_white and not logo.has_ground


def test_white_behind_a_jpeg_is_taken_away_exactly() -> None:
    data = drawing(400, 160, "#c8141e", "JPEG", "#ffffff")
    logo = normalise_logo(data)
    assert logo.was_white and brand_logos.note_on(logo).startswith("The white behind")
    with Image.open(io.BytesIO(data)) as opened:
        before = opened.convert("RGBA")
    after = Image.alpha_composite(Image.new("RGBA", before.size, "#ffffff"), without_white(before))
    worst = max(abs(one - other) for one, other in zip(before.tobytes(), after.tobytes(), strict=True))
    assert worst <= 10  # on white nobody sees a difference
    with Image.open(io.BytesIO(logo.png)) as picture:
        assert picture.getpixel((0, 0))[3] == 0 and picture.getpixel((200, 80))[3] >= 230  # type: ignore[index]


def test_a_picture_with_its_own_ground_stays_a_block() -> None:
    logo = normalise_logo(drawing(400, 160, "#ffffff", "JPEG", "#1d4f91"))
    assert logo.has_ground and "block" in brand_logos.note_on(logo)
    with Image.open(io.BytesIO(logo.png)) as picture:
        assert ground_of(picture.convert("RGBA")) == logo.ground


def test_logos_find_their_places_and_can_be_turned_and_removed(context: Services, partner: Member) -> None:
    store = context.store
    with context.database.unit_of_work(partner.scope) as session:
        brand, _errors = brands.save_brand(session, store, partner.organization_id, BRAND)
        brand_logos.add_logo(store, brand, drawing(300, 300, "#ffffff"))
        assert list(brand.logos) == ["square-dark"]
        plated, kept = store.get(brand.logo_key or ""), brand_logos.find(brand, "square-dark")
        assert brand.logo_key != kept.key  # the main one stands on a dark plate, or nobody would see it
        with Image.open(io.BytesIO(plated)) as picture:
            assert ground_of(picture.convert("RGBA")) == "light"
        brand_logos.add_logo(store, brand, LOGO)
        assert brand.logo_key == brand_logos.find(brand, "wide-light").key
        brand_logos.turn_logo(store, brand, "square-dark")
        assert [logo.which for logo in brand_logos.kept_logos(brand)] == ["wide-light", "square-light"]
        printed = as_render_brand(store, brand, lambda png: f"https://p.example/{len(png)}.png")
        assert printed.logo_address(LogoSpace(200, 56)) != printed.logo_address(LogoSpace(56, 56))
        for which in ("wide-light", "square-light"):
            brand_logos.remove_logo(store, brand, which)
        assert brand.logo_key is None and not brand.logos
        with pytest.raises(NotFound):
            brand_logos.turn_logo(store, brand, "wide-light")
        with pytest.raises(Refused):
            brand_logos.change_logos(session, store, brand, [LOGO] * 7)


def test_several_brands_are_copied_and_one_is_the_default(context: Services, partner: Member) -> None:
    with context.database.unit_of_work(partner.scope) as session:
        first, _errors = brands.save_brand(session, context.store, partner.organization_id, BRAND, LOGO)
        second = brands.copy_brand(session, first)
        third = brands.copy_brand(session, first)
        assert (second.name, third.name) == ("Nordlicht IT 2", "Nordlicht IT 3")
        assert second.logo_key == first.logo_key and second.logos == first.logos and not second.is_default
        brands.make_default(session, second)
        assert [each.name for each in brands.brands_of(session, partner.organization_id)] == [
            "Nordlicht IT 2", "Nordlicht IT", "Nordlicht IT 3"
        ]  # fmt: skip
        brands.save_brand(session, context.store, partner.organization_id, {"name": "Third"}, brand=third)
        assert (first.name, third.name) == ("Nordlicht IT", "Third")


def test_registration_follows_the_country(context: Services, partner: Member) -> None:
    typed = {
        "country": "DE", "registration-seat": "Kiel", "registration-vat_id": "DE1", "registration-shown": "1",
        "registration-register_number": "HRB 12345",
    }  # fmt: skip
    with context.database.unit_of_work(partner.scope) as session:
        brand, errors = brands.save_brand(session, context.store, partner.organization_id, {**BRAND, **typed})
        assert set(errors) == {"registration-vat_id"}
        assert brand.registration == {"seat": "Kiel", "register_number": "HRB 12345"}
        assert [item.name for item in brands.missing_by_law(brand)] == ["register_court", "directors"]
        ticked = {"registration-shown": "1", "registration-unregistered": "1"}
        brands.save_brand(session, context.store, partner.organization_id, ticked)
        assert not brands.missing_by_law(brand) and brand.registration["seat"] == "Kiel"
        brands.save_brand(session, context.store, partner.organization_id, {"country": "AT"})
        assert "register_number" not in brand.registration and brand.registration["seat"] == "Kiel"
        _brand, errors = brands.save_brand(session, context.store, partner.organization_id, {"country": "ZZ"})
        assert set(errors) == {"country"} and brand.country == "AT"
