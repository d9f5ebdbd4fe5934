"""Is it up, is it ready, how does it do: /healthz, /readyz, /metrics."""

import ipaddress
import secrets
import time
from collections.abc import Callable, Iterator

import redis
import structlog
from botocore.exceptions import BotoCoreError, ClientError
from flask import Blueprint, Flask, Response, current_app, g, jsonify, request
from flask.typing import ResponseReturnValue
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.exc import SQLAlchemyError

from tmpa.kernel import logs
from tmpa.kernel.clock import utcnow
from tmpa.kernel.errors import NotFound
from tmpa.kernel.http import PUBLIC, Services, route, services
from tmpa.kernel.jobs import QUEUES
from tmpa.kernel.models import JOB_STATES, Job
from tmpa.kernel.scope import Scope
from tmpa.migrations.run import is_current
from tmpa.sending.models import STATES as MAIL_STATES
from tmpa.sending.models import Recipient

blueprint = Blueprint("health", __name__)
log = structlog.get_logger("health")

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2.5, 5, 10)


class Meters:
    """The figures of one process: its requests, counted as they end, and the installation's, asked when scraped."""

    def __init__(self, shared: Services) -> None:
        self.registry = CollectorRegistry()
        self.seconds = Histogram(
            "tmpa_request_seconds",
            "Time to answer a request, by view.",
            ["endpoint", "method"],
            buckets=BUCKETS,
            registry=self.registry,
        )
        self.answers = Counter(
            "tmpa_requests", "Requests by view and status.", ["endpoint", "status"], registry=self.registry
        )
        self.registry.register(InstallationCollector(shared))


class InstallationCollector(Collector):
    """Jobs, mails and spools, read from the database and the folder when somebody asks."""

    def __init__(self, shared: Services) -> None:
        self._shared = shared

    def describe(self) -> list[Metric]:
        """Nothing is asked when the collector is registered."""
        return []

    def collect(self) -> Iterator[Metric]:
        """The gauges; states without rows are there with 0, so that alerts can tell nothing from missing."""
        jobs = GaugeMetricFamily("tmpa_jobs", "Jobs by state.", labels=["state"])
        mails = GaugeMetricFamily("tmpa_mails", "Recipients by state of their mail.", labels=["state"])
        age = GaugeMetricFamily(
            "tmpa_oldest_due_job_seconds",
            "Age of the oldest job that should have left, by queue.",
            labels=["queue"],
        )
        with self._shared.database.unit_of_work(Scope.system(), write=False) as session:
            counted = dict(session.execute(select(Job.state, func.count()).group_by(Job.state)).all())
            sent = dict(
                session.execute(select(Recipient.state, func.count()).group_by(Recipient.state)).all()
            )
            now = utcnow()
            waiting: ColumnElement[bool] = Job.state.in_(("pending", "dispatched")) & (Job.not_before <= now)
            oldest = dict(
                session.execute(
                    select(Job.queue, func.min(Job.not_before)).where(waiting).group_by(Job.queue)
                ).all()
            )
        for state in JOB_STATES:
            jobs.add_metric([state], counted.get(state, 0))
        for state in MAIL_STATES:
            mails.add_metric([state], sent.get(state, 0))
        for queue in QUEUES:
            age.add_metric([queue], (now - oldest[queue]).total_seconds() if queue in oldest else 0)
        yield from (jobs, mails, age)
        yield from self._spools()

    def _spools(self) -> Iterator[Metric]:
        spool = self._shared.settings.var_dir / "spool"
        sizes, stamps = [], []
        for path in spool.glob("*") if spool.is_dir() else ():
            try:
                found = path.stat()
            except FileNotFoundError:  # drained in this very moment
                continue
            if path.is_file() and found.st_size:
                sizes.append(found.st_size)
                stamps.append(found.st_mtime)
        yield GaugeMetricFamily(
            "tmpa_spool_bytes", "Tracking events not yet drained, bytes.", value=sum(sizes)
        )
        lag = max(0.0, time.time() - min(stamps)) if stamps else 0
        yield GaugeMetricFamily(
            "tmpa_spool_lag_seconds", "Age of the oldest spool file with events.", value=lag
        )


def install(app: Flask, shared: Services) -> None:
    """Give every request an id and a place in the metrics."""
    meters = Meters(shared)
    app.extensions["tmpa.meters"] = meters

    def begin() -> None:
        g.begun = time.perf_counter()
        g.request_id = logs.request_id(request.headers.get("X-Request-ID"))
        logs.bind_request(g.request_id, request.method, request.path)

    def end(response: Response) -> Response:
        endpoint = request.endpoint or "none"  # never the path: that would be a series for each id
        if "begun" in g:
            meters.seconds.labels(endpoint, request.method).observe(time.perf_counter() - g.begun)
            response.headers["X-Request-ID"] = g.request_id
        meters.answers.labels(endpoint, str(response.status_code)).inc()
        return response

    app.before_request_funcs.setdefault(None, []).insert(0, begin)
    app.after_request(end)


@route(blueprint, "/healthz", PUBLIC)
def healthz() -> ResponseReturnValue:
    """The process answers. Nothing else is asked: a database that is away is no reason to restart it."""
    return jsonify(status="ok")


@route(blueprint, "/readyz", PUBLIC)
def readyz() -> ResponseReturnValue:
    """Everything that a request needs is there: database at the newest revision, Redis, object store."""
    shared = services()
    found = {name: _holds(name, check, shared) for name, check in CHECKS.items()}
    ready = all(found.values())
    checks = {name: "ok" if held else "failed" for name, held in found.items()}
    return jsonify(status="ready" if ready else "not ready", checks=checks), 200 if ready else 503


def _database(shared: Services) -> bool:
    return is_current(shared.database)


def _redis(shared: Services) -> bool:
    client = redis.Redis.from_url(shared.settings.redis_address, socket_timeout=2, socket_connect_timeout=2)
    try:
        return bool(client.ping())
    finally:
        client.close()


def _store(shared: Services) -> bool:
    shared.store.exists("readyz")
    return True


CHECKS: dict[str, Callable[[Services], bool]] = {"database": _database, "redis": _redis, "objects": _store}
_AWAY = (SQLAlchemyError, redis.RedisError, BotoCoreError, ClientError, OSError)


def _holds(name: str, check: Callable[[Services], bool], shared: Services) -> bool:
    try:
        return check(shared)
    except _AWAY as error:
        log.warning("not ready", check=name, error=f"{type(error).__name__}: {error}"[:300])
        return False


@route(blueprint, "/metrics", PUBLIC)
def metrics() -> ResponseReturnValue:
    """Prometheus figures, for whoever shows TMPA_METRICS_TOKEN; without one set, for this machine only."""
    if not _may_scrape():
        raise NotFound
    meters: Meters = current_app.extensions["tmpa.meters"]
    return Response(generate_latest(meters.registry), content_type=CONTENT_TYPE_LATEST)


def _may_scrape() -> bool:
    token = services().settings.metrics_token
    if token:
        return secrets.compare_digest(
            request.headers.get("Authorization", "").encode(), f"Bearer {token}".encode()
        )
    # What a proxy on this machine passes on comes from elsewhere: only a direct connection counts as loopback.
    original = (
        request.environ.get("werkzeug.proxy_fix.orig", {}).get("REMOTE_ADDR") or request.remote_addr or ""
    )
    if "X-Forwarded-For" in request.headers or "Forwarded" in request.headers:
        return False
    try:
        return ipaddress.ip_address(original).is_loopback
    except ValueError:  # a Unix socket has no address: only a local proxy speaks over it
        return False
