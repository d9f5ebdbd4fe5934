"""The demo's inbox shows what was sent, as a mail program would, and nothing of it runs."""

from collections.abc import Iterator
from email.message import EmailMessage

import pytest
from flask.testing import FlaskClient

from tests.factories.sending import services
from tmpa.db import Database
from tmpa.sending.transports.inbox import deliver, inbox_dir
from tmpa.settings import Settings
from tmpa.web.inbox.app import create_inbox

pytestmark = pytest.mark.backends("sqlite")


@pytest.fixture
def client(settings: Settings, database: Database) -> Iterator[FlaskClient]:
    app = create_inbox(services(settings, database))
    app.config["WTF_CSRF_ENABLED"] = False
    yield app.test_client()


def put(settings: Settings, subject: str, to: str = "anna@a.example", html: str = "<p>Grüß Gott</p>") -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "Ада <ada@b.example>", to, subject
    mail.set_content("Grüß Gott, als Text")
    mail.add_alternative(f"<html><head></head><body>{html}</body></html>", subtype="html")
    deliver(inbox_dir(settings), mail.as_bytes(), "no-reply@tmpa.example", to)


def test_empty(client: FlaskClient) -> None:
    page = client.get("/")
    assert page.status_code == 200 and "No mails yet" in page.text


def test_list_and_reader(client: FlaskClient, settings: Settings) -> None:
    put(settings, "First <b>")
    put(settings, "مرحبا", "ben@a.example")
    page = client.get("/").text
    assert page.index("مرحبا") < page.index("First &lt;b&gt;")
    assert "Grüß Gott, als Text" in page and "ben@a.example" in page and "Return-Path" in page
    found = client.get("/?search=ANNA").text
    assert "First" in found and "مرحبا" not in found
    assert (
        "First" in client.get("/?search=first").text
        and "No mail matches" in client.get("/?search=nobody").text
    )


def test_the_mail_is_caged(client: FlaskClient, settings: Settings) -> None:
    put(settings, "Evil", html="<script>alert(1)</script>")
    key = next((inbox_dir(settings) / "new").iterdir()).name
    answer = client.get(f"/mails/{key}/html")
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "sandbox" in policy and "allow-scripts" not in policy
    assert '<base target="_blank">' in answer.text
    assert client.get("/mails/1.1.nothing/html").status_code == 404
    assert client.get("/mails/..%2F..%2Fsecret-key/source").status_code == 404
    assert "attachment" in client.get(f"/mails/{key}/source").headers["Content-Disposition"]


def test_deleting_all(client: FlaskClient, settings: Settings) -> None:
    put(settings, "One")
    put(settings, "Two")
    assert client.get("/delete").status_code == 405
    assert client.post("/delete").status_code == 303
    assert "2 mails deleted" in client.get("/").text and "No mails yet" in client.get("/").text


def test_deleting_needs_the_page(settings: Settings, database: Database) -> None:
    put(settings, "One")
    assert create_inbox(services(settings, database)).test_client().post("/delete").status_code == 400
    assert list((inbox_dir(settings) / "new").iterdir())
