"""A job worker, relay or scheduler as a process of its own, with jobs that tests can watch from outside.

python -m tests.workers.process worker|relay|schedule
"""

import os
import sys
import time
from pathlib import Path
from typing import Any

from tmpa.db import Database
from tmpa.kernel.http import Services
from tmpa.kernel.jobs import Queue
from tmpa.kernel.objects import open_store
from tmpa.kernel.signing import Signer
from tmpa.settings import Settings, load_settings
from workers import relay, rq_worker, run, scheduler
from workers.processes import die_with_parent, stop_on_signals
from workers.queues import connect

LEASE_SECONDS = 4.0  # renewed every third of it: a busy machine must not miss three in a row
SCHEDULE: list[tuple[str, int | str, Queue]] = [("note", 1, "default")]


def note(_services: Services, file: str = "", text: str = "ran", pause: float = 0) -> None:
    """Append "begin" and `text` to a file, `pause` seconds apart."""
    if not file:
        return
    with Path(file).open("a") as notes:
        notes.write(f"begin {os.getpid()}\n")
        notes.flush()
        time.sleep(pause)
        notes.write(f"{text}\n")


def fail(_services: Services, text: str) -> None:
    """Always fails."""
    raise ValueError(text)


JOBS: dict[str, Any] = {"note": note, "fail": fail}


def open_services(settings: Settings) -> Services:
    """The services of one process."""
    return Services(settings, Database(settings), open_store(settings), Signer(settings.secrets))


def main(part: str) -> None:
    """Serve `part` with the environment's settings until SIGTERM."""
    die_with_parent()
    settings = load_settings()
    redis = connect(settings)
    if part == "worker":
        services = open_services(settings)
        run.install(run.Runner(services, JOBS, lease_seconds=LEASE_SECONDS))
        rq_worker.Worker(redis).work(logging_level="WARNING")
    elif part == "relay":
        relay.serve(relay.Relay(Database(settings), redis), stop_on_signals())
    else:
        scheduler.serve(scheduler.Scheduler(Database(settings), SCHEDULE), stop_on_signals())


if __name__ == "__main__":
    main(sys.argv[1])
