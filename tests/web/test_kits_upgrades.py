"""A newer version of a kit, as its partner meets it: offered quietly, read, decided, undone."""

import re

import pytest
from lxml import html

from tests.factories.campaigns import Stage, stage
from tests.unit.campaigns.test_upgrades import FIRST, NEWER, TYPED, newer
from tests.web.conftest import Browser, SignIn
from tmpa.campaigns import service
from tmpa.campaigns.models import Campaign
from tmpa.kernel.http import Services
from tmpa.kernel.scope import Scope, load
from tmpa.kits import service as kits
from tmpa.kits.models import KitVersion

pytestmark = pytest.mark.backends("sqlite")


@pytest.fixture
def on(services: Services) -> Stage:
    return stage(services)


@pytest.fixture
def partner(on: Stage, sign_in: SignIn) -> Browser:
    return sign_in(on.partner.email)


@pytest.fixture
def draft(on: Stage) -> str:
    reference = on.campaign()
    with on.services.database.unit_of_work(on.partner.scope) as session:
        service.save(session, load(session, Campaign, reference), TYPED, ["en", "de", "ja"])
    return reference


def hidden(text: str) -> dict[str, str]:
    """The hidden fields of the form that decides."""
    form = html.document_fromstring(text).xpath("//section[@id='decide']//form")[0]
    return {field.name: field.value for field in form.xpath(".//input[@type='hidden']")}


def test_a_partner_reads_decides_and_goes_back(on: Stage, partner: Browser, draft: str) -> None:
    assert "newer version" not in partner.get(f"/campaigns/{draft}").text
    assert "There is no newer version" in partner.get(f"/campaigns/{draft}/upgrade").text
    newer(on, *NEWER)
    assert "The kit has a newer version, 2.0.0." in partner.get(f"/campaigns/{draft}").text
    assert f"/campaigns/{draft}/upgrade" in partner.get("/").text
    page = partner.get(f"/campaigns/{draft}/upgrade")
    assert page.status_code == 200
    for words in ("No longer fits", "Kim Beispiel", "No place any more", "Medical practices", "To fill in"):
        assert words in page.text
    frames = html.document_fromstring(page.text).xpath("//iframe/@src")
    assert len(frames) == 2
    before, after = (partner.get(frame).text for frame in frames)
    assert "10:12" in before and TYPED["en"]["headline"] not in after  # what doesn't fit isn't shown
    fields = hidden(page.text)
    moved = partner.post(f"/campaigns/{draft}/upgrade", fields)
    assert moved.status_code == 303
    shown = partner.get(moved.headers["Location"]).text
    assert "The campaign uses version 2.0.0 now." in shown and f"Move back to {FIRST}" in shown
    again = partner.post(f"/campaigns/{draft}/upgrade", fields)
    assert again.status_code == 422
    back = partner.post(f"/campaigns/{draft}/move-back")
    assert back.status_code == 303 and on.load(draft).kit_version.version == FIRST


def test_a_stale_page_shows_the_present_state(on: Stage, partner: Browser, draft: str) -> None:
    newer(on, *NEWER)
    fields = hidden(partner.get(f"/campaigns/{draft}/upgrade").text)
    partner.post(f"/campaigns/{draft}/save", {"slot-en-headline": "Typed meanwhile"})
    answer = partner.post(f"/campaigns/{draft}/upgrade", fields)
    assert answer.status_code == 422
    assert "has changed since this page was made" in answer.text and "Typed meanwhile" in answer.text
    assert on.load(draft).kit_version.version == FIRST
    assert partner.post(f"/campaigns/{draft}/upgrade", hidden(answer.text)).status_code == 303


def test_what_is_launched_is_what_was_seen(on: Stage, partner: Browser, draft: str) -> None:
    newer(on)
    partner.post(f"/campaigns/{draft}/lists", {})
    seen = {"kit_version": on.kit_version, "lists-shown": on.list, "lists": on.list}
    partner.post(f"/campaigns/{draft}/upgrade", hidden(partner.get(f"/campaigns/{draft}/upgrade").text))
    answer = partner.post(f"/campaigns/{draft}/launch", seen)
    assert answer.status_code == 422 and "has moved to another version" in answer.text
    assert on.load(draft).state == "draft"


def test_a_launched_campaign_stays_and_begins_a_new_one(on: Stage, partner: Browser, draft: str) -> None:
    newer(on, *NEWER)
    with on.services.database.unit_of_work(Scope.system()) as session:
        load(session, Campaign, draft).state = "running"
    assert "newer version, 2.0.0" in partner.get(f"/campaigns/{draft}/live").text
    page = partner.get(f"/campaigns/{draft}/upgrade").text
    assert "Move to version 2.0.0</button>" not in page
    (action,) = re.findall(rf'action="(/campaigns/{draft}/duplicate)"', page)
    fresh = partner.post(action).headers["Location"].split("/")[-1].split("#")[0]
    assert on.load(fresh).kit_version.version == "2.0.0"
    assert on.load(draft).kit_version.version == FIRST


def test_a_withdrawn_version_says_why_and_offers_another(on: Stage, partner: Browser, draft: str) -> None:
    with on.services.database.unit_of_work(on.vendor.scope) as session:
        kits.withdraw(session, session.get_one(KitVersion, on.version_id), "A price is wrong.")
    page = partner.get(f"/campaigns/{draft}").text
    assert "A price is wrong." in page and "there is no other version yet" in page
    newer(on, *NEWER)
    assert "See what moving to version 2.0.0 means" in partner.get(f"/campaigns/{draft}").text
    assert "withdrawn" in partner.get("/").text
