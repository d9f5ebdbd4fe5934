"""Partners and Brand over HTTP: every form with bad input, and who may see what."""

import io
from typing import Any

import pytest
from lxml import html

from tests.factories.campaigns import BRAND, LOGO, Stage, run_jobs, stage
from tests.web.conftest import Browser, SignIn
from tmpa.kernel.http import Services
from tmpa.kernel.scope import Scope
from tmpa.partners.models import BrandProfile, Partnership

pytestmark = pytest.mark.backends("sqlite")


@pytest.fixture
def on(services: Services) -> Stage:
    return stage(services)


@pytest.fixture
def vendor(on: Stage, sign_in: SignIn) -> Browser:
    return sign_in(on.vendor.email)


@pytest.fixture
def partner(on: Stage, sign_in: SignIn) -> Browser:
    return sign_in(on.partner.email)


def tree(answer: Any) -> Any:
    return html.document_fromstring(answer.text)


def partnership(on: Stage) -> str:
    with on.services.database.unit_of_work(Scope.system(), write=False) as session:
        row = session.query(Partnership).filter(Partnership.partner_id == on.partner.organization_id).one()
        return row.public_id


def test_the_list_shows_partners_and_what_they_do(on: Stage, vendor: Browser) -> None:
    on.campaign()
    page = vendor.get("/partners")
    assert "Nordlicht north" in page.text and "Rival north" in page.text
    assert "Rival north" not in vendor.get("/partners?search=nordl").text
    assert "No partner’s name contains" in vendor.get("/partners?search=xyz").text
    assert "10:12 to 10:27" in vendor.get(f"/partners/{partnership(on)}").text


def test_an_invitation_is_sent_and_can_be_sent_again(on: Stage, services: Services, vendor: Browser) -> None:
    typed = {
        "name": "Südwind",
        "email": "kim@suedwind.example",
        "locale": "de",
        "tier": "Gold",
        "territory": "DACH",
    }
    answer = vendor.post("/partners/invite", typed, page="/partners/invite")
    assert answer.status_code == 303
    page = answer.headers["Location"]
    assert "It went to kim@suedwind.example." in vendor.get(page).text
    assert vendor.post(f"{page}/invite-again", page=page).status_code == 303
    assert run_jobs(services).count("accounts.send_mail") == 2


@pytest.mark.parametrize(
    ("field", "typed", "word"),
    [
        ("name", "", "required"),
        ("email", "nobody", "one @"),
        ("email", "", "required"),
        ("tier", "x" * 41, "40"),
    ],
)
def test_a_bad_invitation_keeps_what_was_typed(vendor: Browser, field: str, typed: str, word: str) -> None:
    form = {"name": "Südwind", "email": "kim@suedwind.example", "locale": "fr", "tier": "", field: typed}
    answer = vendor.post("/partners/invite", form, page="/partners/invite")
    assert answer.status_code == 422
    page = tree(answer)
    assert word in page.get_element_by_id(f"{field}-error").text_content()
    kept = "name" if field != "name" else "email"
    assert page.get_element_by_id(kept).get("value") == form[kept]


def test_a_partner_is_not_invited_twice(on: Stage, vendor: Browser) -> None:
    form = {"name": "Again", "email": on.partner.email, "locale": "en"}
    answer = vendor.post("/partners/invite", form, page="/partners/invite")
    assert answer.status_code == 422 and "in your programme already" in answer.text


def test_place_and_status_change_with_a_reason(on: Stage, vendor: Browser) -> None:
    page = f"/partners/{partnership(on)}"
    assert (
        vendor.post(f"{page}/place", {"tier": "Gold", "territory": "Nordics"}, page=page).status_code == 303
    )
    assert vendor.post(f"{page}/place", {"tier": "x" * 41}, page=page).status_code == 422
    answer = vendor.post(f"{page}/status", {"status": "suspended", "reason": ""}, page=page)
    assert answer.status_code == 422 and "Say why" in answer.text
    assert (
        vendor.post(f"{page}/status", {"status": "suspended", "reason": "Unpaid"}, page=page).status_code
        == 303
    )
    assert "This partner is suspended" in vendor.get(page).text
    assert vendor.post(f"{page}/status", {"status": "active"}, page=page).status_code == 303
    assert vendor.post(f"{page}/status", {"status": "nonsense"}, page=page).status_code == 422


def test_other_vendors_and_partners_find_nothing(
    on: Stage, services: Services, sign_in: SignIn, partner: Browser, anybody: Browser
) -> None:
    page = f"/partners/{partnership(on)}"
    stranger = sign_in(stage(services, "south").vendor.email)
    assert stranger.get(page).status_code == 404
    for part in ("place", "status", "invite-again"):
        assert stranger.post(f"{page}/{part}", {"status": "suspended", "reason": "x"}).status_code == 404
    for path in ("/partners", page, "/partners/invite"):
        assert partner.get(path).status_code == 404
        assert anybody.get(path).status_code == 303
    assert sign_in(on.vendor.email).get("/brand").status_code == 404


def test_the_brand_is_saved_and_shown_in_a_real_mail(on: Stage, partner: Browser) -> None:
    form = {**BRAND, "name": "Nordlicht neu", "logo": (io.BytesIO(LOGO), "logo.svg")}
    answer = partner.post("/brand", form, page="/brand", content_type="multipart/form-data")
    assert answer.status_code == 303, answer.text
    preview = partner.get(f"/brand/preview/{on.kit_version}")
    assert "Nordlicht neu" in preview.text and "data:image/png" in preview.text
    assert partner.get("/brand/logo").data.startswith(b"\x89PNG")
    assert partner.get(f"/brand/preview/{on.kit_version}?kind=page").status_code == 200
    assert partner.get(f"/brand/preview/{on.kit_version}?kind=film").status_code == 404


@pytest.mark.parametrize(
    ("field", "typed", "word"),
    [
        ("name", "", "every mail has to show it"),
        ("address", " ", "every mail has to show it"),
        ("sender_email", "nobody", "one @"),
        ("website", "http://plain.example", "not a web address"),
        ("phone", "call me", "digits"),
        ("primary_colour", "greenish", "not a colour"),
        ("disclaimer", "x" * 1501, "1500"),
    ],
)
def test_bad_brand_values_keep_what_was_typed(partner: Browser, field: str, typed: str, word: str) -> None:
    form = {**BRAND, "legal_name": "Typed GmbH", field: typed}
    answer = partner.post("/brand", form, page="/brand")
    assert answer.status_code == 422
    page = tree(answer)
    assert word in page.get_element_by_id(f"{field}-error").text_content()
    assert page.get_element_by_id("legal_name").get("value") == "Typed GmbH"
    assert page.get_element_by_id(field).get("aria-invalid") == "true"


def test_a_logo_with_a_script_is_refused_with_the_reason(
    partner: Browser, services: Services, on: Stage
) -> None:
    evil = LOGO.replace(b"<circle", b"<script>alert(1)</script><circle")
    form = {**BRAND, "logo": (io.BytesIO(evil), "logo.svg")}
    answer = partner.post("/brand", form, page="/brand", content_type="multipart/form-data")
    assert answer.status_code == 422
    assert (
        "<script> element, which could run something"
        in tree(answer).get_element_by_id("logo-error").text_content()
    )


def test_typing_saves_what_is_good(partner: Browser, services: Services) -> None:
    answer = partner.post("/brand/save", {**BRAND, "name": "Typed", "website": "nowhere"}, page="/brand")
    assert answer.status_code == 200 and set(answer.json["errors"]) == {"website"}
    with services.database.unit_of_work(Scope.system(), write=False) as session:
        row = session.query(BrandProfile).one()
        assert row.name == "Typed" and row.website == BRAND["website"]


def test_an_empty_first_brand_is_not_scolded(services: Services, sign_in: SignIn) -> None:
    browser = sign_in(stage(services, "bare", brand=False).partner.email)
    answer = browser.post("/brand/save", {"name": "Bare", "legal_name": "", "address": ""}, page="/brand")
    assert answer.json["errors"] == {}


def test_a_pale_colour_is_mended(partner: Browser, services: Services) -> None:
    part = partner.get("/brand/contrast?primary_colour=%23f5c518")
    button = tree(part).xpath("//button[@name='mend']")[0]
    assert "hard to read" in part.text
    form = {**BRAND, "primary_colour": "#f5c518", "mend": button.get("value")}
    assert partner.post("/brand", form, page="/brand").status_code == 303
    with services.database.unit_of_work(Scope.system(), write=False) as session:
        assert session.query(BrandProfile).one().primary_colour == button.get("value")
    assert "Reads well" in partner.get("/brand/contrast?primary_colour=%231d4f91").text
    assert partner.get("/brand/contrast?primary_colour=nonsense").status_code == 200


def test_the_way_back_stays_inside(partner: Browser) -> None:
    inside = partner.post("/brand?next=/campaigns", BRAND, page="/brand")
    outside = partner.post("/brand?next=//evil.example/", BRAND, page="/brand")
    assert inside.headers["Location"] == "/campaigns" and outside.headers["Location"] == "/brand"
