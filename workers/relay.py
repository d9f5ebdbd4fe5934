"""The relay: hands job rows that are due to RQ, and takes back those that got lost on the way.

Any number may run at once. A row is dispatched in the database first and pushed to Redis second: a crash between
the two costs the dispatch lease's time, never the job.
"""

import secrets
import threading
import time
from datetime import timedelta

import structlog
from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import exists, func, select, update
from sqlalchemy.exc import OperationalError

from tmpa.db import Database
from tmpa.kernel import logs
from tmpa.kernel.clock import utcnow
from tmpa.kernel.jobs import QUEUES
from tmpa.kernel.models import Job
from tmpa.kernel.scope import Scope
from tmpa.settings import load_settings
from workers.processes import die_with_parent, stop_on_signals
from workers.queues import TIME_LIMITS, connect, rq_queues

PAUSE_SECONDS = 0.1  # a job starts within 0.2 s of its commit
REAP_SECONDS = 1.0
DISPATCH_LEASE_SECONDS = 120
HELD_PER_QUEUE = 500  # rows in Redis at once; the rest waits in the database, where nothing is lost
EPOCH_KEY = "tmpa:relay:epoch"  # in Redis as long as Redis has not lost its data
BACKSTOP_SECONDS = 30  # RQ's own time limit lies this much after the job's

log = structlog.get_logger("relay")


class Relay:
    """One relay over a database and a Redis."""

    def __init__(
        self,
        database: Database,
        redis: Redis,
        dispatch_lease_seconds: float = DISPATCH_LEASE_SECONDS,
    ) -> None:
        self._database = database
        self._redis = redis
        self._queues = rq_queues(redis)
        self._dispatch_lease = timedelta(seconds=dispatch_lease_seconds)
        self._reaped = 0.0

    def step(self) -> int:
        """Take back what is lost (at most once a second), dispatch what is due; how many were dispatched.

        Raises RedisError when Redis is away; the rows that could not be pushed wait again.
        """
        if time.monotonic() - self._reaped >= REAP_SECONDS:
            self._notice_lost_redis()
            self._reap()
            self._reaped = time.monotonic()
        if not self._anything_due():
            return 0
        leased = self._lease()
        try:
            self._push(leased)
        except RedisError:
            self._put_back(leased)
            raise
        return len(leased)

    def _anything_due(self) -> bool:
        # Read-only first: on SQLite ten writing transactions a second would get in everybody's way.
        due = select(exists().where(Job.state == "pending", Job.not_before <= utcnow()))
        with self._database.unit_of_work(Scope.system(), write=False) as session:
            return bool(session.scalar(due))

    def _lease(self) -> list[Job]:
        leased: list[Job] = []
        with self._database.unit_of_work(Scope.system()) as session:
            counted = select(Job.queue, func.count()).where(Job.state == "dispatched").group_by(Job.queue)
            held: dict[str, int] = dict(session.execute(counted).all())
            for queue in QUEUES:
                room = HELD_PER_QUEUE - held.get(queue, 0)
                if room > 0:
                    due = select(Job).where(
                        Job.state == "pending", Job.not_before <= utcnow(), Job.queue == queue
                    )
                    due = due.order_by(Job.not_before, Job.id).limit(room)
                    leased += session.scalars(
                        due.with_for_update(skip_locked=True)
                    )  # SQLite: locked as a whole
            for job in leased:
                job.state = "dispatched"
                job.lease_until = utcnow() + self._dispatch_lease
        return leased

    def _push(self, leased: list[Job]) -> None:
        if not leased:
            return
        pipeline = self._redis.pipeline()
        for job in leased:
            self._queues[job.queue].enqueue_call(
                "workers.run.run",
                args=(str(job.id),),
                # Each push is a job of its own to RQ: were the id the same, the end of one run would delete what
                # another worker has just taken up. The row lets only one of them run.
                job_id=f"{job.id}-{secrets.token_hex(4)}",
                description=job.name,
                timeout=TIME_LIMITS[job.queue] + BACKSTOP_SECONDS,
                result_ttl=0,
                failure_ttl=60,
                pipeline=pipeline,
            )
        pipeline.execute()

    def _put_back(self, leased: list[Job]) -> None:
        with self._database.unit_of_work(Scope.system()) as session:
            mine = update(Job).where(Job.id.in_([job.id for job in leased]), Job.state == "dispatched")
            session.execute(mine.values(state="pending", lease_until=None))

    def _notice_lost_redis(self) -> None:
        if not self._redis.set(EPOCH_KEY, utcnow().isoformat(), nx=True):
            return
        with self._database.unit_of_work(Scope.system()) as session:
            lost = update(Job).where(Job.state == "dispatched").values(state="pending", lease_until=None)
            count = len(session.execute(lost.returning(Job.id)).all())
        if count:
            log.warning("redis.lost_its_data", jobs=count)

    def _reap(self) -> None:
        ran_out = Job.state.in_(("dispatched", "running")) & (Job.lease_until < utcnow())
        with self._database.unit_of_work(Scope.system(), write=False) as session:
            if not session.scalar(select(exists().where(ran_out))):
                return
        with self._database.unit_of_work(Scope.system()) as session:
            rows = session.scalars(
                select(Job).where(ran_out).limit(1000).with_for_update(skip_locked=True)
            ).all()
            for job in rows:
                log.warning(
                    "job.taken_back", job=job.public_id, name=job.name, state=job.state, attempt=job.attempts
                )
                if job.state == "running":
                    job.error = "The worker stopped in the middle of the job"
                final = job.state == "running" and job.attempts >= job.max_attempts
                job.state = "dead" if final else "pending"
                job.finished_at = utcnow() if final else None
                job.lease_until = None


def serve(relay: Relay, stop: threading.Event) -> None:
    """Step until `stop` is set; through absences of Redis and of the database, with one line each."""
    away = False
    while not stop.is_set():
        try:
            relay.step()
            if away:
                log.info("relay.back")
            away = False
        except (RedisError, OperationalError) as error:
            if not away:
                log.warning("relay.waits", error=f"{type(error).__name__}: {error}"[:300])
            away = True
        stop.wait(1.0 if away else PAUSE_SECONDS)


def main() -> None:
    """Relay with the environment's settings until SIGTERM or SIGINT."""
    die_with_parent()
    stop = stop_on_signals()
    settings = load_settings()
    logs.configure(settings, "relay")
    serve(Relay(Database(settings), connect(settings)), stop)


if __name__ == "__main__":
    main()
