"""The relay and the runner in one process, step by step."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from redis.exceptions import RedisError
from sqlalchemy import func, select, update

from tests.conftest import redis_client
from tests.workers.conftest import reread
from tests.workers.process import open_services
from tmpa.db import Database
from tmpa.kernel.clock import utcnow
from tmpa.kernel.errors import Refused
from tmpa.kernel.http import Services
from tmpa.kernel.jobs import enqueue, rerun
from tmpa.kernel.models import Job
from tmpa.kernel.scope import Scope
from tmpa.settings import Settings
from workers.queues import connect
from workers.relay import HELD_PER_QUEUE, Relay
from workers.run import Runner, backoff
from workers.scheduler import Scheduler, slot_of

Add = Callable[..., Job]


@pytest.fixture
def relay(fleet_settings: Settings, database: Database) -> Any:
    redis = connect(fleet_settings)
    yield Relay(database, redis)
    redis.close()


@pytest.fixture
def services(fleet_settings: Settings) -> Any:
    opened = open_services(fleet_settings)
    yield opened
    opened.database.dispose()


def works(_services: Services, **_args: Any) -> None:
    """Nothing to do."""


def fails(_services: Services, text: str = "no luck") -> None:
    raise ValueError(text)


def refuses(_services: Services) -> None:
    raise Refused("The campaign was withdrawn.")


def panics(_services: Services) -> None:
    raise type("PanicException", (BaseException,), {})("slice inside a character")


JOBS: dict[str, Any] = {"works": works, "fails": fails, "refuses": refuses, "panics": panics}


def queued(settings: Settings) -> int:
    client = redis_client(settings.redis_address)
    try:
        return sum(client.llen(f"rq:queue:{name}") for name in ("urgent", "default", "batch", "events"))
    finally:
        client.close()


def make_due(database: Database, job: Job) -> None:
    with database.unit_of_work(Scope.system()) as session:
        session.execute(update(Job).where(Job.id == job.id).values(not_before=utcnow()))


def test_only_what_is_due_leaves(relay: Relay, database: Database, fleet_settings: Settings) -> None:
    with database.unit_of_work(Scope.system()) as session:
        now = enqueue(session, "works", {})
        later = enqueue(session, "works", {}, not_before=utcnow() + timedelta(hours=1))
    assert relay.step() == 1
    assert relay.step() == 0
    assert reread(database, now).state == "dispatched"
    assert reread(database, later).state == "pending"
    assert queued(fleet_settings) == 1


def test_a_rolled_back_change_leaves_no_job(relay: Relay, database: Database) -> None:
    with pytest.raises(ZeroDivisionError), database.unit_of_work(Scope.system()) as session:
        enqueue(session, "works", {})
        session.flush()
        raise ZeroDivisionError
    assert relay.step() == 0


def test_a_flood_of_one_queue_does_not_hold_up_another(relay: Relay, database: Database) -> None:
    with database.unit_of_work(Scope.system()) as session:
        for _ in range(HELD_PER_QUEUE + 20):
            enqueue(session, "works", {}, queue="batch")
    assert relay.step() == HELD_PER_QUEUE
    with database.unit_of_work(Scope.system()) as session:
        urgent = enqueue(session, "works", {}, queue="urgent")
    assert relay.step() == 1
    assert reread(database, urgent).state == "dispatched"


def test_redis_away_leaves_the_job_waiting(database: Database, fleet_settings: Settings, add: Add) -> None:
    away = fleet_settings.model_copy(update={"redis_url": "redis://127.0.0.1:1/0"})
    job = add("works")
    relay = Relay(database, connect(away))
    with pytest.raises(RedisError):
        relay.step()
    assert reread(database, job).state == "pending"


def test_a_dispatch_that_nobody_took_up_is_repeated(
    database: Database, fleet_settings: Settings, add: Add
) -> None:
    redis = connect(fleet_settings)
    impatient = Relay(database, redis, dispatch_lease_seconds=-1)
    job = add("works")
    assert impatient.step() == 1
    impatient._reaped = 0
    assert impatient.step() == 1
    assert reread(database, job).attempts == 0
    redis.close()


def test_a_job_runs_once_however_often_it_is_handed_over(
    relay: Relay, services: Services, database: Database, add: Add
) -> None:
    job = add("works")
    relay.step()
    runner = Runner(services, JOBS)
    assert runner.run(job.id) == "done"
    assert runner.run(job.id) == "taken"
    assert runner.run(uuid.uuid4()) == "taken"


def test_a_failing_job_backs_off_then_dies_and_can_be_run_again(
    relay: Relay, services: Services, database: Database, add: Add
) -> None:
    job = add("fails", max_attempts=2, text="mail server away")
    runner = Runner(services, JOBS)
    relay.step()
    assert runner.run(job.id) == "pending"
    waiting = reread(database, job)
    assert waiting.not_before > utcnow() + timedelta(seconds=3)
    assert relay.step() == 0
    make_due(database, job)
    relay.step()
    assert runner.run(job.id) == "dead"
    dead = reread(database, job)
    assert dead.error is not None and dead.error.startswith("ValueError: mail server away")
    assert dead.finished_at is not None and dead.attempts == 2

    with database.unit_of_work(Scope.system()) as session:
        again = session.get_one(Job, job.id)
        rerun(session, again)
        again.name = "works"  # the bug is mended
        with pytest.raises(Refused):
            rerun(session, again)
    relay.step()
    assert runner.run(job.id) == "done"
    assert reread(database, job).error is None


@pytest.mark.parametrize(
    ("name", "state", "words"),
    [
        ("refuses", "dead", "The campaign was withdrawn."),
        ("panics", "pending", "PanicException: slice inside a character"),
        ("forgotten", "pending", "No job is called 'forgotten' in this version"),
    ],
)
def test_every_end_is_written_down(
    relay: Relay, services: Services, database: Database, add: Add, name: str, state: str, words: str
) -> None:
    job = add(name)
    relay.step()
    assert Runner(services, JOBS).run(job.id) == state
    assert (reread(database, job).error or "").startswith(words)


def test_backoff_grows_and_ends() -> None:
    for attempts, seconds in ((1, 5), (2, 15), (3, 45), (4, 135), (5, 405), (6, 900), (20, 900)):
        assert 0.75 * seconds <= backoff(attempts).total_seconds() <= 1.25 * seconds


def test_slots() -> None:
    now = datetime(2026, 3, 1, 10, 7, 31, tzinfo=UTC)
    assert slot_of(60, now) == datetime(2026, 3, 1, 10, 7, tzinfo=UTC)
    assert slot_of("15 3 * * *", now) == datetime(2026, 3, 1, 3, 15, tzinfo=UTC)
    exact = datetime(2026, 3, 1, 3, 15, tzinfo=UTC)
    assert slot_of("15 3 * * *", exact) == exact


def test_a_slot_is_filled_once_by_whoever_comes_first(database: Database) -> None:
    first, second = (Scheduler(database, [("works", 60, "default")]) for _ in range(2))
    now = datetime(2026, 3, 1, 10, 7, 31, tzinfo=UTC)
    assert [first.step(now), second.step(now), first.step(now)] == [1, 0, 0]
    assert second.step(now + timedelta(minutes=1)) == 1
    with database.unit_of_work(Scope.system(), write=False) as session:
        assert session.scalar(select(func.count()).select_from(Job)) == 2
