"""The list that answers who got it, who didn't, and why; each partner sees its own."""

import pytest

from tests.factories.accounts import Member
from tests.factories.campaigns import Stage, run_jobs, stage
from tests.web.conftest import SignIn
from tmpa.audiences.models import ContactList
from tmpa.audiences.service import set_campaign_lists
from tmpa.campaigns.models import Campaign
from tmpa.kernel.http import Services
from tmpa.kernel.scope import Scope
from tmpa.sending.launch import launch

pytestmark = pytest.mark.backends("sqlite")


@pytest.fixture
def on(services: Services) -> Stage:
    return stage(services)


@pytest.fixture
def where(on: Stage) -> str:
    """The list of a campaign that went to two, with one skipped."""
    campaign = on.load(on.campaign())
    with on.services.database.unit_of_work(on.partner.scope) as session:
        mine = session.get_one(Campaign, campaign.id)
        set_campaign_lists(session, mine, [session.get_one(ContactList, on.list_id)])
        launch(session, mine)
    run_jobs(on.services)
    return f"/campaigns/{campaign.public_id}/recipients"


def test_the_list(on: Stage, where: str, sign_in: SignIn) -> None:
    browser = sign_in(on.partner.email)
    page = browser.get(where).text
    assert "person0@customer.example" in page and "person2@customer.example" in page
    assert "There is no consent of this person on record." in page
    skipped = browser.get(f"{where}?state=skipped").text
    assert "person2@customer.example" in skipped and "person0@customer.example" not in skipped
    found = browser.get(f"{where}?search=PERSON1").text
    assert "person1@customer.example" in found and "person0@customer.example" not in found
    for odd in ("?state=nonsense", "?page=99", "?page=x", "?search=%25"):
        assert browser.get(where + odd).status_code == 200
    assert "person0@customer.example" not in browser.get(f"{where}?search=%25").text


def test_strangers_and_the_vendor_see_nobody(on: Stage, where: str, sign_in: SignIn) -> None:
    for who in (on.rival, on.vendor):
        assert _status(sign_in, who, where) == 404
    with on.services.database.unit_of_work(Scope.system(), write=False) as session:
        assert session.query(Campaign).one().state in ("running", "done")


def _status(sign_in: SignIn, who: Member, where: str) -> int:
    return int(sign_in(who.email).get(where).status_code)
