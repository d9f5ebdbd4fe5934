"""Runs one job row. What RQ carries is only its id; the row in the database decides.

RQ may lose a job or run it twice; the row's state and lease make up for both. A job whose worker was killed is
found by the relay when its lease runs out, and runs again.
"""

import random
import signal
import threading
import traceback
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from types import FrameType
from typing import Any

import structlog
from sqlalchemy import update
from sqlalchemy.exc import SQLAlchemyError

from tmpa.db import Database
from tmpa.kernel.clock import utcnow
from tmpa.kernel.errors import Refused
from tmpa.kernel.http import Services
from tmpa.kernel.models import Job
from tmpa.kernel.scope import Scope
from workers.queues import TIME_LIMITS

Jobs = Mapping[str, Callable[..., Any]]
"""What each job name runs: `function(services, **args)`."""

LEASE_SECONDS = 30
ERROR_LENGTH = 4000
QUICK_SECONDS = 1.0  # a job that went well in less is no news

log = structlog.get_logger("jobs")


class TooLong(Exception):
    """The job did not end within its time limit."""


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Raise `TooLong` in the block after `seconds`. Only the main thread can be stopped so; others run unlimited."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise TooLong(f"stopped after {seconds:g} s")

    before = signal.signal(signal.SIGALRM, stop)
    remaining, _ = signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, remaining)
        signal.signal(signal.SIGALRM, before)


def backoff(attempts: int) -> timedelta:
    """How long to wait after the `attempts`-th failure: 5, 15, 45, 135, 405 s, at most 15 minutes, each ± 25 %.

    The jitter keeps jobs that failed together (a server was away) from coming back together.
    """
    seconds = min(5 * 3 ** (attempts - 1), 900)
    return timedelta(seconds=seconds * random.uniform(0.75, 1.25))  # noqa: S311  no secret


class Lease(threading.Thread):
    """Renews a running job's lease until told to stop. `attempt` fences: a job taken from us is left alone."""

    def __init__(self, database: Database, job_id: uuid.UUID, attempt: int, seconds: float) -> None:
        super().__init__(name=f"lease-{job_id}", daemon=True)
        self._database, self._job_id, self._attempt, self._seconds = database, job_id, attempt, seconds
        self._over = threading.Event()

    def run(self) -> None:
        while not self._over.wait(self._seconds / 3):
            until = utcnow() + timedelta(seconds=self._seconds)
            try:
                _change(self._database, self._job_id, self._attempt, lease_until=until)
            except (
                SQLAlchemyError
            ) as error:  # the database is away or busy: two more tries fit into the lease
                log.warning("lease.not_renewed", job=str(self._job_id), error=type(error).__name__)

    def stop(self) -> None:
        """End the renewals; returns when none is under way."""
        self._over.set()
        self.join()


def _change(database: Database, job_id: uuid.UUID, attempt: int, **values: Any) -> bool:
    """Write to the row if this very attempt still holds it."""
    with database.unit_of_work(Scope.system()) as session:
        mine = update(Job).where(Job.id == job_id, Job.state == "running", Job.attempts == attempt)
        return session.execute(mine.values(**values).returning(Job.id)).first() is not None


class Runner:
    """Runs job rows with the services of one worker process."""

    def __init__(self, services: Services, jobs: Jobs, lease_seconds: float = LEASE_SECONDS) -> None:
        self._services = services
        self._database = services.database
        self._jobs = jobs
        self._lease_seconds = lease_seconds

    def run(self, job_id: uuid.UUID) -> str:
        """Run the job if it still waits for a worker; its state afterwards ("taken" when it doesn't wait)."""
        job = self._claim(job_id)
        if job is None:
            return "taken"
        lease = Lease(self._database, job.id, job.attempts, self._lease_seconds)
        lease.start()
        error: BaseException | None = None
        begun = utcnow()
        try:
            with limited(TIME_LIMITS[job.queue]):
                self._jobs[job.name](self._services, **job.args)
        except (
            BaseException
        ) as raised:  # mjml's PanicException is no Exception, and must not take the worker down
            error = raised
        finally:
            lease.stop()
        state = self._record(job, error)
        seconds = round((utcnow() - begun).total_seconds(), 3)
        tell = log.debug if state == "done" and seconds < QUICK_SECONDS else log.info
        tell("job.ran", job=job.public_id, name=job.name, state=state, attempt=job.attempts, seconds=seconds)
        if isinstance(error, (KeyboardInterrupt, SystemExit)):
            raise error
        return state

    def _claim(self, job_id: uuid.UUID) -> Job | None:
        with self._database.unit_of_work(Scope.system()) as session:
            claim = (
                update(Job)
                .where(Job.id == job_id, Job.state == "dispatched")
                .values(
                    state="running",
                    attempts=Job.attempts + 1,
                    lease_until=utcnow() + timedelta(seconds=self._lease_seconds),
                )
            )
            return session.scalars(claim.returning(Job)).first()

    def _record(self, job: Job, error: BaseException | None) -> str:
        if error is None:
            kept = _change(
                self._database,
                job.id,
                job.attempts,
                state="done",
                lease_until=None,
                finished_at=utcnow(),
                error=None,
            )
            return "done" if kept else "taken"
        text = describe(error, job.name, known=job.name in self._jobs)
        final = isinstance(error, Refused) or job.attempts >= job.max_attempts
        log.warning(
            "job.failed", job=job.public_id, name=job.name, attempt=job.attempts, error=text.splitlines()[0]
        )
        values: dict[str, Any] = {"state": "dead", "finished_at": utcnow()}
        if not final:
            values = {"state": "pending", "not_before": utcnow() + backoff(job.attempts)}
        kept = _change(self._database, job.id, job.attempts, lease_until=None, error=text, **values)
        return str(values["state"]) if kept else "taken"


def describe(error: BaseException, name: str, known: bool) -> str:
    """What the list of failed jobs shows: the error's own words first, then where it happened."""
    if not known:
        return f"No job is called {name!r} in this version"
    head = f"{type(error).__name__}: {error}" if not isinstance(error, Refused) else str(error)
    frames = "".join(traceback.format_tb(error.__traceback__)[-6:])
    return f"{head}\n{frames}"[:ERROR_LENGTH]


_runner: list[Runner] = []


def install(runner: Runner) -> None:
    """Make `runner` this process's; the worker does so before it takes work."""
    _runner[:] = [runner]


def run(job_id: str) -> None:
    """What RQ calls. Never raises for a failed job: the row has the error, RQ keeps no second book."""
    _runner[0].run(uuid.UUID(job_id))
