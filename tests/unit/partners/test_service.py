"""The programme: inviting, joining, changing, suspending; each seen by its own vendor only."""

from collections.abc import Iterator

import pytest

from tests.factories.accounts import Member, member, organization
from tmpa.accounts.models import Invitation, Organization, OutgoingMail
from tmpa.app import open_services
from tmpa.kernel.errors import NotFound, Refused
from tmpa.kernel.http import Services
from tmpa.kernel.models import AuditRow
from tmpa.kernel.permissions import Role
from tmpa.kernel.scope import Scope, load
from tmpa.partners import service
from tmpa.partners.models import Partnership
from tmpa.settings import Settings


@pytest.fixture
def context(settings: Settings) -> Iterator[Services]:
    services = open_services(settings)
    yield services
    services.database.dispose()


def vendor(context: Services, name: str) -> Member:
    key = organization(context.database, "vendor", name)
    return member(
        context.database, context.settings, key, Role.VENDOR_MARKETER, f"{name.lower()}@vendor.example"
    )


def invite(
    context: Services, who: Member, email: str = "kim@nordlicht.example", name: str = "Nordlicht"
) -> str:
    with context.database.unit_of_work(who.scope) as session:
        owner = session.get_one(Organization, who.organization_id)
        made = service.invite_partner(
            session, context.signer, context.settings, owner, name, email, " Gold ", "DACH", "de"
        )
        return made.public_id


def test_inviting_makes_the_company_its_place_and_a_mail_in_its_language(context: Services) -> None:
    north = vendor(context, "North")
    reference = invite(context, north)
    with context.database.unit_of_work(north.scope, write=False) as session:
        row = load(session, Partnership, reference)
        assert (row.status, row.tier, row.territory, row.partner.name) == (
            "invited",
            "Gold",
            "DACH",
            "Nordlicht",
        )
        assert row.partner.locale == "de"
        assert service.invited_address(session, row) == "kim@nordlicht.example"
    with context.database.unit_of_work(Scope.system(), write=False) as session:
        assert session.query(OutgoingMail).one().to_address == "kim@nordlicht.example"
        assert session.query(Invitation).one().role == "partner_admin"


def test_a_bad_address_or_name_leaves_nothing_behind(context: Services) -> None:
    north = vendor(context, "North")
    for email, name, field in (("not an address", "Nordlicht", "email"), ("a@b.example", "  ", "name")):
        with pytest.raises(Refused) as refusal:
            invite(context, north, email, name)
        assert refusal.value.field == field
    with context.database.unit_of_work(Scope.system(), write=False) as session:
        assert session.query(Partnership).count() == 0
        assert session.query(Organization).filter(Organization.kind == "partner").count() == 0


def test_joining_makes_every_waiting_place_active(context: Services) -> None:
    north = vendor(context, "North")
    reference = invite(context, north)
    with context.database.unit_of_work(Scope.system()) as session:
        partner_id = load(session, Partnership, reference).partner_id
        service.activate(session, partner_id)
        service.activate(session, partner_id)
    with context.database.unit_of_work(north.scope, write=False) as session:
        row = load(session, Partnership, reference)
        assert row.status == "active" and row.joined_at is not None
    with context.database.unit_of_work(Scope.system(), write=False) as session:
        assert session.query(AuditRow).filter(AuditRow.action == "partnership.joined").count() == 1


def test_a_partner_of_two_vendors_is_one_company(context: Services) -> None:
    north, south = vendor(context, "North"), vendor(context, "South")
    first = invite(context, north)
    with context.database.unit_of_work(Scope.system(), write=False) as session:
        company = load(session, Partnership, first).partner_id
    member(context.database, context.settings, company, Role.PARTNER_ADMIN, "kim@nordlicht.example")
    second = invite(context, south, name="Another spelling")
    with context.database.unit_of_work(south.scope, write=False) as session:
        row = load(session, Partnership, second)
        assert row.partner_id == company and row.partner.name == "Nordlicht"
    with pytest.raises(Refused, match="already"):
        invite(context, south)


def test_no_vendor_sees_or_touches_anothers_partners(context: Services) -> None:
    north, south = vendor(context, "North"), vendor(context, "South")
    reference = invite(context, north)
    with context.database.unit_of_work(south.scope) as session:
        assert service.partnerships(session) == []
        with pytest.raises(NotFound):
            load(session, Partnership, reference)


def test_searching_takes_signs_as_they_are(context: Services) -> None:
    north = vendor(context, "North")
    invite(context, north, "a@a.example", "100 % Cloud_Services")
    invite(context, north, "b@b.example", "1000 Clouds")
    with context.database.unit_of_work(north.scope, write=False) as session:
        assert [row.partner.name for row in service.partnerships(session, "100 %")] == [
            "100 % Cloud_Services"
        ]
        assert [row.partner.name for row in service.partnerships(session, "D_S")] == ["100 % Cloud_Services"]
        assert service.known_words(session) == (["Gold"], ["DACH"])


def test_states_move_as_the_table_says_and_with_a_reason(context: Services) -> None:
    north = vendor(context, "North")
    reference = invite(context, north)
    with context.database.unit_of_work(Scope.system()) as session:
        service.activate(session, load(session, Partnership, reference).partner_id)
    with context.database.unit_of_work(north.scope) as session:
        row = load(session, Partnership, reference)
        with pytest.raises(Refused) as refusal:
            service.set_status(session, row, "suspended", " ")
        assert refusal.value.field == "reason"
        service.set_status(session, row, "suspended", "Unpaid invoices")
        assert not service.may_run_campaigns(session, row.vendor_id, row.partner_id)
        with pytest.raises(Refused):
            service.set_status(session, row, "invited", "")
        service.set_status(session, row, "active")
        assert service.may_run_campaigns(session, row.vendor_id, row.partner_id)
        service.change(session, row, "Silver", "  North   Sea ")
        assert (row.tier, row.territory) == ("Silver", "North Sea")
