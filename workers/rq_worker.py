"""The job worker: an RQ worker that doesn't fork per job and is replaced before it grows old."""

from typing import Any

import structlog
from redis import Redis
from rq import SimpleWorker
from rq.serializers import JSONSerializer

from tmpa.kernel.http import Services
from workers import run
from workers.processes import die_with_parent, resident_megabytes
from workers.queues import rq_queues

JOBS_PER_LIFE = 20_000
RESIDENT_LIMIT_MB = 600
# RQ waits worker_ttl − 15 s for work and cleans up between waits; its default of 420 s leaves a dead worker on the
# list for seven minutes.
WORKER_TTL_SECONDS = 30

log = structlog.get_logger("worker")


class Worker(SimpleWorker):
    """Runs jobs in its own process, one after the other, until a limit of jobs or memory is reached.

    A fork per job costs 3–25 ms and throws away kept connections. What would be lost with the process is in the
    database, so a crash costs a lease, not a job.
    """

    def __init__(self, redis: Redis, **options: Any) -> None:
        super().__init__(
            list(rq_queues(redis).values()),
            connection=redis,
            serializer=JSONSerializer,
            worker_ttl=WORKER_TTL_SECONDS,
            maintenance_interval=60,
            default_result_ttl=0,
            log_job_description=False,
            **options,
        )
        self._jobs_done = 0

    def execute_job(self, job: Any, queue: Any) -> None:
        super().execute_job(job, queue)
        self._jobs_done += 1
        if self._jobs_done >= JOBS_PER_LIFE or resident_megabytes() > RESIDENT_LIMIT_MB:
            log.info("worker.retires", jobs=self._jobs_done, megabytes=resident_megabytes())
            self._stop_requested = True


def serve(services: Services, redis: Redis, jobs: run.Jobs) -> None:
    """Work until SIGTERM or SIGINT (the job in hand is finished first), or until the worker retires."""
    die_with_parent()
    run.install(run.Runner(services, jobs))
    Worker(redis).work(logging_level="WARNING")
