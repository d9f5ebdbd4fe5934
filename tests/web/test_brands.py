"""The brand page: several brands with several logos, the country's law, and a campaign's choice of brand."""

import io
import re
from typing import Any

import pytest
from lxml import html
from PIL import Image

from tests.factories.campaigns import BRAND, LOGO, Stage, stage
from tests.web.conftest import Browser, SignIn
from tmpa.campaigns.models import Campaign
from tmpa.kernel.http import Services
from tmpa.kernel.scope import Scope, load
from tmpa.partners.models import BrandProfile

pytestmark = pytest.mark.backends("sqlite")
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d">%s</svg>'
WHITE_SQUARE = SVG % (90, 90, b'<circle cx="45" cy="45" r="40" fill="#fff"/>')


def tree(answer: Any) -> Any:
    """The page as a tree."""
    return html.fromstring(answer.text)


@pytest.fixture
def on(services: Services) -> Stage:
    return stage(services, "brands")


@pytest.fixture
def partner(on: Stage, sign_in: SignIn) -> Browser:
    return sign_in(on.partner.email)


def brand_of(services: Services, name: str = BRAND["name"]) -> BrandProfile:
    with services.database.unit_of_work(Scope.system(), write=False) as session:
        found = session.query(BrandProfile).filter(BrandProfile.name == name).one()
        session.expunge(found)
        return found


def test_logos_are_kept_at_once_turned_removed_or_refused(partner: Browser, services: Services) -> None:
    files = {"logo": [(io.BytesIO(LOGO), "logo.svg"), (io.BytesIO(WHITE_SQUARE), "white.svg")]}
    part = partner.post("/brand/logos", files, page="/brand", content_type="multipart/form-data")
    assert part.status_code == 200 and part.headers["HX-Trigger-After-Swap"] == "saved"
    brand = brand_of(services)
    assert set(brand.logos) == {"wide-light", "square-dark"}
    pictures = re.findall(r'src="(/brand/brd_[^"]+)"', part.text)
    assert len(pictures) == 4  # each on both grounds
    for address in pictures:
        answer = partner.get(address.replace("&amp;", "&"))
        with Image.open(io.BytesIO(answer.data)) as picture:
            assert picture.size == (400, 144)
    partner.post("/brand/logos", {"turn": "square-dark"}, page="/brand")
    assert set(brand_of(services).logos) == {"wide-light", "square-light"}
    partner.post("/brand", {**BRAND, "remove": "square-light"}, page="/brand")  # as without script
    assert set(brand_of(services).logos) == {"wide-light"}
    assert partner.post("/brand/logos", {"turn": "tall-dark"}, page="/brand").status_code == 404

    # one bad file: nothing of that upload is kept
    before = brand_of(services).logos
    files = {"logo": [(io.BytesIO(LOGO), "logo.svg"), (io.BytesIO(b"%PDF"), "logo.pdf")]}
    part = partner.post("/brand/logos", files, page="/brand", content_type="multipart/form-data")
    assert part.status_code == 200 and "not a PNG, JPEG or SVG" in part.text
    assert brand_of(services).logos == before


def test_the_countrys_law_is_asked_checked_and_keeps_a_campaign_back(
    partner: Browser, services: Services, on: Stage
) -> None:
    assert "register_court" in partner.get("/brand/law?country=DE").text
    assert "registration-" not in partner.get("/brand/law?country=US").text
    typed = {**BRAND, "country": "DE", "registration-shown": "1", "registration-seat": "Kiel"}
    answer = partner.post("/brand/save", {**typed, "registration-vat_id": "DE1"}, page="/brand")
    assert set(answer.json["errors"]) == {"registration-vat_id"}
    page = partner.post("/brand", {**typed, "registration-vat_id": "DE1"}, page="/brand")
    assert page.status_code == 422
    assert (
        "It looks like DE123456789"
        in tree(page).get_element_by_id("registration-vat_id-error").text_content()
    )
    assert brand_of(services).registration == {"seat": "Kiel"}

    campaign = on.campaign()
    check = partner.get(f"/campaigns/{campaign}/check").text
    assert "The law of your country wants more in your brand" in check and "Register court" in check
    partner.post("/brand/save", {"registration-shown": "1", "registration-unregistered": "1"}, page="/brand")
    assert "wants more" not in partner.get(f"/campaigns/{campaign}/check").text
    narrow = SVG % (20, 200, b'<rect width="20" height="200" fill="#123"/>')
    files = {"logo": [(io.BytesIO(narrow), "tall.svg")], "remove": "wide-light"}
    partner.post("/brand/logos", files, page="/brand", content_type="multipart/form-data")
    check = partner.get(f"/campaigns/{campaign}/check").text
    assert "the vendor wants 40" in check and "Upload a wide form" in check


def test_several_brands_and_a_campaigns_choice(partner: Browser, services: Services, on: Stage) -> None:
    campaign = on.campaign()
    page = partner.get(f"/campaigns/{campaign}")
    assert 'name="brand"' not in page.text  # one brand: nothing to choose
    answer = partner.post("/brand/new", {}, page="/brand")
    second = answer.headers["Location"].rsplit("/", 1)[1]
    partner.post("/brand/save", {"brand": second, "name": "Nordlicht Cloud"}, page=f"/brand/{second}")
    assert brand_of(services).name == BRAND["name"]
    page = partner.get(f"/brand/{second}")
    assert "Nordlicht Cloud" in page.text and BRAND["name"] in page.text
    assert (
        "Nordlicht Cloud"
        in tree(partner.get(f"/campaigns/{campaign}")).get_element_by_id("brand").text_content()
    )
    partner.post(f"/campaigns/{campaign}/save", {"brand": second}, page=f"/campaigns/{campaign}")
    preview = partner.get(f"/campaigns/{campaign}/preview/announcement").text
    assert "Nordlicht Cloud" in preview
    # used and default brands stay; unused ones can go
    kept = partner.post(f"/brand/{second}/remove", {}, page=f"/brand/{second}")
    assert kept.status_code == 303 and brand_of(services, "Nordlicht Cloud")
    assert "1 campaign uses this brand" in partner.get(f"/brand/{second}").text
    partner.post(f"/brand/{second}/default", {}, page=f"/brand/{second}")
    assert brand_of(services, "Nordlicht Cloud").is_default
    first = brand_of(services).public_id
    partner.post(f"/brand/{first}/remove", {}, page=f"/brand/{first}")
    with services.database.unit_of_work(Scope.system(), write=False) as session:
        assert [row.name for row in session.query(BrandProfile)] == ["Nordlicht Cloud"]
        assert load(session, Campaign, campaign).brand_id is not None


def test_a_rivals_brand_is_not_there(
    partner: Browser, services: Services, on: Stage, sign_in: SignIn
) -> None:
    mine = brand_of(services).public_id
    rival = sign_in(on.rival.email)
    for path in (f"/brand/{mine}", f"/brand/{mine}/logo/wide-light", f"/brand/law?brand={mine}&country=DE"):
        assert rival.get(path).status_code == 404
    campaign = on.campaign(on.rival)
    taken = rival.post(f"/campaigns/{campaign}/save", {"brand": mine}, page=f"/campaigns/{campaign}")
    assert taken.status_code == 404
    assert rival.post("/brand/save", {"brand": mine, "name": "Mine now"}, page="/brand").status_code == 404
    assert brand_of(services).name == BRAND["name"]
