"""Launching: once, whatever is clicked; later; pause, resume, cancel; steps that come due; the end."""

import threading
import uuid
from datetime import datetime, timedelta

import pytest
import time_machine
from sqlalchemy import select

from tests.factories.sending import SYSTEM, SendingWorld
from tmpa.campaigns.models import Campaign, CampaignStep
from tmpa.kernel import jobs
from tmpa.kernel.clock import utcnow
from tmpa.kernel.errors import Refused
from tmpa.kernel.models import AuditRow, Job
from tmpa.sending import launch, transitions
from tmpa.sending.batches import send_batch


@pytest.fixture(autouse=True)
def _subscribers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(jobs._subscribers, "campaigns.launching", ["campaigns.finish_pieces"])
    monkeypatch.setitem(jobs._subscribers, "campaigns.finished", ["reports.finish"])


def do_launch(world: SendingWorld, at: datetime | None = None) -> launch.Forecast:
    with world.database.unit_of_work(world.partner.scope) as session:
        return launch.launch(session, session.get_one(Campaign, world.campaign_id), at)


def act(world: SendingWorld, action: str) -> None:
    with world.database.unit_of_work(world.partner.scope) as session:
        getattr(launch, action)(session, session.get_one(Campaign, world.campaign_id))


def job_names(world: SendingWorld) -> list[str]:
    with world.database.unit_of_work(SYSTEM, write=False) as session:
        return list(session.scalars(select(Job.name).order_by(Job.created_at)))


def step_states(world: SendingWorld) -> list[str]:
    with world.database.unit_of_work(SYSTEM, write=False) as session:
        return list(session.scalars(select(CampaignStep.state).order_by(CampaignStep.position)))


def test_from_launch_to_the_end(world: SendingWorld) -> None:
    world.people(["a@a.example", "b@a.example"])
    assert do_launch(world).to_send == 2
    assert world.campaign().state == "launching" and world.campaign().launched_by == world.partner.user_id
    assert job_names(world) == ["campaigns.finish_pieces"]
    launch.start_campaign(world.context, str(world.campaign_id))
    launch.start_campaign(world.context, str(world.campaign_id))
    assert world.campaign().state == "running"
    assert world.states() == {"planned": 2} and world.states(1) == {}
    assert job_names(world).count("sending.send_batch") == 1
    assert send_batch(world.context, str(world.steps[0])) == 2
    assert step_states(world) == ["done", "planned"] and world.campaign().state == "running"
    launch.start_due(world.context)
    assert step_states(world) == ["done", "planned"]
    with time_machine.travel(utcnow() + timedelta(days=3, minutes=1)):
        launch.start_due(world.context)
        launch.start_due(world.context)
        assert step_states(world) == ["done", "sending"]
        assert send_batch(world.context, str(world.steps[1])) == 2
    assert step_states(world) == ["done", "done"] and world.campaign().state == "done"
    assert job_names(world).count("reports.finish") == 1
    with world.database.unit_of_work(SYSTEM, write=False) as session:
        actions = set(session.scalars(select(AuditRow.action)))
    assert {"campaign.launch", "campaign.start", "step.started", "campaign.finish"} <= actions


def test_a_double_click_launches_once(world: SendingWorld) -> None:
    world.people(["a@a.example"])
    results: list[object] = []

    def click() -> None:
        try:
            results.append(do_launch(world))
        except Refused as refusal:
            results.append(refusal.code)

    clicks = [threading.Thread(target=click) for _each in range(4)]
    for thread in clicks:
        thread.start()
    for thread in clicks:
        thread.join()
    assert results.count("state") == 3 and len(results) == 4
    assert job_names(world) == ["campaigns.finish_pieces"]


def test_what_is_missing_is_said_and_nothing_changes(world: SendingWorld) -> None:
    with pytest.raises(Refused, match="at least one list") as nobody:
        do_launch(world)
    assert nobody.value.field == "lists"
    world.people(["silent@a.example"], consent="none")
    with pytest.raises(Refused, match="may be mailed"):
        do_launch(world)
    assert world.campaign().state == "draft" and job_names(world) == []


def test_later(world: SendingWorld) -> None:
    world.people(["a@a.example"])
    at = utcnow() + timedelta(hours=2)
    do_launch(world, at)
    assert world.campaign().state == "scheduled"
    launch.start_due(world.context)
    assert world.campaign().state == "scheduled"
    act(world, "unschedule")
    assert world.campaign().state == "draft"
    do_launch(world, at)
    with time_machine.travel(at + timedelta(seconds=1)):
        ticks = [threading.Thread(target=launch.start_due, args=(world.context,)) for _each in range(3)]
        for tick in ticks:
            tick.start()
        for tick in ticks:
            tick.join()
    assert world.campaign().state == "launching"
    assert job_names(world) == ["campaigns.finish_pieces"]


def test_pause_and_resume(world: SendingWorld) -> None:
    world.people([f"p{n}@a.example" for n in range(3)])
    do_launch(world)
    launch.start_campaign(world.context, str(world.campaign_id))
    act(world, "pause")
    assert send_batch(world.context, str(world.steps[0])) == 0
    assert world.states() == {"planned": 3}
    launch.start_due(world.context)
    with pytest.raises(Refused):
        act(world, "pause")
    before = job_names(world).count("sending.send_batch")
    act(world, "resume")
    assert job_names(world).count("sending.send_batch") == before + 1
    assert send_batch(world.context, str(world.steps[0])) == 3
    assert world.states() == {"handed_over": 3}


def test_cancel(world: SendingWorld) -> None:
    world.people([f"p{n}@a.example" for n in range(3)])
    do_launch(world)
    launch.start_campaign(world.context, str(world.campaign_id))
    act(world, "cancel")
    assert {(row.state, row.reason) for row in world.recipients().values()} == {("skipped", "cancelled")}
    assert send_batch(world.context, str(world.steps[0])) == 0
    assert step_states(world) == ["cancelled", "cancelled"]
    with pytest.raises(Refused):
        act(world, "resume")


def test_the_tick_wakes_a_step_that_lost_its_job(world: SendingWorld) -> None:
    world.people(["a@a.example"])
    do_launch(world)
    launch.start_campaign(world.context, str(world.campaign_id))
    with world.database.unit_of_work(SYSTEM) as session:
        for job in session.scalars(select(Job).where(Job.name == "sending.send_batch")):
            job.state = "dead"
    launch.start_due(world.context)
    launch.start_due(world.context)
    with world.database.unit_of_work(SYSTEM, write=False) as session:
        live = session.scalars(
            select(Job).where(Job.name == "sending.send_batch", Job.state == "pending")
        ).all()
    assert [job.args for job in live] == [{"step": str(world.steps[0])}]


def test_a_kit_that_expired_meanwhile_sends_nothing(world: SendingWorld) -> None:
    world.people(["a@a.example"])
    at = utcnow() + timedelta(hours=2)
    do_launch(world, at)
    with world.database.unit_of_work(SYSTEM) as session:
        session.get_one(Campaign, world.campaign_id).kit_version.state = "withdrawn"
    with time_machine.travel(at + timedelta(seconds=1)):
        launch.start_due(world.context)
    assert world.campaign().state == "draft" and job_names(world) == []


def test_a_stranger_launches_nothing(world: SendingWorld) -> None:
    world.people(["a@a.example"])
    stranger = type(world.partner.scope)("partner", uuid.uuid4(), uuid.uuid4(), (), world.partner.scope.roles)
    with world.database.unit_of_work(stranger, write=False) as session:
        assert session.get(Campaign, world.campaign_id) is None


def test_transitions_lead_only_to_known_states() -> None:
    known = {"draft", "scheduled", "launching", "running", "paused", "done", "cancelled"}
    for transition in transitions.CAMPAIGN.values():
        assert transition.target in known and transition.sources <= known
        assert not transition.sources & {"done", "cancelled"}
