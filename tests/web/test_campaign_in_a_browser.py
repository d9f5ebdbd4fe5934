"""A partner's first and second campaign in Chromium, clicks counted; the same page without script."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Browser, Page
from werkzeug.serving import make_server

from tests.factories.accounts import PASSWORD
from tests.factories.campaigns import KIT, LOGO, Stage, run_jobs, stage
from tmpa.kernel.http import Services
from tmpa.kits.service import publish
from tmpa.kits.source import read_folder

pytestmark = pytest.mark.backends("sqlite")
FIRST_CLICKS = 12  # from signing in, experience budget
SECOND_CLICKS = 5


@pytest.fixture
def address(app: Flask) -> Iterator[str]:
    """The portal, really served."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()


class Person:
    """Somebody before a browser who counts their clicks."""

    def __init__(self, chromium: Browser, address: str, javascript: bool = True) -> None:
        self.context = chromium.new_context(
            viewport={"width": 1440, "height": 900}, locale="en", java_script_enabled=javascript
        )
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(15_000)
        self.address, self.clicks, self.complaints = address, 0, list[str]()
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on(
            "console", lambda line: self.complaints.append(line.text) if line.type == "error" else None
        )

    def sign_in(self, email: str) -> None:
        self.page.goto(f"{self.address}/sign-in")
        self.page.fill("#email", email)
        self.page.fill("#password", PASSWORD)
        self.page.click("main button[type=submit]")
        self.page.wait_for_url(f"{self.address}/")
        self.clicks = 0

    def click(self, selector: str) -> None:
        self.page.locator(selector).first.click()
        self.clicks += 1

    def choose(self, selector: str, file: Path) -> None:
        """A click that opens the file dialog."""
        self.page.set_input_files(selector, file)
        self.clicks += 1

    def axe(self) -> list[str]:
        found = Axe().run(self.page, options={"iframes": False}).response["violations"]
        return [f"{item['id']}: {item['nodes'][0]['html']}" for item in found]


@pytest.fixture
def bare(services: Services) -> Stage:
    """A partner who has just joined: no brand yet."""
    found = stage(services, "bare", brand=False)
    other = next(
        path for path in sorted(KIT.parent.iterdir()) if path != KIT and (path / "kit.toml").exists()
    )
    with services.database.unit_of_work(found.vendor.scope) as session:
        publish(session, services.store, read_folder(other), findings=[])
    return found


def test_the_first_campaign_and_the_second(
    bare: Stage, services: Services, address: str, chromium: Browser, tmp_path: Path
) -> None:
    contacts, logo = tmp_path / "contacts.csv", tmp_path / "logo.svg"
    contacts.write_text("email,first name\nana@customer.example,Ana\nbo@customer.example,Bo\n")
    logo.write_bytes(LOGO)
    person = Person(chromium, address)
    person.sign_in(bare.partner.email)
    page = person.page

    person.click("nav >> text=Kits")
    person.click(".kit h2 a:has-text('10:12')")
    person.click("button:has-text('Use this kit')")
    page.wait_for_selector("#check")
    assert person.axe() == []
    person.click("a:has-text('Set up your brand')")
    page.fill("#name", "Bare Metal")
    person.choose("#logo", logo)
    page.fill("#legal_name", "Bare Metal Ltd")
    page.fill("#address", "1 High Street\nLondon")
    page.fill("#sender_name", "Bare Metal")
    page.fill("#sender_email", "hello@bare.example")
    assert person.axe() == []
    person.click("button:has-text('Save the brand'):not([aria-hidden])")
    page.wait_for_selector("#pieces")
    person.click("summary:has-text('Import a new list')")
    person.choose("#import-file", contacts)
    page.fill("#import-source", "Fair 2026")
    person.click("button:has-text('Import and use')")
    page.wait_for_selector("#lists[data-poll]")
    run_jobs(services)
    page.wait_for_selector("text=Send to 2 people.")
    person.click("#check button:has-text('Launch')")
    page.wait_for_selector("dialog[open]")
    assert "Send to 2 people." in page.inner_text("dialog[open]")
    person.click("dialog[open] button:has-text('Launch')")
    page.wait_for_url("**/live")
    run_jobs(services)
    page.wait_for_selector("text=2 of 2")
    assert person.axe() == []
    assert person.clicks <= FIRST_CLICKS, person.clicks

    person.clicks = 0
    page.goto(f"{address}/")
    person.click("nav >> text=Kits")
    person.click(".kit h2 a:not(:has-text('10:12'))")
    person.click("button:has-text('Use this kit')")
    person.click("#check button:has-text('Launch')")
    person.click("dialog[open] button:has-text('Launch')")
    page.wait_for_url("**/live")
    assert person.clicks <= SECOND_CLICKS, person.clicks

    person.clicks = 0
    page.goto(f"{address}/")
    person.click("nav >> text=Campaigns")
    person.click("button:has-text('Run again')")
    person.click("input[name=lists]")
    page.wait_for_selector("#check button:has-text('Launch')")
    person.click("#check button:has-text('Launch')")
    person.click("dialog[open] button:has-text('Launch')")
    page.wait_for_url("**/live")
    assert person.clicks <= SECOND_CLICKS, person.clicks
    assert person.complaints == []
    person.context.close()


def test_typing_saves_shows_and_explains(services: Services, address: str, chromium: Browser) -> None:
    on = stage(services)
    person = Person(chromium, address)
    person.sign_in(on.partner.email)
    page = person.page
    page.goto(f"{address}/campaigns/{on.campaign()}")
    mail = page.frame_locator("iframe[name=preview-1]")
    mail.locator("text=At 10:12 the files were gone.").first.wait_for()
    page.fill("#slot-en-headline", "Typed just now")
    mail.locator("text=Typed just now").first.wait_for()
    page.wait_for_selector("[data-save-status]:has-text('Saved')")
    page.fill("#slot-en-headline", "x" * 81)
    page.wait_for_selector("text=This has 81 characters; 80 fit.")
    page.wait_for_selector("#check >> text=Headline (English): This has 81 characters")
    page.fill("#slot-en-headline", "Short again")
    page.wait_for_selector("text=This has 81 characters; 80 fit.", state="hidden")
    page.check("#locale-ar")
    page.get_by_role("tab", name="Arabic").click()
    page.wait_for_selector("#slot-ar-headline")
    page.frame_locator("iframe[name=preview-1]").locator("html[dir=rtl], [dir=rtl]").first.wait_for()
    page.reload()
    assert page.input_value("#slot-en-headline") == "Short again"
    assert person.complaints == []
    person.context.close()


def test_everything_works_without_script(services: Services, address: str, chromium: Browser) -> None:
    on = stage(services)
    person = Person(chromium, address, javascript=False)
    person.sign_in(on.partner.email)
    page = person.page
    page.goto(f"{address}/campaigns/{on.campaign()}")
    page.check("#locale-de")
    page.fill("#slot-en-headline", "Without script")
    page.check("input[name=lists]")
    page.click("button:has-text('Save')")
    page.wait_for_selector("text=Saved.")
    assert page.input_value("#slot-en-headline") == "Without script"
    assert page.input_value("#slot-de-headline")
    page.click("nav[aria-label=Pieces] >> text=LinkedIn post")
    page.frame_locator("iframe[name=preview-1]").locator(".post").wait_for()
    page.click("#check button:has-text('Launch')")
    page.wait_for_url("**/live")
    person.context.close()
