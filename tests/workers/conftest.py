"""Starts and ends the processes of the worker tests."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tmpa.db import Database
from tmpa.kernel.jobs import enqueue
from tmpa.kernel.models import Job
from tmpa.kernel.scope import Scope
from tmpa.settings import Settings
from workers.embedded import EmbeddedRedis
from workers.processes import die_with_parent, environment_of

ROOT = Path(__file__).resolve().parents[2]
Start = Callable[[str], subprocess.Popen[bytes]]


@pytest.fixture
def fleet_settings(settings: Settings, redis_server: EmbeddedRedis) -> Settings:
    """Settings with a real Redis behind them."""
    return settings.model_copy(update={"redis_url": redis_server.url})


@pytest.fixture
def start(fleet_settings: Settings) -> Iterator[Start]:
    """Start "worker", "relay" or "schedule" as a process; all are killed when the test ends."""
    children: list[subprocess.Popen[bytes]] = []

    def spawn(part: str) -> subprocess.Popen[bytes]:
        child = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "tests.workers.process", part],
            cwd=ROOT,
            env=environment_of(fleet_settings),
            stdin=subprocess.DEVNULL,
            preexec_fn=die_with_parent,
        )
        children.append(child)
        return child

    yield spawn
    for child in children:
        if child.poll() is None:
            os.kill(child.pid, signal.SIGKILL)
        child.wait()


@pytest.fixture
def add(database: Database) -> Callable[..., Job]:
    """Commit one job: `add("note", file=…)`."""

    def commit(name: str, max_attempts: int = 6, **args: Any) -> Job:
        with database.unit_of_work(Scope.system()) as session:
            job = enqueue(session, name, args, max_attempts=max_attempts)
            session.flush()
        return job

    return commit


def reread(database: Database, job: Job) -> Job:
    """The row as it is now."""
    with database.unit_of_work(Scope.system(), write=False) as session:
        found = session.get(Job, job.id)
        assert found is not None
        return found
