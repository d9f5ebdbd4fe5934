"""Same customer, products and period; first in wins; what is returned names nobody."""

from datetime import timedelta

import pytest

from tests.factories.deals import Programme, in_days, opportunity, programme
from tmpa.db import Database
from tmpa.deals import registration
from tmpa.deals.conflicts import (
    customer_key,
    deciding_rule,
    find_conflicts,
    name_ratio,
    normal_domain,
    same_domain,
    stands_in_the_way,
)
from tmpa.deals.models import DealRegistration
from tmpa.deals.registration import Opportunity
from tmpa.deals.rules import rules
from tmpa.kernel.clock import utcnow
from tmpa.kernel.scope import Scope
from tmpa.settings import Settings


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("https://www.Example.com/shop?x=1", "example.com"),
        ("example.com:8080", "example.com"),
        ("Anna@Example.COM", "example.com"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("www.example.com.", "example.com"),
        ("localhost", ""),
        ("not a domain", ""),
        ("http://", ""),
        ("http://[::1", ""),
        ("", ""),
    ],
)
def test_domains_are_normalised(text: str, domain: str) -> None:
    assert normal_domain(text) == domain


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Müller & Söhne GmbH & Co. KG", "MULLER & SOHNE"),
        ("株式会社山田製作所", "山田製作所 株式会社"),
        ("شركة النور ذ.م.م", "النور"),
        ("Example S.A.R.L.", "example"),
        ("Acme, Inc.", "ACME Incorporated"),
    ],
)
def test_names_are_compared_without_legal_form(one: str, other: str) -> None:
    assert customer_key(one) == customer_key(other) != ""


def test_a_name_that_is_only_a_legal_form_stays() -> None:
    assert customer_key("AG") == "ag"
    assert customer_key(" – ") == ""


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("Hafenkontor Reederei", "Hafen-Kontor Reederei", True),
        ("Mueller Logistik", "Müller Logistik", True),
        ("Nordwind Energie", "Energie Nordwind", True),
        ("Nordwind Energie", "Südwind Energie", False),
        ("Stadtwerke Kiel", "Stadtwerke Köln", False),
        ("", "Acme", False),
    ],
)
def test_likeness_of_names(one: str, other: str, alike: bool) -> None:
    assert (name_ratio(customer_key(one), customer_key(other)) >= rules().name_ratio) is alike


def test_domains_below_one_another_are_the_same_customer() -> None:
    assert same_domain("shop.example.com", "example.com")
    assert not same_domain("notexample.com", "example.com")
    assert not same_domain("gmail.com", "gmail.com")
    assert not same_domain("", "")


@pytest.fixture
def world(database: Database, settings: Settings) -> Programme:
    return programme(database, settings)


def submitted(world: Programme, who: Scope, what: Opportunity) -> str:
    with world.database.unit_of_work(who) as session:
        deal = registration.create(session, world.vendor.organization_id, what)
        registration.submit(session, deal)
        return deal.public_id


def conflicts_of(world: Programme, public_id: str) -> tuple[str, list[tuple[str, ...]], bool]:
    """The deciding rule, why each conflict is one, and whether another came first."""
    with world.database.unit_of_work(world.vendor.scope, write=False) as session:
        deal = next(each for each in session.query(DealRegistration) if each.public_id == public_id)
        found = find_conflicts(session, deal)
        first = stands_in_the_way(deal, found) is not None
        return deciding_rule(deal, found), [conflict.reasons for conflict in found], first


def test_first_in_wins(world: Programme) -> None:
    first = submitted(world, world.partner.scope, opportunity())
    second = submitted(world, world.rival.scope, opportunity(customer_name="Hafen Kontor Reederei AG"))
    assert conflicts_of(world, first) == ("first_in_wins", [("same_domain", "similar_name")], False)
    assert conflicts_of(world, second) == ("first_in_wins", [("same_domain", "similar_name")], True)


@pytest.mark.parametrize(
    "other",
    [
        {"products": ["Archive"]},
        {"customer_name": "Another", "customer_domain": "another.example"},
        {"customer_name": "Quite Another", "customer_domain": "gmail.com"},
    ],
)
def test_other_business_is_no_conflict(world: Programme, other: dict[str, object]) -> None:
    submitted(world, world.partner.scope, opportunity(customer_domain="gmail.com"))
    second = submitted(world, world.rival.scope, opportunity(**other))
    assert conflicts_of(world, second) == ("no_conflict", [], False)


def test_public_tenders_are_open_to_all(world: Programme) -> None:
    submitted(world, world.partner.scope, opportunity())
    second = submitted(world, world.rival.scope, opportunity(government=True))
    assert conflicts_of(world, second)[0::2] == ("government_excluded", False)


def test_a_protection_that_is_over_is_no_conflict(world: Programme) -> None:
    submitted(world, world.partner.scope, opportunity())
    with world.database.unit_of_work(Scope.system()) as session:
        old = session.query(DealRegistration).one()
        old.state = "approved"
        old.submitted_at = utcnow() - timedelta(days=120)
        old.protected_until = in_days(-1)
    second = submitted(world, world.rival.scope, opportunity())
    assert conflicts_of(world, second) == ("no_conflict", [], False)


def test_what_the_partner_can_read_names_no_other_partner(world: Programme) -> None:
    submitted(world, world.partner.scope, opportunity())
    submitted(world, world.rival.scope, opportunity())
    with world.database.unit_of_work(world.rival.scope, write=False) as session:
        own = session.query(DealRegistration).one()
        assert len(own.conflicts) == 1
        text = str(own.conflicts)
        assert str(world.partner.organization_id) not in text
        assert "Hafenkontor" not in text
