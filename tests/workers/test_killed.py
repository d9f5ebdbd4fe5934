"""What is killed, emptied or doubled while jobs run: nothing is lost, nothing is dispatched twice."""

import os
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import func, select

from tests.conftest import redis_client
from tests.workers.conftest import Start, reread
from tmpa.db import Database
from tmpa.kernel.models import Job, ScheduleSlot
from tmpa.kernel.scope import Scope
from workers.embedded import EmbeddedRedis
from workers.processes import wait_until

Add = Callable[..., Job]
LONG = (
    120  # seconds: each process imports the whole program, which takes long on a machine that does much else
)


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def test_a_job_whose_worker_is_killed_runs_again(
    start: Start, database: Database, add: Add, tmp_path: Path
) -> None:
    notes = tmp_path / "notes"
    start("relay")
    worker = start("worker")
    job = add("note", file=str(notes), pause=1.0)
    assert wait_until(lambda: len(lines(notes)) == 1, LONG)
    os.kill(worker.pid, signal.SIGKILL)
    start("worker")
    assert wait_until(lambda: reread(database, job).state == "done", LONG)
    began = [line for line in lines(notes) if line.startswith("begin")]
    assert len(began) == 2 and began[0] == f"begin {worker.pid}" and began[1] != began[0]
    assert lines(notes).count("ran") == 1
    assert reread(database, job).attempts == 2


def test_a_worker_told_to_stop_finishes_its_job(
    start: Start, database: Database, add: Add, tmp_path: Path
) -> None:
    notes = tmp_path / "notes"
    start("relay")
    worker = start("worker")
    job = add("note", file=str(notes), pause=1.0)
    assert wait_until(lambda: len(lines(notes)) == 1, LONG)
    worker.terminate()
    assert worker.wait(LONG) == 0
    assert reread(database, job).state == "done"


def test_a_long_job_keeps_its_lease(start: Start, database: Database, add: Add, tmp_path: Path) -> None:
    """Longer than the lease: renewed, so that nobody takes it away."""
    notes = tmp_path / "notes"
    start("relay")
    start("worker")
    job = add("note", file=str(notes), pause=6.0)
    assert wait_until(lambda: reread(database, job).state == "done", LONG)
    assert reread(database, job).attempts == 1
    assert len(lines(notes)) == 2


def test_redis_losing_everything_loses_nothing(
    start: Start, database: Database, add: Add, tmp_path: Path, redis_server: EmbeddedRedis
) -> None:
    notes = tmp_path / "notes"
    start("relay")
    jobs = [add("note", file=str(notes), text=f"job {number}") for number in range(20)]
    assert wait_until(lambda: all(reread(database, job).state == "dispatched" for job in jobs), LONG)
    client = redis_client(redis_server.url)
    client.flushall()
    client.close()
    start("worker")
    assert wait_until(lambda: all(reread(database, job).state == "done" for job in jobs), LONG)
    assert Counter(line for line in lines(notes) if line.startswith("job")) == {
        f"job {n}": 1 for n in range(20)
    }


@pytest.mark.backends("postgresql")
def test_two_relays_and_two_workers_run_each_job_once(
    start: Start, database: Database, add: Add, tmp_path: Path
) -> None:
    notes = tmp_path / "notes"
    for part in ("relay", "relay", "worker", "worker"):
        start(part)
    jobs = [add("note", file=str(notes), text=f"job {number}") for number in range(60)]
    assert wait_until(lambda: reread(database, jobs[-1]).state == "done", LONG)
    assert wait_until(lambda: all(reread(database, job).state == "done" for job in jobs), LONG)
    assert Counter(line for line in lines(notes) if line.startswith("job")) == {
        f"job {n}": 1 for n in range(60)
    }
    assert {reread(database, job).attempts for job in jobs} == {1}


@pytest.mark.backends("postgresql")
def test_two_schedulers_fill_each_slot_once(start: Start, database: Database) -> None:
    start("schedule")
    start("schedule")

    def counts() -> tuple[int, int]:
        with database.unit_of_work(Scope.system(), write=False) as session:
            slots = session.scalar(select(func.count()).select_from(ScheduleSlot)) or 0
            return slots, session.scalar(select(func.count()).select_from(Job)) or 0

    assert wait_until(lambda: counts()[0] >= 4, LONG)
    slots, jobs = counts()
    assert slots == jobs
