"""The intake: signatures, redirects, forms, full disks; with no database anywhere near."""

import json
import os
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.unit.engagement.conftest import Caller
from tmpa.engagement import spool
from tmpa.engagement.intake import BODY_LIMIT, GIF, create_intake, network_of
from tmpa.kernel.form_specs import FieldSpec, FormSpec, sign_form
from tmpa.kernel.signing import BadToken, Signer
from tmpa.kernel.tracking_tokens import beacon_url, click_url, decode, encode, form_action, open_url
from tmpa.settings import Settings

VENDOR, RECIPIENT, PAGE = uuid.uuid4(), uuid.uuid4(), uuid.uuid4()
BASE = "http://127.0.0.1:8001"
TARGET = "https://shop.example/a b?x=1&y=%20#top"


def lines(settings: Settings) -> list[dict[str, Any]]:
    found = [spool.read_lines(path, 0)[0] for path in spool.files(settings.var_dir.resolve() / "spool")]
    return [json.loads(line) for part in found for line in part]


def test_an_open_is_answered_and_kept(intake: Caller, signer: Signer, plain_settings: Settings) -> None:
    url = open_url(BASE, encode(signer, "open", VENDOR, RECIPIENT))
    answer = intake.follow(url)
    assert (answer.status, answer.body, answer.headers["Content-Type"]) == (200, GIF, "image/gif")
    assert "no-store" in answer.headers["Cache-Control"]
    assert intake.follow(url, "HEAD").body == b""
    first, second = lines(plain_settings)
    assert (first["k"], first["v"], first["s"], first["m"]) == ("open", VENDOR.hex, RECIPIENT.hex, "GET")
    assert first["n"] == "203.0.113.0/24" and second["m"] == "HEAD"
    assert first["i"] != second["i"]


def test_a_click_leads_only_where_it_was_signed_for(
    intake: Caller, signer: Signer, plain_settings: Settings
) -> None:
    token = encode(signer, "click", VENDOR, RECIPIENT, 3, TARGET)
    answer = intake.follow(click_url(BASE, token, TARGET))
    assert answer.status == 302 and answer.headers["Location"] == "https://shop.example/a%20b?x=1&y=%20#top"
    for other in (
        "https://evil.example/",
        TARGET + "/",
        "//evil.example",
        "javascript:alert(1)",
        "",
        TARGET[:-1],
    ):
        refused = intake.follow(click_url(BASE, token, other))
        assert refused.status == 404 and "Location" not in refused.headers
    assert intake("GET", f"/c/{token}").status == 404
    assert [line["l"] for line in lines(plain_settings)] == [3]


def test_what_others_add_behind_a_link_changes_nothing(intake: Caller, signer: Signer) -> None:
    token = encode(signer, "click", VENDOR, RECIPIENT, 3, TARGET)
    for query in (f"u={quote(TARGET, safe='')}&utm_source=x", f"gateway=1&u={quote(TARGET, safe='')}"):
        assert intake("GET", f"/c/{token}", query).status == 302


def test_a_header_is_never_split(intake: Caller, signer: Signer) -> None:
    evil = "https://shop.example/\r\nSet-Cookie: a=b"
    assert (
        intake.follow(click_url(BASE, encode(signer, "click", VENDOR, RECIPIENT, 1, evil), evil)).status
        == 404
    )


def test_our_own_page_learns_whose_visit_it_is(intake: Caller, signer: Signer) -> None:
    for url, mark in (
        ("http://127.0.0.1:8000/p/spring/en/", "?"),
        ("http://127.0.0.1:8000/p/spring/en/?a=1#x", "&"),
    ):
        answer = intake.follow(click_url(BASE, encode(signer, "click", VENDOR, RECIPIENT, 1, url), url))
        address = answer.headers["Location"]
        visitor = address.split(f"{mark}r=")[1].partition("#")[0]
        assert decode(signer, "visitor", visitor).subject_id == RECIPIENT
        assert address.endswith("#x") == ("#" in url)


@pytest.mark.parametrize("kind", ["open", "click", "visit", "form"])
def test_forged_and_altered_tokens_are_refused(
    kind: Any, intake: Caller, signer: Signer, plain_settings: Settings
) -> None:
    path = {"open": "/o/%s.gif", "click": "/c/%s", "visit": "/v/%s", "form": "/f/%s"}[kind]
    good = encode(signer, kind, VENDOR, RECIPIENT)
    stranger = encode(Signer(["another-secret-of-at-least-32-chars"]), kind, VENDOR, RECIPIENT)
    other = encode(signer, "unsubscribe", VENDOR, RECIPIENT)
    altered = [good[:at] + ("A" if good[at] != "A" else "B") + good[at + 1 :] for at in range(len(good))]
    for token in (stranger, other, good[:-1], good + "A", "", "../../etc/passwd", "é" * 70, *altered):
        assert intake("POST" if kind == "form" else "GET", path % token).status == 404
    assert lines(plain_settings) == []


def test_older_keys_still_verify() -> None:
    old, new = "an-older-secret-of-at-least-32-chars", "a-newer-secret-of-at-least-32-chars!"
    token = encode(Signer([old]), "open", VENDOR, RECIPIENT)
    assert decode(Signer([new, old]), "open", token).subject_id == RECIPIENT
    with pytest.raises(BadToken):
        decode(Signer([new]), "open", token)


def test_methods_and_paths(intake: Caller, signer: Signer) -> None:
    token = encode(signer, "open", VENDOR, RECIPIENT)
    assert intake("POST", f"/o/{token}.gif").status == 405
    assert intake("GET", f"/f/{encode(signer, 'form', VENDOR, PAGE)}").status == 405
    for path in ("/", "", "/x/y", "/o", "/admin"):
        assert intake("GET", path).status == 404
    assert intake("GET", "/healthz").status == 200
    assert 'lang="de"' in intake("GET", "/x", accept_language="fr;q=0.1, de").text


def test_a_visit_tells_who_and_whether_the_page_was_used(
    intake: Caller, signer: Signer, plain_settings: Settings
) -> None:
    url = beacon_url(BASE, signer, VENDOR, PAGE)
    visitor = encode(signer, "visitor", VENDOR, RECIPIENT)
    shown = intake.follow(f"{url}?i=0123456789abcdef&r={visitor}&t=1")
    assert shown.status == 200 and shown.headers["Access-Control-Allow-Origin"] == "*"
    assert "ms" in signer.verify("form-time", shown.text)
    assert intake.follow(f"{url}?i=0123456789abcdef&r={visitor}&a=1").status == 204
    assert intake.follow(url).status == 204
    stranger = encode(signer, "visitor", uuid.uuid4(), RECIPIENT)
    assert intake.follow(f"{url}?r={stranger}").status == 204
    load, use, bare, foreign = lines(plain_settings)
    assert load["i"] == use["i"] and (load["r"], use["g"]) == (RECIPIENT.hex, "active")
    assert "r" not in bare and bare["i"] != load["i"] and "r" not in foreign


def test_networks() -> None:
    assert network_of("203.0.113.77") == "203.0.113.0/24"
    assert network_of("2001:db8:1:2:3::4") == "2001:db8:1::/48"
    assert network_of("::ffff:203.0.113.77") == "203.0.113.0/24"
    assert network_of("nonsense") == ""


def test_addresses_behind_proxies(plain_settings: Settings, signer: Signer) -> None:
    behind = plain_settings.model_copy(update={"trusted_proxies": 1})
    caller = Caller(create_intake(behind))
    url = open_url(BASE, encode(signer, "open", VENDOR, RECIPIENT))
    caller.follow(url, x_forwarded_for="6.6.6.6, 198.51.100.9")
    assert lines(behind)[0]["n"] == "198.51.100.0/24"
    caller.app.spool.close()


FIELDS = (
    FieldSpec("name", "text", "Your name", True, 20),
    FieldSpec("email", "email", "E-mail", True, 320),
    FieldSpec("phone", "tel", "Phone", False, 60),
    FieldSpec("size", "choice", "How many people?", False, 200, ("1-9", "10+")),
    FieldSpec("text", "textarea", "What is it about?", False, 4000),
    FieldSpec("agree", "consent", "You may write to me.", False, 3),
)
THANKS = "http://127.0.0.1:8000/p/spring/en/thanks/"


def form(signer: Signer, locale: str = "en", page: uuid.UUID = PAGE) -> tuple[str, dict[str, str]]:
    spec = FormSpec(page, locale, "http://127.0.0.1:8000/p/spring/en/", THANKS, FIELDS)
    action = "/" + form_action(BASE, signer, VENDOR, PAGE).split("/", 3)[3]
    return action, {"token": sign_form(signer, spec), "name": "Zoë", "email": "zoe@kunde.example"}


def test_a_good_form_is_kept_and_leads_to_thanks(
    intake: Caller, signer: Signer, plain_settings: Settings
) -> None:
    action, fields = form(signer)
    visitor = encode(signer, "visitor", VENDOR, RECIPIENT)
    answer = intake.send(
        action, {**fields, "agree": "yes", "text": "a\r\nb\x00", "r": visitor, "extra": "ignored"}
    )
    assert (answer.status, answer.headers["Location"]) == (303, THANKS)
    (line,) = lines(plain_settings)
    assert line["k"] == "form" and line["s"] == PAGE.hex and line["r"] == RECIPIENT.hex
    assert line["f"]["name"] == "Zoë" and line["f"]["text"] == "a\nb" and "extra" not in line["f"]
    assert (line["e"], line["c"], line["g"]) == ("zoe@kunde.example", "You may write to me.", "")


def test_a_bad_form_comes_back_with_every_problem_and_what_was_written(
    intake: Caller, signer: Signer, plain_settings: Settings
) -> None:
    action, fields = form(signer)
    bad = {
        **fields,
        "name": "x" * 21,
        "email": "zoe@",
        "phone": "call me",
        "size": "100",
        "text": "<b>kept</b>",
    }
    answer = intake.send(action, bad)
    assert answer.status == 422 and lines(plain_settings) == []
    for word in (
        "Your name",
        "valid email",
        "phone number",
        "How many people",
        "&lt;b&gt;kept&lt;/b&gt;",
        "Back to the page",
    ):
        assert word in answer.text, word
    assert fields["token"] in answer.text and "<script" not in answer.text
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    again = intake.send(action, {"token": fields["token"], "email": ""})
    assert again.status == 422 and again.text.count("<li>") == 2


def test_forms_speak_the_pages_language(intake: Caller, signer: Signer) -> None:
    action, fields = form(signer, "ar")
    answer = intake.send(action, {"token": fields["token"]})
    assert 'lang="ar" dir="rtl"' in answer.text


def test_forged_specs_are_refused(intake: Caller, signer: Signer, plain_settings: Settings) -> None:
    action, fields = form(signer)
    _action, elsewhere = form(signer, page=uuid.uuid4())
    stranger = sign_form(
        Signer(["another-secret-of-at-least-32-chars"]), FormSpec(PAGE, "en", "", "https://evil.example/", ())
    )
    body, _dot, mac = fields["token"].partition(".")
    for token in ("", "x", stranger, elsewhere["token"], f"{body}A.{mac}", f"{body}.{mac[:-1]}", "é.é"):
        assert intake.send(action, {**fields, "token": token}).status == 404
    assert intake.send(action, {f"f{n}": "" for n in range(300)}).status == 404
    assert lines(plain_settings) == []


def test_machines_are_noted_not_refused(intake: Caller, signer: Signer, plain_settings: Settings) -> None:
    action, fields = form(signer)
    now = intake.follow(f"{beacon_url(BASE, signer, VENDOR, PAGE)}?t=1").text
    assert intake.send(action, {**fields, "tmpa_website": "http://spam.example", "t": now}).status == 303
    assert lines(plain_settings)[-1]["g"] == "trap fast"


def test_too_much_is_refused(intake: Caller, signer: Signer, plain_settings: Settings) -> None:
    action, fields = form(signer)
    assert intake.send(action, {**fields, "text": "x" * BODY_LIMIT}).status == 413
    assert lines(plain_settings) == []


@pytest.fixture
def full_disk(intake: Caller, monkeypatch: pytest.MonkeyPatch) -> Caller:
    intake("GET", "/healthz")

    def no_space(fd: int, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(spool.os, "write", no_space)
    return intake


def test_a_full_disk_refuses_forms_and_redirects_clicks(full_disk: Caller, signer: Signer) -> None:
    url = click_url(BASE, encode(signer, "click", VENDOR, RECIPIENT, 3, TARGET), TARGET)
    assert full_disk.follow(url).status == 302
    assert full_disk.follow(open_url(BASE, encode(signer, "open", VENDOR, RECIPIENT))).status == 200
    action, fields = form(signer)
    answer = full_disk.send(action, fields)
    assert answer.status == 503 and "Zoë" in answer.text and answer.headers["Retry-After"]
    health = full_disk("GET", "/healthz")
    assert health.status == 503 and json.loads(health.body)["lost"] == 3


def test_half_a_line_never_stays(
    intake: Caller, signer: Signer, plain_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = open_url(BASE, encode(signer, "open", VENDOR, RECIPIENT))
    intake.follow(url)
    real = os.write
    monkeypatch.setattr(spool.os, "write", lambda fd, data: real(fd, data[:10]))
    assert intake.follow(url).status == 200
    monkeypatch.undo()
    intake.follow(url)
    assert len(lines(plain_settings)) == 2


def test_it_needs_no_database_queue_or_web_framework() -> None:
    """Importing and using the intake loads none of what may be down."""
    code = (
        "import sys; from tmpa.engagement.intake import create_intake; "
        "bad = [m for m in ('sqlalchemy', 'redis', 'rq', 'flask', 'jinja2', 'boto3') if m in sys.modules]; "
        "sys.exit(', '.join(bad) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=Path.cwd())
    assert done.returncode == 0, done.stderr
