"""The schedule: each slot of each tick becomes one job. Any number of schedulers may run at once."""

import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import structlog
from croniter import croniter
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError, OperationalError

from tmpa.db import Database
from tmpa.kernel.clock import utcnow
from tmpa.kernel.jobs import Queue, enqueue
from tmpa.kernel.models import ScheduleSlot
from tmpa.kernel.scope import Scope

Tick = tuple[str, int | str, Queue]
"""A job, how often (see `slot_of`), the queue it goes to."""

PAUSE_SECONDS = 0.5

log = structlog.get_logger("schedule")


def slot_of(every: int | str, now: datetime) -> datetime:
    """The newest slot that is not after `now`: a whole multiple of seconds since 1970, or a cron time (UTC)."""
    if isinstance(every, int):
        whole = int(now.timestamp()) // every * every
        return datetime.fromtimestamp(whole, UTC)
    after = now.astimezone(UTC) + timedelta(seconds=1)
    found: datetime = croniter(every, after).get_prev(datetime)
    return found


class Scheduler:
    """Fills slots. A slot that passed while no scheduler ran is filled once at the start, older ones are not."""

    def __init__(self, database: Database, ticks: Sequence[Tick]) -> None:
        self._database = database
        self._ticks = ticks
        self._filled: dict[str, datetime] = {}

    def step(self, now: datetime | None = None) -> int:
        """Fill the slots that came up since the last step; how many this scheduler filled."""
        filled = 0
        for tick in self._ticks:
            job, every, _queue = tick
            slot = slot_of(every, now or utcnow())
            if self._filled.get(job) != slot:
                filled += self._fill(tick, slot)
                self._filled[job] = slot
        return filled

    def _fill(self, tick: Tick, slot: datetime) -> int:
        job, _every, queue = tick
        taken = select(ScheduleSlot.id).where(ScheduleSlot.name == job, ScheduleSlot.slot == slot)
        try:
            with self._database.unit_of_work(Scope.system()) as session:
                if session.scalar(taken) is not None:
                    return 0
                session.add(ScheduleSlot(name=job, slot=slot))
                enqueue(session, job, {}, queue=queue)
                session.flush()
        except IntegrityError:  # another scheduler was faster; its job is the one
            return 0
        return 1


def serve(scheduler: Scheduler, stop: threading.Event) -> None:
    """Step until `stop` is set; through absences of the database, with one line each."""
    away = False
    while not stop.is_set():
        try:
            scheduler.step()
            away = False
        except OperationalError as error:
            if not away:
                log.warning("schedule.waits", error=f"{type(error).__name__}: {error}"[:300])
            away = True
        stop.wait(PAUSE_SECONDS)
