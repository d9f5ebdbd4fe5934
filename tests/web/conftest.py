"""The portal's app on a fresh database, and browsers that are signed in to it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from lxml import html

from tests.factories.accounts import PASSWORD
from tmpa.app import create_app, open_services
from tmpa.kernel.http import Services
from tmpa.settings import Settings
from workers.embedded import EmbeddedRedis

SignIn = Callable[[str], "Browser"]


class Browser:
    """A client that keeps cookies and sends each form with the token that its page carries."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def get(self, path: str, **options: Any) -> Any:
        """Fetch a page."""
        return self.client.get(path, **options)

    def token(self, path: str = "/") -> str:
        """The CSRF token of a page."""
        found = html.document_fromstring(self.client.get(path, follow_redirects=True).text)
        return str(found.xpath("//meta[@name='csrf-token']/@content")[0])

    def post(self, path: str, data: dict[str, Any] | None = None, page: str = "/", **options: Any) -> Any:
        """Send a form with the token of `page`."""
        return self.client.post(path, data={"csrf_token": self.token(page), **(data or {})}, **options)


@pytest.fixture
def web_settings(settings: Settings, redis_server: EmbeddedRedis) -> Settings:
    """The test's settings with a real queue."""
    return settings.model_copy(update={"redis_url": redis_server.url})


@pytest.fixture
def services(web_settings: Settings) -> Iterator[Services]:
    """What the app and the test share: database, store, signer."""
    opened = open_services(web_settings)
    yield opened
    opened.database.dispose()


@pytest.fixture
def app(web_settings: Settings, services: Services) -> Flask:
    """The portal."""
    return create_app(web_settings, services)


@pytest.fixture
def anybody(app: Flask) -> Browser:
    """Somebody who isn't signed in."""
    return Browser(app.test_client())


@pytest.fixture
def sign_in(app: Flask) -> SignIn:
    """Sign in by address, with the factories' password; the browser."""

    def enter(email: str) -> Browser:
        browser = Browser(app.test_client())
        answer = browser.post("/sign-in", {"email": email, "password": PASSWORD}, page="/sign-in")
        assert answer.status_code == 303, answer.text
        return browser

    return enter
