"""The outbox: jobs and events commit with the change that caused them, or neither does."""

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import delete
from sqlalchemy.orm import Session

from tmpa.kernel.audit import record
from tmpa.kernel.clock import utcnow
from tmpa.kernel.errors import Refused
from tmpa.kernel.i18n import gettext as _
from tmpa.kernel.models import Job, ScheduleSlot

Queue = Literal["urgent", "default", "batch", "events"]
QUEUES: tuple[Queue, ...] = ("urgent", "default", "events", "batch")

KEEP_DONE = timedelta(days=7)

_subscribers: dict[str, list[str]] = defaultdict(list)


def enqueue(
    session: Session,
    name: str,
    args: dict[str, Any],
    queue: Queue = "default",
    not_before: datetime | None = None,
    max_attempts: int = 6,
) -> Job:
    """Have `name` run with `args` (JSON) after this transaction commits, not before `not_before` (UTC).

    A job may run more than once: whoever writes one makes it idempotent.
    """
    job = Job(name=name, args=args, queue=queue, not_before=not_before or utcnow(), max_attempts=max_attempts)
    session.add(job)
    return job


def subscribe(event: str, job_name: str) -> None:
    """Have job `job_name` run for each `event`; its args are the event's. Called while the program is wired."""
    if job_name not in _subscribers[event]:
        _subscribers[event].append(job_name)


def emit(session: Session, event: str, args: dict[str, Any]) -> None:
    """News for the rooms above: one job for each subscriber, in this transaction."""
    for job_name in _subscribers[event]:
        enqueue(session, job_name, args, queue="events")


def rerun(session: Session, job: Job) -> None:
    """Have a dead job tried again, from its first attempt. Raises Refused for a job that isn't dead."""
    if job.state != "dead":
        raise Refused(_("Only a failed job can be run again."), code="job_not_dead")
    job.state, job.attempts, job.not_before = "pending", 0, utcnow()
    job.finished_at = job.lease_until = None
    record(session, "job.run_again", job, name=job.name)


def forget_done(session: Session) -> None:
    """Delete jobs that are done and slots that are past, a week after; dead jobs stay. Wants the system's scope."""
    before = utcnow() - KEEP_DONE
    session.execute(delete(Job).where(Job.state == "done", Job.finished_at < before))
    session.execute(delete(ScheduleSlot).where(ScheduleSlot.slot < before))
