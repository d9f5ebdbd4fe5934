"""Leads and deals in the portal: each form, its bad input next to the field, and what strangers get."""

from collections.abc import Iterator

import pytest
from lxml import html
from sqlalchemy import select

from tests.factories.deals import Programme, contact, event, in_days, opportunity, programme, submission
from tests.web.conftest import Browser, SignIn
from tmpa.deals import leads, registration
from tmpa.deals.models import DealRegistration, Lead
from tmpa.kernel.clock import utcnow
from tmpa.kernel.http import Services
from tmpa.kernel.scope import Scope
from tmpa.pages.models import Submission

FORM = {"name": "Ines Vogel", "email": "ines@hafenkontor.example", "company": "Hafenkontor Reederei GmbH"}
ENTRIES = {
    "customer_name": "Hafenkontor Reederei GmbH",
    "customer_domain": "hafenkontor.example",
    "products": "Recovery",
    "amount": "12,500.00",
    "currency": "EUR",
    "close_date": in_days(30).isoformat(),
    "value_added": "Two workshops.",
    "then": "submit",
}


@pytest.fixture
def world(services: Services) -> Iterator[Programme]:
    yield programme(services.database, services.settings)


@pytest.fixture
def partner(world: Programme, sign_in: SignIn) -> Browser:
    return sign_in(world.partner.email)


@pytest.fixture
def vendor(world: Programme, sign_in: SignIn) -> Browser:
    return sign_in(world.vendor.email)


def lead(world: Programme, **fields: str) -> str:
    known = contact(world.database, world.partner.organization_id, FORM["email"])
    event(world, known, "clicked", utcnow())
    sent = submission(world, {**FORM, **fields}, known)
    with world.database.unit_of_work(Scope.system()) as session:
        return leads.lead_from_submission(session, session.get_one(Submission, sent)).public_id


def deal(world: Programme, who: Scope | None = None, **values: object) -> str:
    with world.database.unit_of_work(who or world.partner.scope) as session:
        made = registration.create(session, world.vendor.organization_id, opportunity(**values))
        registration.submit(session, made)
        return made.public_id


def only_deal(world: Programme) -> DealRegistration:
    with world.database.unit_of_work(Scope.system(), write=False) as session:
        return session.scalars(select(DealRegistration)).one()


def errors(answer: object) -> dict[str, str]:
    """What is said next to each field, by the field's id."""
    page = html.document_fromstring(answer.text)  # type: ignore[attr-defined]
    return {
        node.get("id").removesuffix("-error"): node.text_content().strip()
        for node in page.xpath("//p[contains(@class, 'error') and @id]")
    }


def test_leads_and_what_they_did(world: Programme, partner: Browser) -> None:
    assert "No open leads" in partner.get("/leads").text
    public_id = lead(world, message="Please call.")
    assert "Ines Vogel" in partner.get("/leads").text
    page = partner.get(f"/leads/{public_id}").text
    assert "Please call." in page and "Clicked a link in the mail" in page
    assert partner.post(f"/leads/{public_id}/close").status_code == 303
    assert "No open leads" in partner.get("/leads").text
    assert "Ines Vogel" in partner.get("/leads?state=closed").text
    assert partner.post(f"/leads/{public_id}/close").status_code == 422


def test_a_deal_from_a_lead_in_one_form(world: Programme, partner: Browser) -> None:
    public_id = lead(world)
    page = html.document_fromstring(partner.get(f"/deals/new?lead={public_id}").text)
    filled = {each.get("name"): each.get("value") for each in page.xpath("//main//input[@type!='checkbox']")}
    assert filled["customer_name"] == FORM["company"]
    assert filled["customer_domain"] == "hafenkontor.example"
    assert page.xpath("//input[@name='products' and @checked]/@value") == ["Archive", "Recovery"]
    answer = partner.post(f"/deals/new?lead={public_id}", ENTRIES)
    assert answer.status_code == 303
    made = only_deal(world)
    assert (made.state, made.amount_minor, made.products) == ("submitted", 1_250_000, ["Recovery"])
    shown = partner.get(answer.headers["Location"]).text
    assert "promised a decision by" in shown and "Vendor north" in shown
    with world.database.unit_of_work(world.partner.scope, write=False) as session:
        assert session.scalars(select(Lead.state)).one() == "converted"
    assert "Hafenkontor Reederei GmbH" in partner.get("/deals").text


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("customer_name", "", "required"),
        ("customer_domain", "no domain", "not a web address"),
        ("products", "", "at least one product"),
        ("amount", "twelve", "not an amount"),
        ("amount", "-5", "zero or more"),
        ("amount", "1.005", "digits after the point"),
        ("currency", "XQQ", "not a currency code"),
        ("close_date", "tomorrow", "Not a valid date"),
        ("close_date", in_days(-3).isoformat(), "lies in the past"),
        ("contact_email", "nobody", "Invalid email"),
    ],
)
@pytest.mark.backends("sqlite")
def test_bad_entries_are_named_next_to_the_field(
    world: Programme, partner: Browser, field: str, value: str, said: str
) -> None:
    answer = partner.post("/deals/new", {**ENTRIES, field: value})
    assert answer.status_code == 422
    assert said in errors(answer)[field]
    page = html.document_fromstring(answer.text)
    assert (
        page.xpath("//textarea[@name='value_added']")[0].text.strip() == "Two workshops."
    )  # nothing typed is lost
    with world.database.unit_of_work(Scope.system(), write=False) as session:
        assert session.query(DealRegistration).count() == 0


def test_the_same_customer_twice(world: Programme, partner: Browser) -> None:
    assert partner.post("/deals/new", ENTRIES).status_code == 303
    answer = partner.post("/deals/new", ENTRIES)
    assert "already registered this customer" in errors(answer)["customer_name"]
    only_deal(world)


def test_a_draft_is_changed_submitted_and_withdrawn(
    world: Programme, partner: Browser, vendor: Browser
) -> None:
    answer = partner.post("/deals/new", {**ENTRIES, "then": "draft"})
    path = answer.headers["Location"]
    public_id = path.rpartition("/")[2]
    assert vendor.get(f"/registrations/{public_id}").status_code == 404
    assert "12500.00" in partner.get(f"{path}/edit").text
    assert partner.post(f"{path}/edit", {**ENTRIES, "then": "draft", "amount": "99"}).status_code == 303
    assert only_deal(world).amount_minor == 9_900
    assert partner.post(f"{path}/submit").status_code == 303
    assert only_deal(world).state == "submitted"
    assert partner.get(f"{path}/edit").status_code == 303
    assert partner.post(f"{path}/withdraw", {"reason": "Changed my mind."}).status_code == 303
    assert only_deal(world).state == "withdrawn"
    assert "not possible any more" in partner.post(f"{path}/lose").text


def test_the_vendor_decides_and_gets_the_next(world: Programme, vendor: Browser, partner: Browser) -> None:
    first, second = deal(world), deal(world, world.rival.scope)
    queue = vendor.get("/registrations").text
    assert "Another came first" in queue
    page = vendor.get(f"/registrations/{second}").text
    assert "Another partner came first" in page and "Partner north" in page and "Same web address." in page
    answer = vendor.post(f"/registrations/{second}/approve", {"protection_days": "90"})
    assert answer.status_code == 422 and "registered this customer first" in errors(answer)["reason"]
    answer = vendor.post(f"/registrations/{second}/decline", {"reason": ""})
    assert "Give the reason" in errors(answer)["reason"]
    answer = vendor.post(f"/registrations/{second}/decline", {"reason": "You came second."})
    assert answer.headers["Location"].endswith(first)
    answer = vendor.post(f"/registrations/{first}/approve", {"protection_days": "1000"})
    assert "1 to 180 days" in errors(answer)["protection_days"]
    assert vendor.post(f"/registrations/{first}/review").status_code == 303
    answer = vendor.post(f"/registrations/{first}/approve", {"protection_days": "30"})
    assert answer.headers["Location"] == "/registrations"
    assert "Protected until" in partner.get(f"/deals/{first}").text


def test_won_with_an_amount(world: Programme, partner: Browser) -> None:
    public_id = deal(world)
    with world.database.unit_of_work(world.vendor.scope) as session:
        registration.approve(session, session.scalars(select(DealRegistration)).one())
    answer = partner.post(f"/deals/{public_id}/win", {"amount": "lots"})
    assert answer.status_code == 422 and "not an amount" in errors(answer)["amount"]
    assert partner.post(f"/deals/{public_id}/win", {"amount": "13000"}).status_code == 303
    assert only_deal(world).won_amount_minor == 1_300_000
    assert "€13,000.00" in partner.get(f"/deals/{public_id}?model=linear").text


def test_strangers_get_404(world: Programme, services: Services, sign_in: SignIn, anybody: Browser) -> None:
    lead_id, deal_id = lead(world), deal(world)
    other = programme(services.database, services.settings, "south")
    theirs = [
        f"/leads/{lead_id}",
        f"/deals/{deal_id}",
        f"/deals/{deal_id}/edit",
        f"/deals/new?lead={lead_id}",
    ]
    acts = [f"/leads/{lead_id}/close", f"/deals/{deal_id}/withdraw", f"/deals/{deal_id}/win"]
    decisions = [f"/registrations/{deal_id}/{action}" for action in ("review", "approve", "decline")]
    for who in (world.rival, other.partner, other.vendor, world.approver, other.approver):
        browser = sign_in(who.email)
        for path in [*theirs, f"/registrations/{deal_id}"]:
            assert browser.get(path).status_code == 404, (who.email, path)
        for path in [*acts, *decisions]:
            assert browser.post(path, {"reason": "x", "amount": "1"}, page="/people").status_code == 404, (
                who.email,
                path,
            )
    mine = sign_in(world.vendor.email)
    assert [mine.get(path).status_code for path in theirs] == [404] * 4
    assert anybody.get(f"/deals/{deal_id}").status_code == 303
    assert only_deal(world).state == "submitted"


@pytest.mark.backends("sqlite")
@pytest.mark.parametrize("language", ["de", "ar", "ja"])
def test_amounts_are_read_as_the_reader_writes_them(
    world: Programme, services: Services, sign_in: SignIn, language: str
) -> None:
    with services.database.unit_of_work(Scope.system()) as session:
        from_table = session.connection().exec_driver_sql
        from_table(f"UPDATE users SET locale = '{language}'")
    browser = sign_in(world.partner.email)
    typed = {"de": "1.234,50", "ar": "1,234.50", "ja": "1,234.50"}[language]
    answer = browser.post("/deals/new", {**ENTRIES, "amount": typed, "then": "draft"})
    assert answer.status_code == 303, errors(answer)
    assert only_deal(world).amount_minor == 123_450
    path = answer.headers["Location"]
    page = html.document_fromstring(browser.get(f"{path}/edit").text)
    again = page.xpath("//input[@name='amount']/@value")[0]
    assert browser.post(f"{path}/edit", {**ENTRIES, "amount": again, "then": "draft"}).status_code == 303
    assert only_deal(world).amount_minor == 123_450
