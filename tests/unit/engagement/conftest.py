"""The intake as a WSGI app that is called directly, and a programme whose mails and pages it serves."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.factories.engagement import Audience, audience, open_context
from tmpa.db import Database
from tmpa.engagement.intake import Intake, create_intake
from tmpa.kernel.signing import Signer
from tmpa.settings import Settings
from workers.jobs import wire

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0"


@dataclass
class Answered:
    """An answer of the intake."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


class Caller:
    """Sends requests to the intake without a network."""

    def __init__(self, app: Intake) -> None:
        self.app = app

    def __call__(self, method: str, path: str, query: str = "", body: bytes = b"", address: str = "203.0.113.7",
                 **headers: str) -> Answered:  # fmt: skip
        environ = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REMOTE_ADDR": address,
            "CONTENT_LENGTH": str(len(body)) if body else "",
            "HTTP_USER_AGENT": BROWSER,
            "wsgi.input": io.BytesIO(body),
            **{f"HTTP_{name.upper()}": value for name, value in headers.items()},
        }
        seen: list[tuple[str, list[tuple[str, str]]]] = []
        chunks = self.app(environ, lambda status, found, _info=None: seen.append((status, found)))  # type: ignore[arg-type,return-value]
        status, found = seen[0]
        return Answered(int(status[:3]), dict(found), b"".join(chunks))

    def follow(self, url: str, method: str = "GET", **headers: str) -> Answered:
        """Ask for a whole address."""
        rest = url.split("/", 3)[3]
        path, _mark, query = rest.partition("?")
        return self(method, f"/{path}", query, **headers)

    def send(self, path: str, fields: dict[str, str]) -> Answered:
        """Send a form."""
        return self("POST", path, body=urlencode(fields).encode())


@pytest.fixture
def plain_settings(tmp_path: Path) -> Settings:
    """Settings of an intake with nothing behind it."""
    return Settings(env="test", var_dir=tmp_path / "var", secret_keys="test-secret-of-at-least-32-characters")


@pytest.fixture
def signer(plain_settings: Settings) -> Signer:
    return Signer(plain_settings.secrets)


@pytest.fixture
def intake(plain_settings: Settings) -> Iterator[Caller]:
    app = create_intake(plain_settings)
    yield Caller(app)
    app.spool.close()


@pytest.fixture
def mailed(settings: Settings, database: Database) -> Audience:
    """A running campaign with three people who got its first mail an hour ago."""
    wire()
    return audience(open_context(settings, database))
