"""/healthz, /readyz, /metrics, request ids and logs."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog
from flask.testing import FlaskClient

from tmpa.app import create_app
from tmpa.db import Database
from tmpa.kernel import logs
from tmpa.kernel.jobs import enqueue
from tmpa.kernel.scope import Scope
from tmpa.settings import Settings
from workers.embedded import EmbeddedRedis


@pytest.fixture
def whole(settings: Settings, redis_server: EmbeddedRedis) -> Settings:
    return settings.model_copy(update={"redis_url": redis_server.url})


@pytest.fixture
def client(whole: Settings) -> Iterator[FlaskClient]:
    app = create_app(whole)
    with app.test_client() as client:
        yield client
    app.extensions["tmpa"].database.dispose()


def test_ready_when_everything_is_there(client: FlaskClient) -> None:
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json) == (
        200,
        {"status": "ready", "checks": {"database": "ok", "redis": "ok", "objects": "ok"}},
    )


@pytest.mark.backends("sqlite")
def test_not_ready_without_redis_but_alive(settings: Settings) -> None:
    app = create_app(settings.model_copy(update={"redis_url": "redis://127.0.0.1:1/0"}))
    client = app.test_client()
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json["checks"] == {"database": "ok", "redis": "failed", "objects": "ok"}
    assert client.get("/healthz").status_code == 200
    app.extensions["tmpa"].database.dispose()


def test_metrics_count_jobs_and_requests(client: FlaskClient, database: Database) -> None:
    with database.unit_of_work(Scope.system()) as session:
        enqueue(session, "nothing", {}, queue="urgent")
    client.get("/healthz")
    text = client.get("/metrics").text
    assert 'tmpa_jobs{state="pending"} 1.0' in text
    assert 'tmpa_mails{state="uncertain"} 0.0' in text
    assert 'tmpa_oldest_due_job_seconds{queue="urgent"}' in text
    assert 'tmpa_requests_total{endpoint="health.healthz",status="200"} 1.0' in text


@pytest.mark.backends("sqlite")
@pytest.mark.parametrize(
    ("address", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("::1", {}, 200),
        ("198.51.100.7", {}, 404),
        ("127.0.0.1", {"X-Forwarded-For": "198.51.100.7"}, 404),
        ("198.51.100.7", {"X-Forwarded-For": "127.0.0.1"}, 404),
    ],
)
def test_metrics_without_a_token_are_for_this_machine(
    client: FlaskClient, address: str, headers: dict[str, str], status: int
) -> None:
    assert (
        client.get("/metrics", environ_base={"REMOTE_ADDR": address}, headers=headers).status_code == status
    )


@pytest.mark.backends("sqlite")
def test_metrics_with_a_token_want_it(whole: Settings) -> None:
    app = create_app(whole.model_copy(update={"metrics_token": "let-me-see", "trusted_proxies": 1}))
    client = app.test_client()
    assert client.get("/metrics").status_code == 404
    assert client.get("/metrics", headers={"Authorization": "Bearer wrong"}).status_code == 404
    assert client.get("/metrics", headers={"Authorization": "Bearer let-me-see"}).status_code == 200
    app.extensions["tmpa"].database.dispose()


@pytest.mark.backends("sqlite")
def test_a_request_keeps_its_id(client: FlaskClient) -> None:
    given = client.get("/healthz", headers={"X-Request-ID": "from-the-proxy-1"})
    assert given.headers["X-Request-ID"] == "from-the-proxy-1"
    forged = client.get("/healthz", headers={"X-Request-ID": "two words"})
    assert forged.headers["X-Request-ID"] != "two words" and len(forged.headers["X-Request-ID"]) == 32


def test_logs_are_json_without_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    try:
        logs.configure(Settings(env="test"), "portal")
        structlog.get_logger("t").info(
            "signed.in",
            user="a",
            password="x1y2z3",
            nested={"api_key": "x1y2z3"},
            url="postgresql://u:x1y2z3@h/db",
        )
        logging.getLogger("library").warning("from %s", "elsewhere")
        try:
            raise ValueError("broken")
        except ValueError:
            logging.getLogger("library").exception("failed")
    finally:
        root.handlers[:] = before
        root.setLevel(level)
        structlog.reset_defaults()
    first, second, third = (json.loads(line) for line in stream.getvalue().splitlines())
    assert "x1y2z3" not in stream.getvalue()
    assert (first["event"], first["process"], first["level"]) == ("signed.in", "portal", "info")
    assert second["event"] == "from elsewhere" and second["logger"] == "library"
    assert third["exception"][0]["exc_type"] == "ValueError"
