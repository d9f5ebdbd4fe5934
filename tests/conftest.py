"""Fixtures that every test may use: settings, databases of both kinds, servers, a browser.

A test that asks for `database` (or `settings`) runs on SQLite and on PostgreSQL; `@pytest.mark.backends("sqlite")`
limits it to what it names. Every test has its own database, a copy of one that was migrated once.
"""

import os
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.servers.databases import Backend, Templates
from tests.servers.s3 import S3Address, S3Server
from tests.servers.smtp import SmtpSink, start_sink
from tmpa.db import Database
from tmpa.settings import Settings
from workers.embedded import EmbeddedRedis

pytest_plugins = ["tests.servers.browser"]

BACKENDS: tuple[Backend, ...] = ("sqlite", "postgresql")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "backends(*names): the databases to run on: sqlite, postgresql (default both)"
    )
    config.addinivalue_line("markers", "network: may open sockets to other hosts than loopback (none so far)")
    for name in [name for name in os.environ if name.startswith("TMPA_")]:
        del os.environ[name]  # what a developer has exported must not change what the tests see


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "backend" in metafunc.fixturenames:
        marker = metafunc.definition.get_closest_marker("backends")
        metafunc.parametrize("backend", marker.args if marker else BACKENDS, indirect=True)


@pytest.fixture(autouse=True)
def _loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reaches another machine: a connection to one is a bug, in the code or in the test."""
    connect, connect_ex = socket.socket.connect, socket.socket.connect_ex

    def refuse_strangers(sock: socket.socket, address: Any) -> None:
        host = address[0] if isinstance(address, tuple) else ""
        if host and not (host in ("localhost", "::1") or host.startswith("127.")):
            raise RuntimeError(f"a test wanted to connect to {host}")

    def guarded(sock: socket.socket, address: Any) -> None:
        refuse_strangers(sock, address)
        connect(sock, address)

    def guarded_ex(sock: socket.socket, address: Any) -> int:
        refuse_strangers(sock, address)
        return connect_ex(sock, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)
    monkeypatch.setattr(socket.socket, "connect_ex", guarded_ex)


@pytest.fixture(autouse=True)
def _close_databases(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Close the pools that the test opened, apps' and services' included: a connection left to the garbage
    collector is a warning in whichever test runs then."""
    opened: list[Database] = []
    begin = Database.__init__

    def remember(self: Database, settings: Settings) -> None:
        begin(self, settings)
        opened.append(self)

    monkeypatch.setattr(Database, "__init__", remember)
    yield
    for each in opened:
        each.dispose()


@pytest.fixture(scope="session")
def databases() -> Iterator[Templates]:
    """Where fresh migrated databases come from, for tests that need more than one or start processes."""
    with tempfile.TemporaryDirectory(prefix="tmpa-db-") as folder:
        templates = Templates(Path(folder))
        yield templates
        templates.stop()


@pytest.fixture
def backend(request: pytest.FixtureRequest) -> Backend:
    """Which database the test runs on."""
    name: Backend = request.param
    return name


@pytest.fixture
def database_url(backend: Backend, databases: Templates) -> Iterator[str]:
    """The address of this test's own migrated database."""
    address = databases.fresh(backend)
    yield address
    databases.drop(address)


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """Settings of a test installation: its own folder and database, cheap password hashing."""
    return Settings(
        env="test",
        var_dir=tmp_path / "var",
        database_url=database_url,
        secret_keys="test-secret-of-at-least-32-characters",
        fast_passwords=True,
        settle_seconds=0,
    )


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    """This test's database; what it commits is gone with the test."""
    opened = Database(settings)
    yield opened
    opened.dispose()


@pytest.fixture(scope="session")
def _redis() -> Iterator[EmbeddedRedis]:
    with tempfile.TemporaryDirectory(prefix="tmpa-redis-") as folder:
        server = EmbeddedRedis(Path(folder) / "server.sock")
        server.start()
        yield server
        server.stop()


@pytest.fixture
def redis_server(_redis: EmbeddedRedis) -> EmbeddedRedis:
    """A real Valkey server, empty when the test begins; `.url` is for TMPA_REDIS_URL."""
    client = redis_client(_redis.url)
    client.flushall()
    client.close()
    return _redis


def redis_client(url: str) -> Any:
    """A redis-py client for `url`."""
    return redis.Redis.from_url(url)


@pytest.fixture(scope="session")
def _s3_servers() -> Iterator[dict[str, S3Server]]:
    servers: dict[str, S3Server] = {}
    yield servers
    for server in servers.values():
        server.stop()


@pytest.fixture(params=["moto", "rclone"])
def s3_server(
    request: pytest.FixtureRequest, _s3_servers: dict[str, S3Server], monkeypatch: pytest.MonkeyPatch
) -> S3Address:
    """An S3 server with a bucket; runs the test on both, with the AWS_… variables set."""
    if request.param not in _s3_servers:
        server = S3Server(request.param)
        server.start()
        _s3_servers[request.param] = server
    address = _s3_servers[request.param].address
    for name, value in address.environ.items():
        monkeypatch.setenv(name, value)
    return address


@pytest.fixture(scope="session")
def _smtp_sink() -> Iterator[SmtpSink]:
    sink, controller = start_sink()
    yield sink
    controller.stop()


@pytest.fixture
def smtp_sink(_smtp_sink: SmtpSink) -> SmtpSink:
    """A real SMTP server that records what it is sent; `.url` is for TMPA_MAIL_URL."""
    _smtp_sink.clear()
    return _smtp_sink
