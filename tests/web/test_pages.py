"""Published pages, signed objects and the engagement page over HTTP."""

from urllib.parse import urlsplit

import pytest

from tests.factories.engagement import Audience, audience
from tests.web.conftest import Browser, SignIn
from tmpa.engagement.drain import drain_once
from tmpa.kernel.http import Services
from tmpa.kernel.ids import public
from tmpa.pages.html import notice_document

pytestmark = pytest.mark.backends("sqlite")

PAGE = b"<!doctype html><html lang='de'><head></head><body>Hallo</body></html>"


@pytest.fixture
def published(services: Services) -> Services:
    store = services.store
    store.put("pages/spring/locales.json", b'["ar", "de", "en"]', "application/json")
    store.put("pages/spring/de/index.html", PAGE, "text/html", "short")
    store.put("pages/spring/de/thanks/index.html", b"<p>Danke", "text/html", "short")
    gone = notice_document("en", "Gone", "", "", None, gone=True).encode()
    store.put("pages/spring/en/index.html", gone, "text/html", "short")
    return services


def test_a_page_is_what_was_published_under_a_strict_policy(published: Services, anybody: Browser) -> None:
    answer = anybody.get("/p/spring/de/?r=abc")
    assert answer.status_code == 200 and answer.data == PAGE
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "script-src 'sha256-" in policy and "unsafe-eval" not in policy
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Cache-Control"] == "public, max-age=60"
    again = anybody.get("/p/spring/de/", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
    assert anybody.get("/p/spring/de").status_code == 308
    assert anybody.get("/p/spring/de/thanks/").data == b"<p>Danke"


@pytest.mark.parametrize(
    ("wanted", "locale"),
    [("de-AT,de;q=0.9", "de"), ("ar", "ar"), ("pt", "en"), ("", "en"), ("fr;q=0.1,de;q=0.2", "de")],
)
def test_the_browser_chooses_the_language(
    published: Services, anybody: Browser, wanted: str, locale: str
) -> None:
    answer = anybody.get("/p/spring/?r=1&x=2", headers={"Accept-Language": wanted})
    assert answer.status_code == 302 and answer.headers["Location"].endswith(f"/p/spring/{locale}/?r=1&x=2")
    assert "Accept-Language" in answer.headers["Vary"]


def test_withdrawn_and_unknown_pages(published: Services, anybody: Browser) -> None:
    assert anybody.get("/p/spring/en/").status_code == 410
    for path in ("/p/none/", "/p/none/de/", "/p/spring/fr/", "/p/spring/..%2f..%2fsecret-key/", "/p/SPRING/de/",
                 "/p/assets/", "/p/spring/locales.json/"):  # fmt: skip
        answer = anybody.get(path, headers={"Accept-Language": "de"})
        assert answer.status_code == 404, path
    assert 'lang="de"' in anybody.get("/p/none/de/", headers={"Accept-Language": "de"}).text


def test_objects_are_read_only_under_their_signed_address(services: Services, anybody: Browser) -> None:
    services.store.put("private/report.html", b"<script>alert(1)</script>", "text/html")
    services.store.put("private/logo.png", b"\x89PNG", "image/png")
    address = urlsplit(services.store.url("private/report.html", 60))
    answer = anybody.get(f"{address.path}?{address.query}")
    assert answer.status_code == 200 and answer.headers["Content-Disposition"] == "attachment"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    shown = urlsplit(services.store.url("private/logo.png", 60))
    assert "Content-Disposition" not in anybody.get(f"{shown.path}?{shown.query}").headers
    expired = urlsplit(services.store.url("private/report.html", -1))
    for path in (
        address.path,
        f"{address.path}?{address.query}x",
        f"{address.path}?{address.query.replace('until=', 'until=9')}",
        f"{shown.path}?{address.query}",
        f"{expired.path}?{expired.query}",
        f"/objects/../secret-key?{address.query}",
        "/objects/x?until=9999999999&mac=é",
    ):
        assert anybody.get(path).status_code == 404, path


@pytest.fixture
def mailed(services: Services) -> Audience:
    return audience(services)


def test_every_event_shows_its_verdict_and_reason(mailed: Audience, sign_in: SignIn) -> None:
    path = f"/campaigns/{public('cmp', mailed.programme.campaign_id)}/engagement"
    partner = sign_in(mailed.programme.partner.email)
    assert "Nothing yet" in partner.get(path).text
    mailed.write(
        [
            mailed.line("click", mailed.recipients[0], 900, l=2),
            mailed.line("click", mailed.recipients[1], 1, l=1),
        ]
    )
    drain_once(mailed.context, mailed.spool)
    text = partner.get(path).text
    for words in ("Nothing speaks for a machine.", "Within 5 seconds of delivery.", "person0@north.example",
                  "Clicked link 2", "Link 1 in “announcement”"):  # fmt: skip
        assert words in text, words
    machine = partner.get(f"{path}?verdict=machine").text
    assert "person1@north.example" in machine and "person0@north.example" not in machine
    assert "Nothing matches." in partner.get(f"{path}?kind=opened").text
    assert partner.get(f"{path}?page=99&verdict=x").status_code == 200


def test_only_the_partner_sees_who(mailed: Audience, sign_in: SignIn, anybody: Browser) -> None:
    path = f"/campaigns/{public('cmp', mailed.programme.campaign_id)}/engagement"
    assert anybody.get(path).status_code == 303
    assert sign_in(mailed.programme.vendor.email).get(path).status_code == 404
    assert sign_in(mailed.programme.rival.email).get(path).status_code == 404
