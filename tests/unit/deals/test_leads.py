"""One lead per form; the same person again joins; running twice changes nothing; the vendor sees none of it."""

import uuid

import pytest
from sqlalchemy import select

from tests.factories.deals import Programme, contact, opportunity, programme, submission
from tmpa.db import Database
from tmpa.deals import leads, registration
from tmpa.deals.models import DealRegistration, Lead
from tmpa.kernel.errors import NotFound, Refused
from tmpa.kernel.scope import Scope, load
from tmpa.pages.models import Submission
from tmpa.settings import Settings

FORM = {
    "name": "Ines Vogel",
    "email": "Ines@Hafenkontor.example",
    "company": "Hafenkontor",
    "message": "Call me.",
}


@pytest.fixture
def world(database: Database, settings: Settings) -> Programme:
    return programme(database, settings)


def take_in(world: Programme, submission_id: uuid.UUID) -> uuid.UUID:
    with world.database.unit_of_work(Scope.system()) as session:
        return leads.lead_from_submission(session, session.get_one(Submission, submission_id)).id


def all_leads(world: Programme) -> list[Lead]:
    with world.database.unit_of_work(world.partner.scope, write=False) as session:
        return list(session.scalars(select(Lead)))


def test_a_form_becomes_a_lead_once(world: Programme) -> None:
    sent = submission(world, {**FORM, "employees": "50"})
    assert take_in(world, sent) == take_in(world, sent)
    [lead] = all_leads(world)
    assert (lead.name, lead.email, lead.company, lead.state) == (
        "Ines Vogel",
        FORM["email"],
        "Hafenkontor",
        "new",
    )
    assert lead.message == "Call me.\nemployees: 50"


def test_asking_again_joins_the_open_lead(world: Programme) -> None:
    first = submission(world, {**FORM, "company": ""})
    again = submission(
        world, {**FORM, "email": "ines@hafenkontor.EXAMPLE", "message": "Still here.", "phone": "+49 40 1"}
    )
    assert take_in(world, first) == take_in(world, again) == take_in(world, again)
    [lead] = all_leads(world)
    assert (lead.company, lead.phone) == ("Hafenkontor", "+49 40 1")
    assert lead.message == "Call me.\n\nStill here."
    assert lead.joined_submissions == [str(again)]


def test_after_closing_the_same_person_is_a_new_lead(world: Programme) -> None:
    take_in(world, submission(world, FORM))
    with world.database.unit_of_work(world.partner.scope) as session:
        leads.move(session, session.query(Lead).one(), "close")
    take_in(world, submission(world, FORM))
    assert sorted(lead.state for lead in all_leads(world)) == ["closed", "new"]


def test_what_the_partner_knew_completes_the_form(world: Programme) -> None:
    known = contact(
        world.database, world.partner.organization_id, "ines@hafenkontor.example",
        first_name="Ines", last_name="Vogel", company="Hafenkontor", country="DE",
    )  # fmt: skip
    take_in(world, submission(world, {"email": "ines@hafenkontor.example"}, known))
    [lead] = all_leads(world)
    assert (lead.name, lead.company, lead.country) == ("Ines Vogel", "Hafenkontor", "DE")


def test_odd_forms_do_no_harm(world: Programme) -> None:
    take_in(
        world,
        submission(world, {"email": "a@b.example", "name": "x" * 500, "country": "Germany", "odd": {"a": 1}}),
    )
    [lead] = all_leads(world)
    assert (len(lead.name), lead.country) == (200, "")


def test_the_vendor_and_other_partners_see_no_lead(world: Programme) -> None:
    lead_id = take_in(world, submission(world, FORM))
    for who in (world.vendor, world.rival, world.approver):
        with world.database.unit_of_work(who.scope, write=False) as session, pytest.raises(NotFound):
            load(session, Lead, lead_id)


def test_a_deal_from_a_lead_starts_filled_in(world: Programme) -> None:
    lead_id = take_in(world, submission(world, FORM))
    with world.database.unit_of_work(world.partner.scope) as session:
        lead = load(session, Lead, lead_id)
        known = registration.prefill(session, lead)
        assert known["customer_domain"] == "hafenkontor.example"
        assert known["products"] == ["Recovery", "Archive"]
        deal = registration.create(session, lead.vendor_id, opportunity(**known), lead)
        assert lead.state == "converted"
        # the form itself is the first touchpoint
        assert [touch.kind for touch in deal.touchpoints] == ["submitted"]
        with pytest.raises(Refused):
            leads.move(session, lead, "work")


def test_a_free_mail_address_is_no_customer_domain(world: Programme) -> None:
    lead_id = take_in(world, submission(world, {**FORM, "email": "ines@gmail.com"}))
    with world.database.unit_of_work(world.partner.scope, write=False) as session:
        assert registration.prefill(session, load(session, Lead, lead_id))["customer_domain"] == ""


def test_pages_of_leads(world: Programme) -> None:
    for number in range(5):
        take_in(world, submission(world, {**FORM, "email": f"p{number}@x.example"}))
    with world.database.unit_of_work(world.partner.scope, write=False) as session:
        page = leads.page_of_leads(session, "open", 9, per_page=2)
        assert (page.number, page.pages, page.total, len(page.leads)) == (3, 3, 5, 1)
        assert leads.counts_by_state(session) == {"new": 5}


def test_erasing_a_person_empties_the_lead(world: Programme) -> None:
    known = contact(world.database, world.partner.organization_id, "ines@hafenkontor.example")
    lead_id = take_in(world, submission(world, FORM, known))
    with world.database.unit_of_work(world.partner.scope) as session:
        lead = load(session, Lead, lead_id)
        entries = opportunity(contact_name=lead.name, contact_email=lead.email)
        deal_id = registration.create(session, lead.vendor_id, entries, lead).id
    with world.database.unit_of_work(Scope.system()) as session:
        assert leads.forget(session, known) == 1
    with world.database.unit_of_work(world.partner.scope, write=False) as session:
        lead, deal = load(session, Lead, lead_id), load(session, DealRegistration, deal_id)
        said = f"{lead.name}{lead.email}{lead.company}{lead.message}{deal.contact_name}{deal.contact_email}"
        assert "Ines" not in said and "hafenkontor" not in said.lower()
        assert deal.customer_name == entries.customer_name
