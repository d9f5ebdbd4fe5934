"""The portal under attack: forged forms, stolen and fixed sessions, markup in names, foreign hosts, floods."""

import base64
import io
import json
import zlib
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from lxml import html
from sqlalchemy import select
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from tests.factories.accounts import PASSWORD, member, organization, partnership
from tests.factories.world import World, make_world
from tests.web.conftest import Browser, SignIn
from tests.web.test_routes import KIT, methods, paths, permission_of, rules
from tmpa.accounts import passwords, service
from tmpa.accounts.models import OutgoingMail, User
from tmpa.accounts.models import SignIn as SignInRow
from tmpa.app import create_app, open_services
from tmpa.audiences.models import ContactImport
from tmpa.kernel.http import PUBLIC, Services, safe_next
from tmpa.kernel.permissions import Role
from tmpa.kernel.scope import Scope
from tmpa.kits.service import publish
from tmpa.kits.source import read_folder
from tmpa.settings import Settings

pytestmark = pytest.mark.backends("sqlite")
SYSTEM = Scope.system()


@pytest.fixture
def vera(services: Services) -> str:
    """A vendor's administrator."""
    vendor = organization(services.database, "vendor", "Vendor")
    return member(
        services.database, services.settings, vendor, Role.VENDOR_ADMIN, "vera@vendor.example"
    ).email


@pytest.fixture
def paula(services: Services) -> str:
    """A partner's administrator."""
    vendor = organization(services.database, "vendor", "Paula's vendor")
    partner = organization(services.database, "partner", "Partner")
    partnership(services.database, vendor, partner)
    return member(
        services.database, services.settings, partner, Role.PARTNER_ADMIN, "paula@partner.example", (vendor,)
    ).email


def cookie_of(browser: Browser, name: str = "tmpa") -> str:
    found = browser.client.get_cookie(name)
    assert found is not None
    return str(found.value)


def contents(cookie: str) -> dict[str, Any]:
    """What anybody can read in the session's cookie (it is signed, not secret)."""
    payload = cookie.lstrip(".").split(".")[0]
    data = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
    found: dict[str, Any] = json.loads(zlib.decompress(data) if cookie.startswith(".") else data)
    return found


# Forged forms


def test_a_token_is_of_its_own_session(vera: str, sign_in: SignIn, anybody: Browser) -> None:
    mine = sign_in(vera)
    for token in (anybody.token("/sign-in"), "x", "", mine.token("/people")[:-1]):
        answer = mine.client.post("/people/invite", data={"csrf_token": token, "email": "x@y.example"})
        assert answer.status_code == 400
        assert "The form had been open for too long" in answer.text


def test_no_other_content_type_gets_around_the_token(vera: str, sign_in: SignIn) -> None:
    browser = sign_in(vera)
    for options in (
        {"json": {"email": "x@y.example"}},
        {"data": "email=x@y.example", "content_type": "text/plain"},
        {"data": b"", "headers": {"X-HTTP-Method-Override": "POST"}},
    ):
        assert browser.client.post("/people/invite", **options).status_code == 400
    assert browser.client.get("/people/invite").status_code == 405


# Sessions


def test_a_session_set_before_signing_in_is_worth_nothing(vera: str, anybody: Browser, app: Flask) -> None:
    anybody.token("/sign-in")
    planted = cookie_of(anybody)
    anybody.post("/sign-in", {"email": vera, "password": PASSWORD}, page="/sign-in")
    attacker = app.test_client()
    attacker.set_cookie("tmpa", planted)
    assert attacker.get("/people").status_code == 303
    assert anybody.get("/people").status_code == 200


def test_a_cookie_is_dead_after_signing_out(vera: str, sign_in: SignIn, app: Flask) -> None:
    browser = sign_in(vera)
    stolen = cookie_of(browser)
    thief = app.test_client()
    thief.set_cookie("tmpa", stolen)
    assert thief.get("/people").status_code == 200
    browser.post("/sign-out", page="/people")
    assert thief.get("/people").status_code == 303


def test_switching_organizations_makes_a_new_sign_in(
    services: Services, vera: str, sign_in: SignIn, app: Flask
) -> None:
    other = organization(services.database, "vendor", "Other")
    member(services.database, services.settings, other, Role.VENDOR_ADMIN, vera)
    browser = sign_in(vera)
    before = cookie_of(browser)
    with services.database.unit_of_work(SYSTEM, write=False) as session:
        target = next(
            m.organization.public_id
            for m in session.scalars(select(User)).one().memberships
            if m.organization_id == other
        )
    assert "Vendor" in browser.get("/people").text
    assert browser.post("/switch", {"organization": target}, page="/people").status_code == 303
    assert "Who works for Other here" in browser.get("/people").text
    thief = app.test_client()
    thief.set_cookie("tmpa", before)
    assert thief.get("/people").status_code == 303


def test_nobody_switches_to_an_organization_that_is_not_theirs(
    services: Services, vera: str, sign_in: SignIn
) -> None:
    other = organization(services.database, "vendor", "Other")
    browser = sign_in(vera)
    with services.database.unit_of_work(SYSTEM, write=False) as session:
        from_other = session.get_one(
            type(session.scalars(select(User)).one().memberships[0].organization), other
        )
        target = from_other.public_id
    for wanted in (target, "org_" + "0" * 26, "", "x\x00"):
        assert browser.post("/switch", {"organization": wanted}, page="/people").status_code in (400, 404)
    assert "Who works for Vendor here" in browser.get("/people").text


def test_somebody_removed_from_everywhere_sees_nothing_and_breaks_nothing(
    services: Services, vera: str, sign_in: SignIn
) -> None:
    browser = sign_in(vera)
    with services.database.unit_of_work(SYSTEM) as session:
        for membership in session.scalars(select(User)).one().memberships:
            session.delete(membership)
    for path in ("/", "/people", "/kits", "/partners", "/funds"):
        answer = browser.get(path)
        assert answer.status_code in (200, 404) and "Vendor" not in answer.text, path


def test_a_forged_cookie_is_nobody(app: Flask, vera: str, sign_in: SignIn) -> None:
    real = cookie_of(sign_in(vera))
    for value in (
        "x",
        "",
        "." * 500,
        real[:-2] + "xx",
        base64.urlsafe_b64encode(b'{"sign_in":"x"}').decode(),
        "é",
    ):
        client = app.test_client()
        client.set_cookie("tmpa", value)
        assert client.get("/people").status_code == 303


def test_the_cookie_holds_no_more_than_it_must(vera: str, sign_in: SignIn, anybody: Browser) -> None:
    anybody.post("/sign-in", {"email": vera, "password": "a wrong password"}, page="/sign-in")
    assert set(contents(cookie_of(anybody))) <= {"csrf_token", "language", "theme"}
    found = contents(cookie_of(sign_in(vera)))
    assert set(found) <= {"sign_in", "csrf_token", "_permanent", "flashes", "language", "theme"}
    assert vera not in json.dumps(found) and PASSWORD not in json.dumps(found)


def test_the_database_holds_no_secret_that_signs_in(services: Services, vera: str, sign_in: SignIn) -> None:
    secret = contents(cookie_of(sign_in(vera)))["sign_in"]
    with services.database.unit_of_work(SYSTEM, write=False) as session:
        assert secret not in {row.secret_hash for row in session.scalars(select(SignInRow))}


def test_over_tls_the_cookie_stays_there(web_settings: Settings) -> None:
    settings = web_settings.model_copy(update={"portal_url": "https://portal.example.com"})
    shared = open_services(settings)
    try:
        client = create_app(settings, shared).test_client()
        answer = client.get("/sign-in", base_url="https://portal.example.com")
    finally:
        shared.database.dispose()
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-tmpa=")
    assert all(flag in cookie for flag in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"))
    assert "Domain" not in cookie
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=31536000")


# Hosts, redirects, headers


def test_links_in_mails_lead_to_the_set_address_whatever_host_was_asked(
    services: Services, vera: str, anybody: Browser
) -> None:
    there = "http://evil.example"
    headers = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"}
    page = html.document_fromstring(anybody.get("/reset", base_url=there, headers=headers).text)
    token = page.xpath("//meta[@name='csrf-token']/@content")[0]
    answer = anybody.client.post(
        "/reset", data={"csrf_token": token, "email": vera}, base_url=there, headers=headers
    )
    assert answer.status_code == 200 and "evil.example" not in answer.text
    with services.database.unit_of_work(SYSTEM, write=False) as session:
        mail = session.scalars(select(OutgoingMail)).one()
    assert "evil.example" not in mail.text + mail.html
    assert services.settings.portal_url in mail.text


ELSEWHERE = (
    "//evil.example", "https://evil.example", "http:evil.example", "/\\evil.example", "\\\\evil.example",
    "/\t/evil.example",
    "/\n/evil.example", "///evil.example", "javascript:alert(1)", " //evil.example", "\x00//evil.example",
    "evil.example",
    "//evil.example/..", "https:/evil.example", "/\r\nSet-Cookie: x=y", "//[::1", "/%0d%0aX: y\r\n",
)  # fmt: skip


@pytest.mark.parametrize("target", ELSEWHERE)
def test_no_address_leads_out_of_the_portal(target: str, vera: str, anybody: Browser) -> None:
    found = safe_next(target)
    assert found is None or (found.startswith("/") and not found.startswith("//"))
    assert not any(letter in (found or "") for letter in "\r\n\t\\")
    answer = anybody.client.post(
        "/sign-in",
        query_string={"next": target},
        data={"csrf_token": anybody.token("/sign-in"), "email": vera, "password": PASSWORD},
    )
    if answer.status_code == 400:  # a NUL in it
        return
    assert answer.headers["Location"] in ("/", found)
    assert "X" not in answer.headers


def test_addresses_of_the_portal_are_kept_through_signing_in(vera: str, anybody: Browser) -> None:
    asked = anybody.get("/people?q=a%26b")
    page = asked.headers["Location"]
    answer = anybody.client.post(
        page, data={"csrf_token": anybody.token(page), "email": vera, "password": PASSWORD}
    )
    assert answer.headers["Location"] == "/people?q=a%26b"


def test_preferences_return_to_our_own_pages_only(vera: str, sign_in: SignIn) -> None:
    browser = sign_in(vera)
    token = browser.token("/people")
    for referrer, back in (
        ("http://localhost/people?x=1", "/people?x=1"),
        ("http://evil.example/people", "/"),
        ("http://localhost.evil.example/people", "/"),
        ("http://localhost//evil.example", "/"),
        ("javascript:alert(1)", "/"),
    ):
        answer = browser.client.post(
            "/preferences", data={"csrf_token": token, "theme": "dark"}, headers={"Referer": referrer}
        )
        assert answer.headers["Location"] == back, referrer


def test_every_answer_carries_its_headers(services: Services, app: Flask, vera: str, sign_in: SignIn) -> None:
    browser = sign_in(vera)
    for path in (
        "/people",
        "/sign-in",
        "/nothing-here",
        "/people/invite",
        "/kits",
        "/assets/none.css",
        "/reset/x/y",
    ):
        answer = browser.get(path)
        policy = answer.headers["Content-Security-Policy"]
        for rule in ("default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"):
            assert rule in policy, path
        assert "unsafe" not in policy and "*" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        if answer.mimetype == "text/html":
            assert answer.headers["Cache-Control"] == "no-store"
    policies = {browser.get("/people").headers["Content-Security-Policy"] for _ in range(3)}
    assert len(policies) == 3  # a nonce is used once


def test_files_are_served_from_their_folders_only(services: Services, anybody: Browser) -> None:
    services.store.put("imports/secret.csv", b"secret", "text/csv")
    for path in (
        "/assets/../app.py", "/assets/%2e%2e/%2e%2e/pyproject.toml", "/assets//etc/passwd", "/assets/..%5c..%5cx",
        "/objects/imports/secret.csv", "/objects/imports/secret.csv?until=9999999999&mac=AAAA", "/objects/../x",
        "/objects/%2e%2e/%2e%2e/etc/passwd?until=9999999999&mac=AAAA", "/p/../imports/", "/p/assets/..%2f..%2fx",
        "/p/x/../../imports/secret.csv/", "/p/%2e%2e/en/",
    ):  # fmt: skip
        answer = anybody.get(path)
        assert answer.status_code in (400, 404, 308), path
        assert "secret" not in answer.text.replace(path, "")
    address = services.store.url("imports/secret.csv").removeprefix(services.settings.portal_url)
    answer = anybody.get(address)
    assert answer.status_code == 200 and answer.headers["Content-Disposition"] == "attachment"
    assert "sandbox" in answer.headers["Content-Security-Policy"]


def test_uploaded_markup_is_never_a_page_of_ours(services: Services, anybody: Browser) -> None:
    for name in ("x.html", "x.svg", "x.xml", "x.js"):
        services.store.put(name, b"<script>alert(1)</script>", "text/html")
        answer = anybody.get(services.store.url(name).removeprefix(services.settings.portal_url))
        assert answer.headers["Content-Disposition"] == "attachment"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


# Markup in what people write

MARKUP = "<script>evil()</script>'\"><img src=x onerror=evil()>{{7*7}}${7*7}</title></textarea>"


@pytest.fixture
def marked(services: Services) -> World:
    """A world in which every name, title and sentence is an attack."""
    database, settings = services.database, services.settings
    maker = organization(database, "vendor", "Maker of the kit")
    author = member(database, settings, maker, Role.VENDOR_ADMIN, "author@maker.example")
    with database.unit_of_work(author.scope) as session:
        version = publish(session, services.store, read_folder(KIT), findings=[])
    with database.unit_of_work(SYSTEM) as session:
        world = make_world(session, "marked", passwords.hash_password(settings, PASSWORD), version, MARKUP)
    for role, where in ((Role.MDF_APPROVER, world.vendor_id), (Role.MDF_PAYER, world.vendor_id)):
        member(database, settings, where, role, f"{role}@marked.example")
    operators = organization(database, "operator", MARKUP)
    member(database, settings, operators, Role.OPERATOR, "operator@marked.example")
    services.store.put(world[ContactImport].report_key, b"row,value,reason\n", "text/csv")
    return world


@pytest.mark.parametrize("who", ["vendor", "partner", "mdf_approver", "mdf_payer", "operator"])
def test_markup_in_names_is_only_text(app: Flask, marked: World, sign_in: SignIn, who: str) -> None:
    browser = sign_in(f"{who}@marked.example")
    seen = 0
    for path in every_page(app, marked):
        answer = browser.get(path)
        assert answer.status_code < 500, path
        if answer.mimetype == "text/html" and answer.text.strip():
            seen += "evil()" in answer.text
            check_markup(answer.text, path)
    assert seen > 3


def every_page(app: Flask, world: World) -> Iterator[str]:
    for rule in rules(app):
        if "GET" in methods(rule) and permission_of(app, rule) != PUBLIC:
            yield from paths(app, rule, lambda _name: world)


def check_markup(text: str, path: str) -> None:
    page = html.document_fromstring(text)
    for element in page.iter():
        if not isinstance(element.tag, str):
            continue
        handlers = [name for name in element.attrib if str(name).lower().startswith("on")]
        assert not handlers, f"{path}: <{element.tag} {handlers}>"
        assert str(element.get("src", "")) != "x", path
        for name in ("href", "src", "action", "formaction"):
            assert not str(element.get(name, "")).strip().lower().startswith("javascript:"), path
        if element.tag == "script":
            assert "evil" not in (element.text or "") or element.get("type") == "application/json", path
    assert "49" not in page.xpath("string(//title)"), path


def test_a_files_name_is_only_text(services: Services, paula: str, sign_in: SignIn) -> None:
    browser = sign_in(paula)
    for name in (
        "<img src=x onerror=evil()>.csv",
        "../../../etc/passwd",
        "a\tb.csv",
        "x" * 300 + ".csv",
        "‮vsc.exe",
    ):
        answer = browser.post(
            "/contacts/import",
            {
                "file": (io.BytesIO(b"email\na@b.example\n"), name),
                "basis": "opt_in",
                "source": "CRM",
                "list_name": "",
            },
            page="/contacts/import",
            content_type="multipart/form-data",
        )
        assert answer.status_code == 303, name
        check_markup(browser.get(answer.headers["Location"]).text, name)
        check_markup(browser.get("/contacts").text, name)


# Who is there, floods, sizes


def test_answers_do_not_tell_who_has_an_account(vera: str, anybody: Browser, services: Services) -> None:
    def strip(text: str, email: str) -> str:
        page = html.document_fromstring(text)
        main = page.xpath("//main")[0]
        for hidden in main.xpath(".//input[@name='csrf_token']"):
            hidden.set("value", "")
        return html.tostring(main, encoding="unicode").replace(email, "")

    answers: dict[str, set[tuple[int, str]]] = {}
    for email in (vera, "nobody@vendor.example"):
        for path, data in (("/sign-in", {"password": "a wrong password"}), ("/reset", {})):
            answer = anybody.post(path, {"email": email, **data}, page=path)
            answers.setdefault(path, set()).add((answer.status_code, strip(answer.text, email)))
    assert all(len(found) == 1 for found in answers.values())


def test_guessing_is_slowed_by_account_and_by_address(vera: str, app: Flask) -> None:
    def attempt(email: str, forwarded: str) -> str:
        browser = Browser(app.test_client())
        headers = {"X-Forwarded-For": forwarded}
        return str(
            browser.post(
                "/sign-in", {"email": email, "password": "wrong"}, page="/sign-in", headers=headers
            ).text
        )

    for number in range(8):
        assert "wrong." in attempt(vera.upper() if number % 2 else vera, f"10.0.0.{number}")
    assert "Too many tries" in attempt(vera, "10.0.0.99")
    # another address can't be pretended without a proxy that we trust: the rest counts against this one
    for number in range(30):
        last = attempt(f"person{number}@vendor.example", f"10.1.0.{number}")
    assert "Too many tries" in last


def test_nobody_is_flooded_with_reset_mails(services: Services, vera: str, anybody: Browser) -> None:
    for _ in range(7):
        last = anybody.post("/reset", {"email": vera}, page="/reset")
    assert last.status_code == 422 and "Too many tries" in last.text
    with services.database.unit_of_work(SYSTEM, write=False) as session:
        assert len(session.scalars(select(OutgoingMail)).all()) == 5


def test_joining_is_not_a_place_to_guess_passwords(services: Services, vera: str, anybody: Browser) -> None:
    from_partner = organization(services.database, "partner", "Partner")
    admin = member(
        services.database, services.settings, from_partner, Role.PARTNER_ADMIN, "a@partner.example"
    )
    with services.database.unit_of_work(admin.scope) as session:
        made = service.invite(
            session, services.signer, services.settings, from_partner, vera, Role.PARTNER_ADMIN, "en"
        )
        path = service.invitation_url(services.signer, services.settings, made).removeprefix(
            services.settings.portal_url
        )
    for _ in range(9):
        last = anybody.post(path, {"password": "a wrong password"}, page=path)
    assert last.status_code in (422, 429) and "Too many tries" in last.text


def test_a_body_that_is_too_large_is_refused_with_a_page(
    services: Services, paula: str, sign_in: SignIn
) -> None:
    browser = sign_in(paula)
    token = browser.token("/contacts/import")
    limit = services.settings.upload_limit_mb

    def send(path: str, fields: dict[str, Any]) -> Any:
        boundary, body = encode_multipart({"csrf_token": token, **fields})
        kind = f"multipart/form-data; boundary={boundary}"
        return browser.client.post(path, data=body, content_type=kind)

    answer = send(
        "/contacts/import", {"file": FileStorage(io.BytesIO(b"x" * (limit * 2**20 + 1)), "large.csv")}
    )
    assert answer.status_code == 413 and "This file is too large" in answer.text
    assert send("/people/invite", {"email": "x" * 3_000_000}).status_code == 413
    assert browser.get("/contacts/import").status_code == 200
    assert list(services.store.list("imports/")) == []


def test_text_with_nul_is_refused(vera: str, sign_in: SignIn) -> None:
    browser = sign_in(vera)
    assert browser.get("/partners?search=%00").status_code == 400
    assert browser.get("/partners/%00").status_code in (400, 404)
    assert browser.post("/people/invite", {"email": "a\x00@b.example"}, page="/people").status_code == 400


def test_figures_and_health_are_for_this_machine(anybody: Browser) -> None:
    assert anybody.get("/metrics").status_code == 200
    assert anybody.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"}).status_code == 404
    for path in ("/healthz", "/readyz"):
        assert "vendor" not in anybody.get(path).text.lower()


def test_a_password_is_never_logged(vera: str, app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    browser = Browser(app.test_client())
    browser.post("/sign-in", {"email": vera, "password": "wrong-and-secret"}, page="/sign-in")
    browser.post("/sign-in", {"email": vera, "password": PASSWORD}, page="/sign-in")
    assert "wrong-and-secret" not in caplog.text and PASSWORD not in caplog.text
    assert cookie_of(browser) not in caplog.text
