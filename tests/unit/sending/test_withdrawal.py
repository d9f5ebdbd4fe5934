"""A withdrawn kit: planned campaigns become drafts, launched ones end or finish, their partners are told why."""

import threading

import pytest
from sqlalchemy import select

from tests.factories.sending import SYSTEM, SendingWorld
from tmpa.accounts.models import OutgoingMail
from tmpa.campaigns.models import Campaign
from tmpa.kernel import jobs
from tmpa.kernel.models import AuditRow, Job
from tmpa.kernel.scope import Scope
from tmpa.kits import service
from tmpa.kits.models import KitVersion
from tmpa.sending import launch, ledger, withdrawal


@pytest.fixture(autouse=True)
def _subscribers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(jobs._subscribers, "kit.withdrawn", ["sending.leave_withdrawn"])


def withdraw(world: SendingWorld, stop: bool) -> None:
    """Withdraw and run the job, twice as a queue may."""
    with world.database.unit_of_work(Scope("vendor", world.vendor_id)) as session:
        version = session.get_one(KitVersion, world.campaign().kit_version_id)
        service.withdraw(session, version, "The price is wrong.", stop)
    with world.database.unit_of_work(SYSTEM, write=False) as session:
        (args,) = session.scalars(select(Job.args).where(Job.name == "sending.leave_withdrawn"))
    for _time in range(2):
        withdrawal.leave_withdrawn(world.context, **args)


def running(world: SendingWorld, people: int) -> None:
    world.people([f"p{number}@customer.example" for number in range(people)])
    with world.database.unit_of_work(SYSTEM) as session:
        campaign = session.get_one(Campaign, world.campaign_id)
        campaign.state = "running"
        campaign.steps[0].state = "sending"
        session.flush()
        ledger.snapshot(session, campaign.steps[0])


def mails(world: SendingWorld) -> list[OutgoingMail]:
    with world.database.unit_of_work(SYSTEM, write=False) as session:
        return list(session.scalars(select(OutgoingMail)))


def test_stopping_ends_what_waits_and_tells_the_partner_once(world: SendingWorld) -> None:
    running(world, 6)
    with world.database.unit_of_work(Scope("vendor", world.vendor_id), write=False) as session:
        version = session.get_one(KitVersion, world.campaign().kit_version_id)
        (found,) = withdrawal.affected(session, version)
        assert (found.partner, found.left, found.steps) == ("Partner north", 6, 1)
    withdraw(world, stop=True)
    assert world.campaign().state == "cancelled" and world.states() == {"skipped": 6}
    (mail,) = mails(world)
    assert mail.subject == "Your campaign “Spring” has been stopped"
    assert "The price is wrong." in mail.text and mail.to_address == world.partner.email
    with world.database.unit_of_work(SYSTEM, write=False) as session:
        (row,) = session.scalars(select(AuditRow).where(AuditRow.action == "campaign.cancel"))
        assert row.reason == "The price is wrong."


@pytest.mark.backends("sqlite")
def test_what_was_launched_may_finish_and_few_people_are_not_counted(world: SendingWorld) -> None:
    running(world, 3)
    with world.database.unit_of_work(Scope("vendor", world.vendor_id), write=False) as session:
        version = session.get_one(KitVersion, world.campaign().kit_version_id)
        (found,) = withdrawal.affected(session, version)
    assert found.left is None
    withdraw(world, stop=False)
    assert world.campaign().state == "running" and world.states() == {"planned": 3}
    assert mails(world) == []


@pytest.mark.backends("sqlite")
@pytest.mark.parametrize("stop", [True, False])
def test_a_planned_campaign_becomes_a_draft_in_any_case(world: SendingWorld, stop: bool) -> None:
    world.set_state("scheduled")
    withdraw(world, stop)
    assert world.campaign().state == "draft" and world.campaign().launch_at is None
    assert [mail.subject for mail in mails(world)] == ["Your campaign “Spring” is a draft again"]


@pytest.mark.backends("postgresql")
def test_a_launch_and_a_withdrawal_at_once_never_miss_each_other(world: SendingWorld) -> None:
    """The withdrawal waits for the launch that has begun, and then finds its campaign."""
    world.people(["a@customer.example"])
    withdrawn = threading.Thread(target=withdraw, args=(world, True))
    with world.database.unit_of_work(world.partner.scope) as session:
        launch.launch(session, session.get_one(Campaign, world.campaign_id))
        withdrawn.start()
        withdrawn.join(0.5)
        assert withdrawn.is_alive()
    withdrawn.join(20)
    assert world.campaign().state == "cancelled"
