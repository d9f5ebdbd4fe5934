"""Every transition that is in the table works and leaves an audit row; every other is refused."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.factories.deals import Programme, contact, event, in_days, opportunity, programme
from tmpa.db import Database
from tmpa.deals import registration, touchpoints
from tmpa.deals.attribution import Model
from tmpa.deals.models import DealRegistration
from tmpa.deals.rules import rules
from tmpa.kernel.clock import utcnow
from tmpa.kernel.errors import NotAllowed, NotFound, Refused
from tmpa.kernel.models import AuditRow
from tmpa.kernel.scope import Scope, load
from tmpa.settings import Settings


@pytest.fixture
def world(database: Database, settings: Settings) -> Programme:
    return programme(database, settings)


def draft(world: Programme, **values: object) -> str:
    with world.database.unit_of_work(world.partner.scope) as session:
        return registration.create(session, world.vendor.organization_id, opportunity(**values)).public_id


def submitted(world: Programme, who: Scope | None = None, **values: object) -> str:
    with world.database.unit_of_work(who or world.partner.scope) as session:
        deal = registration.create(session, world.vendor.organization_id, opportunity(**values))
        registration.submit(session, deal)
        return deal.public_id


def act(world: Programme, who: Scope, public_id: str, action: str, *args: object) -> DealRegistration:
    with world.database.unit_of_work(who) as session:
        deal = load(session, DealRegistration, public_id)
        getattr(registration, action)(session, deal, *args)
        return deal


def test_from_draft_to_won(world: Programme) -> None:
    public_id = draft(world)
    deal = act(world, world.partner.scope, public_id, "submit")
    assert deal.decide_by is not None and deal.submitted_at is not None
    assert deal.decide_by - deal.submitted_at == timedelta(hours=rules().decision_hours)
    assert act(world, world.vendor.scope, public_id, "review").state == "under_review"
    deal = act(world, world.vendor.scope, public_id, "approve")
    assert (deal.state, deal.rule, deal.decided_by) == ("approved", "no_conflict", world.vendor.user_id)
    assert deal.protected_until == in_days(rules().protection_days)
    deal = act(world, world.partner.scope, public_id, "win", 990_000)
    assert (deal.state, deal.won_amount_minor) == ("won", 990_000)
    with world.database.unit_of_work(Scope.system(), write=False) as session:
        actions = session.scalars(
            select(AuditRow.action).where(AuditRow.thing_id == deal.id).order_by(AuditRow.id)
        )
        assert list(actions) == ["deal.created", "deal.submit", "deal.review", "deal.approve", "deal.win"]


ACTIONS = {
    "submit": (),
    "review": (),
    "approve": (),
    "decline": ("No budget.",),
    "withdraw": (),
    "win": (100,),
    "lose": (),
}


@pytest.mark.backends("sqlite")
@pytest.mark.parametrize("state", sorted(registration.STATE_NAMES))
@pytest.mark.parametrize("action", sorted(ACTIONS))
def test_only_the_ways_in_the_table(world: Programme, state: str, action: str) -> None:
    public_id = draft(world)
    with world.database.unit_of_work(Scope.system()) as session:
        load(session, DealRegistration, public_id).state = state
    way = registration.TRANSITIONS[action]
    for side, who in (("partner", world.partner.scope), ("vendor", world.vendor.scope)):
        if side not in way.sides:
            with pytest.raises(NotAllowed):
                act(world, who, public_id, action, *ACTIONS[action])
        elif state not in way.sources:
            with pytest.raises(Refused, match="not possible any more"):
                act(world, who, public_id, action, *ACTIONS[action])
    allowed = {"partner": world.partner.scope, "vendor": world.vendor.scope}
    if state in way.sources:
        side = next(iter(sorted(way.sides)))
        assert act(world, allowed[side], public_id, action, *ACTIONS[action]).state == way.target


def test_a_decline_needs_a_reason(world: Programme) -> None:
    public_id = submitted(world)
    with pytest.raises(Refused) as caught:
        act(world, world.vendor.scope, public_id, "decline", "  ")
    assert caught.value.field == "reason"
    deal = act(world, world.vendor.scope, public_id, "decline", "We are in talks already.")
    assert (deal.state, deal.decision_reason, deal.rule) == (
        "declined",
        "We are in talks already.",
        "vendor_decision",
    )


def test_against_the_order_of_arrival_only_with_a_reason(world: Programme) -> None:
    submitted(world)
    second = submitted(world, world.rival.scope)
    with pytest.raises(Refused) as caught:
        act(world, world.vendor.scope, second, "approve")
    assert (caught.value.field, caught.value.code) == ("reason", "conflict")
    deal = act(
        world, world.vendor.scope, second, "approve", None, "The customer wrote that it wants this partner."
    )
    assert (deal.state, deal.rule) == ("approved", "override")


def test_declining_the_second_names_first_in_wins(world: Programme) -> None:
    submitted(world)
    second = submitted(world, world.rival.scope)
    assert act(world, world.vendor.scope, second, "decline", "Came second.").rule == "first_in_wins"


def test_one_registration_per_customer_and_product(world: Programme) -> None:
    submitted(world)
    with pytest.raises(Refused) as caught:
        submitted(world)
    assert caught.value.code == "own_duplicate"
    submitted(world, products=["Archive"])


@pytest.mark.parametrize("days", [0, -1, 181])
def test_protection_has_limits(world: Programme, days: int) -> None:
    with pytest.raises(Refused) as caught:
        act(world, world.vendor.scope, submitted(world), "approve", days)
    assert caught.value.field == "protection_days"


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"customer_name": " . "}, "customer_name"),
        ({"customer_domain": "not a domain"}, "customer_domain"),
        ({"products": [" "]}, "products"),
        ({"close_date": in_days(-2)}, "close_date"),
        ({"amount_minor": 0}, "amount"),
        ({"currency": "XQZ"}, "currency"),
    ],
)
def test_bad_entries_name_their_field(world: Programme, values: dict[str, object], field: str) -> None:
    with pytest.raises(Refused) as caught:
        draft(world, **values)
    assert caught.value.field == field


def test_strangers_find_nothing(world: Programme) -> None:
    public_id = submitted(world)
    with pytest.raises(NotFound):
        act(world, world.rival.scope, public_id, "withdraw")
    with pytest.raises(NotFound), world.database.unit_of_work(world.vendor.scope) as session:
        registration.create(session, world.vendor.organization_id, opportunity())


def test_protection_ends_by_itself(world: Programme) -> None:
    public_id = submitted(world)
    act(world, world.vendor.scope, public_id, "approve", 1)
    with world.database.unit_of_work(Scope.system()) as session:
        assert registration.expire_overdue(session, in_days(1)) == 0
        assert registration.expire_overdue(session, in_days(2)) == 1
        assert load(session, DealRegistration, public_id).state == "expired"


def test_touchpoints_of_the_account_are_collected_once(world: Programme) -> None:
    partner_id = world.partner.organization_id
    colleague = contact(world.database, partner_id, "erik@mail.hafenkontor.example")
    stranger = contact(world.database, partner_id, "someone@elsewhere.example")
    free = contact(world.database, partner_id, "hafen@gmail.com")
    before, after = utcnow() - timedelta(days=3), utcnow() + timedelta(minutes=5)
    wanted = {event(world, colleague, "clicked", before), event(world, colleague, "visited", after)}
    event(world, colleague, "clicked", before, verdict="machine")
    event(world, colleague, "opened", before)
    event(world, stranger, "clicked", before)
    event(world, free, "clicked", before)
    public_id = draft(world)
    with world.database.unit_of_work(world.partner.scope) as session:
        deal = load(session, DealRegistration, public_id)
        assert {touch.event_id for touch in deal.touchpoints} == wanted
        assert touchpoints.collect(session, deal) == 0
        credit = touchpoints.attribution(deal, Model.LINEAR)
        assert credit.sourced == credit.influenced == {world.campaign_id: 1}


def test_another_partners_contacts_do_not_count(world: Programme) -> None:
    foreign = contact(world.database, world.rival.organization_id, "erik@hafenkontor.example")
    event(world, foreign, "clicked", utcnow())
    with world.database.unit_of_work(Scope.system(), write=False) as session:
        assert load(session, DealRegistration, draft(world)).touchpoints == []
