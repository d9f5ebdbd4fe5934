"""A designer before the editor: words, a dragged section, undo; the files change in exactly those places."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from werkzeug.serving import make_server

from tests.browser.desk import RULES, SEVERE
from tests.factories.accounts import PASSWORD, member, organization
from tmpa.app import create_app, open_services
from tmpa.kernel.http import Services
from tmpa.kernel.permissions import Role
from tmpa.kernel.scope import Scope, load
from tmpa.kits import drafts
from tmpa.kits.checking import check
from tmpa.kits.diff import compare
from tmpa.kits.models import KitDraft
from tmpa.kits.source import KitSource, read_folder
from tmpa.settings import Settings
from workers.embedded import EmbeddedRedis
from workers.processes import free_port

pytestmark = pytest.mark.backends("sqlite")

KIT = Path(__file__).resolve().parents[2] / "campaigns" / "calm-backup"
MAIL = "mails/announcement.mjml"


@dataclass
class Studio:
    """A vendor's portal with a draft of a shipped kit."""

    services: Services
    address: str
    draft: str
    scope: Scope

    def source(self) -> KitSource:
        with self.services.database.unit_of_work(self.scope, write=False) as session:
            return drafts.draft_source(self.services.store, load(session, KitDraft, self.draft))


@contextmanager
def serving(app: Any, port: int) -> Iterator[None]:
    server = make_server("127.0.0.1", port, app, threaded=True)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def studio(settings: Settings, redis_server: EmbeddedRedis) -> Iterator[Studio]:
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    services = open_services(
        settings.model_copy(update={"portal_url": address, "redis_url": redis_server.url})
    )
    vendor = organization(services.database, "vendor", "Stillhaven")
    person = member(
        services.database, services.settings, vendor, Role.VENDOR_MARKETER, "design@still.example"
    )
    with services.database.unit_of_work(person.scope) as session:
        source = read_folder(KIT)
        draft = drafts.open_draft(session, services.store, source)
        drafts.keep_findings(draft, source, [])
        session.flush()
        reference = draft.public_id
    with serving(create_app(services.settings, services), port):
        yield Studio(services, address, reference, person.scope)
    services.database.dispose()


def severe(page: Page) -> list[str]:
    """What axe finds in our page that is serious; the frame holds the piece."""
    found = Axe().run(page, context={"exclude": [["iframe"]]}, options=RULES).response["violations"]
    return [
        f"{each['id']}: {node['html'][:200]}"
        for each in found
        if each["impact"] in SEVERE
        for node in each["nodes"]
    ]


def choose(page: Page, words: str) -> None:
    """Press on words in the piece."""
    box = page.frame_locator("[data-canvas-frame]").get_by_text(words, exact=True).first.bounding_box()
    assert box is not None
    with page.expect_response(lambda answer: "/panel" in answer.url):
        page.mouse.click(box["x"] + 20, box["y"] + box["height"] / 2)


def saved(page: Page, act: Any) -> None:
    """Do something, and wait until it is saved and shown."""
    with page.expect_response(lambda answer: "/canvas/" in answer.url) as held:
        act()
    assert held.value.ok
    expect(page.locator("[data-status]")).to_contain_text("Saved")
    expect(page.locator("[data-canvas-frame].is-loading")).to_have_count(0)


def test_words_and_sections_change_and_nothing_else(studio: Studio, chromium: Browser) -> None:
    original = read_folder(KIT)
    context = chromium.new_context(base_url=studio.address, viewport={"width": 1440, "height": 900})
    page = context.new_page()
    complaints: list[str] = []
    page.on(
        "console", lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None
    )
    page.on("pageerror", lambda problem: complaints.append(str(problem)))
    page.goto("/sign-in")
    page.locator("[name=email]").fill("design@still.example")
    page.locator("[name=password]").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/sign-in" not in url)
    page.goto(f"/kits/drafts/{studio.draft}/design?piece=announcement", wait_until="networkidle")
    assert severe(page) == []
    assert studio.source().content_hash == original.content_hash  # looked at, nothing changed

    choose(page, "One ordinary Tuesday")
    words = page.locator("textarea[id^=own-]").first
    expect(words).to_have_value("One ordinary Tuesday")
    words.fill("One quiet Tuesday")
    saved(page, lambda: words.blur())
    expect(
        page.frame_locator("[data-canvas-frame]").get_by_text("One quiet Tuesday", exact=True)
    ).to_be_visible()
    after_words = studio.source()

    choose(page, "with Stillhaven Recovery")
    page.locator(".tree [aria-selected=true]").focus()
    for _step in range(9):
        if page.locator(".tree [aria-selected=true] > .tree-line .tree-label").inner_text() == "Section":
            break
        page.keyboard.press("ArrowLeft")
    row = page.locator(".tree [aria-selected=true]")
    expect(page.locator("[data-chosen]")).to_be_visible()
    number = row.get_attribute("data-node")
    page.wait_for_load_state("networkidle")
    chosen = page.locator("[data-chosen]").bounding_box()
    below = page.frame_locator("[data-canvas-frame]").get_by_text("A wrong click").bounding_box()
    assert number and chosen and below
    page.mouse.move(chosen["x"] + 30, chosen["y"] + 20)
    page.mouse.down()
    page.mouse.move(chosen["x"] + 60, chosen["y"] + 60)
    page.mouse.move(below["x"] + 10, below["y"] + below["height"] + 24, steps=4)
    expect(page.locator("[data-drop]")).to_be_visible()
    saved(page, page.mouse.up)
    moved = studio.source().text(MAIL)
    assert sorted(moved.splitlines()) == sorted(after_words.text(MAIL).splitlines())
    assert moved.index("with Stillhaven Recovery") > moved.index("A wrong click")

    saved(page, page.get_by_role("button", name="Undo").click)
    assert studio.source().content_hash == after_words.content_hash
    end = studio.source()
    changed = {path for path in end.files if end.files[path] != original.files.get(path)}
    assert changed == {MAIL, *(f"locales/{tag}.po" for tag in ("ar", "de", "fr", "ja"))}
    before, now = original.text(MAIL).splitlines(), end.text(MAIL).splitlines()
    assert [(a, b) for a, b in zip(before, now, strict=True) if a != b] == [
        (line, line.replace("One ordinary Tuesday", "One quiet Tuesday"))
        for line in before
        if "One ordinary Tuesday" in line
    ]
    said = compare(original, end)
    assert {change.section for change in said} <= {"pieces", "texts", "translations"}, said
    findings = check(end)
    # four languages to look at, and nothing else
    assert {finding.rule.split("-")[0] for finding in findings if finding.severity == "error"} == {
        "translation"
    }

    saved(page, page.get_by_role("button", name="Undo").click)
    assert compare(original, studio.source()) == []
    assert not complaints, complaints
    context.close()
