"""How this project uses RQ: JSON only, no results, queues in order of urgency, a time limit for each queue."""

from redis import Redis
from rq import Queue as RqQueue
from rq.serializers import JSONSerializer

from tmpa.kernel.jobs import QUEUES
from tmpa.settings import Settings

TIME_LIMITS: dict[str, int] = {"urgent": 60, "default": 300, "events": 300, "batch": 900}
"""Seconds a job of each queue may run before it is stopped and counted as failed."""


def connect(settings: Settings) -> Redis:
    """A client of the settings' Redis; opened on first use, reconnects by itself."""
    return Redis.from_url(settings.redis_address, health_check_interval=30)


def rq_queues(redis: Redis) -> dict[str, RqQueue]:
    """The RQ queue of each of our queue names, most urgent first."""
    return {name: RqQueue(name, connection=redis, serializer=JSONSerializer) for name in QUEUES}
