"""Figures of the home pages and of results; a vendor gets no count of a partner's people below five."""

import pytest
from sqlalchemy import select

from tests.factories.deals import Programme, campaign, contact, in_days, opportunity, programme, submission
from tests.factories.mdf import approved_request, fund, submitted_claim, today
from tmpa.db import Database
from tmpa.deals import leads, registration
from tmpa.deals.models import DealRegistration
from tmpa.engagement.models import DailyRollup
from tmpa.kernel.clock import utcnow
from tmpa.kernel.scope import Scope
from tmpa.kits.models import Kit
from tmpa.pages.models import Submission
from tmpa.reports import home, queries
from tmpa.sending.models import Recipient
from tmpa.settings import Settings


@pytest.fixture
def world(database: Database, settings: Settings) -> Programme:
    return programme(database, settings)


def roll_up(
    world: Programme, kind: str, count: int, verdict: str = "human", locale: str = "en", ago: int = 0
) -> None:
    with world.database.unit_of_work(Scope.system()) as session:
        session.add(
            DailyRollup(
                vendor_id=world.vendor.organization_id, partner_id=world.partner.organization_id,
                campaign_id=world.campaign_id, step="announcement", locale=locale, kind=kind, verdict=verdict,
                day=in_days(-ago), count=count,
            )
        )  # fmt: skip


def send_to(world: Programme, people: int) -> None:
    for number in range(people):
        who = contact(world.database, world.partner.organization_id, f"p{number}@x.example")
        with world.database.unit_of_work(Scope.system()) as session:
            session.add(
                Recipient(
                    vendor_id=world.vendor.organization_id, partner_id=world.partner.organization_id,
                    campaign_id=world.campaign_id, step_id=world.step_id, contact_id=who, email="x@x.example",
                    locale="en", state="handed_over", handed_over_at=utcnow(),
                )
            )  # fmt: skip


def lead(world: Programme, number: int) -> None:
    sent = submission(world, {"name": "N", "email": f"n{number}@hafenkontor.example"})
    with world.database.unit_of_work(Scope.system()) as session:
        leads.lead_from_submission(session, session.get_one(Submission, sent))


@pytest.mark.parametrize(("people", "shown"), [(0, 0), (1, None), (4, None), (5, 5)])
def test_reach_hides_small_numbers(world: Programme, people: int, shown: int | None) -> None:
    send_to(world, people)
    with world.database.unit_of_work(world.vendor.scope, write=False) as session:
        assert home.vendor_home(session).people == shown


@pytest.mark.parametrize(("clicks", "shown"), [(4, None), (5, 5)])
def test_single_days_hide_small_numbers_from_the_vendor(
    world: Programme, clicks: int, shown: int | None
) -> None:
    roll_up(world, "clicked", clicks)
    with world.database.unit_of_work(world.vendor.scope, write=False) as session:
        days = home.vendor_home(session).days
        assert (days[-1].clicks, days[-2].clicks) == (shown, 0)
    with world.database.unit_of_work(world.partner.scope, write=False) as session:
        assert home.partner_home(session).days[-1].clicks == clicks, "the partner's own people"


def test_results_by_kit_partner_and_language(world: Programme) -> None:
    roll_up(world, "delivered", 100, "unknown")
    roll_up(world, "clicked", 20)
    roll_up(world, "clicked", 70, "machine")
    roll_up(world, "clicked", 3, locale="de")
    roll_up(world, "clicked", 50, ago=100)
    for number in range(2):
        lead(world, number)
    for who, leads_shown in ((world.vendor, None), (world.partner, 2)):
        with world.database.unit_of_work(who.scope, write=False) as session:
            [kit] = queries.results(session, "kit", in_days(-30))
            assert (kit.delivered, kit.human_clicks, kit.leads) == (100, 23, leads_shown)
            assert kit.click_rate == 0.23
            [partner] = queries.results(session, "partner", in_days(-30))
            assert (partner.name, partner.campaigns, partner.human_clicks) == ("Partner north", 1, 23)
            locales = {row.key: row.human_clicks for row in queries.results(session, "locale", in_days(-30))}
            assert locales == {"en": 20, "de": None if who is world.vendor else 3}
            assert queries.results(session, "kit")[0].human_clicks == 73


def test_deals_count_where_they_were_touched(world: Programme) -> None:
    lead(world, 1)
    with world.database.unit_of_work(world.partner.scope) as session:
        source = leads.page_of_leads(session).leads[0]
        deal = registration.create(session, source.vendor_id, opportunity(amount_minor=700_000), source)
        registration.submit(session, deal)
    with world.database.unit_of_work(world.vendor.scope, write=False) as session:
        [row] = queries.results(session, "kit")
        assert (row.deals, row.pipeline, row.won) == (1, {"EUR": 700_000}, {})
        assert home.vendor_home(session).pipeline == {"EUR": 700_000}
    with world.database.unit_of_work(world.vendor.scope) as session:
        deal = session.scalars(select(DealRegistration)).one()
        registration.approve(session, deal)
        registration.win(session, deal, 650_000)
    with world.database.unit_of_work(world.vendor.scope, write=False) as session:
        [row] = queries.results(session, "partner")
        assert (row.pipeline, row.won) == ({}, {"EUR": 650_000})


def test_kit_use(world: Programme) -> None:
    other = campaign(
        world.database, world.vendor.organization_id, world.rival.organization_id, "winter", "draft"
    )
    assert other
    with world.database.unit_of_work(world.vendor.scope, write=False) as session:
        used, unused = session.scalars(select(Kit).order_by(Kit.name)).all()
        assert (
            queries.kit_use(session, used).partners,
            queries.kit_use(session, used).versions[0].running,
        ) == (1, 1)
        assert (
            queries.kit_use(session, unused).campaigns,
            queries.kit_use(session, unused).outcome.deals,
        ) == (0, 0)


def test_home_pages(world: Programme, settings: Settings) -> None:
    fund_id = fund(world, use_until=in_days(10), claim_until=in_days(55))
    dates = {"starts_on": in_days(1), "ends_on": in_days(9)}
    submitted_claim(world, settings, approved_request(world, fund_id, **dates))
    approved_request(world, fund_id, **dates)
    lead(world, 1)
    with world.database.unit_of_work(world.vendor.scope, write=False) as session:
        vendor = home.vendor_home(session)
        assert (vendor.active_partners, vendor.adopters, vendor.adoption) == (2, 1, 0.5)
        assert (vendor.claims_waiting, vendor.requests_waiting, vendor.campaigns_running) == (1, 0, 1)
        [risk] = vendor.at_risk
        assert (risk.days, risk.balance.available) == (10, 600_000)
    with world.database.unit_of_work(world.partner.scope, write=False) as session:
        partner = home.partner_home(session)
        assert (partner.new_leads, partner.claims_in_progress, len(partner.claimable)) == (1, 1, 2)
        assert partner.campaigns == {"running": 1}
        assert len(partner.days) == 30 and partner.days[-1].day == today()
    with world.database.unit_of_work(world.rival.scope, write=False) as session:
        rival = home.partner_home(session)
        assert (rival.campaigns, rival.new_leads, rival.claimable, rival.claims_in_progress) == ({}, 0, [], 0)
        assert rival.at_risk[0].balance.available == 600_000
