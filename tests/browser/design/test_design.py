"""The design system in Chromium: nothing for axe to find, no policy broken, every hook does what it says."""

from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from tests.browser.design.gallery import create_gallery, serve
from tmpa.web.assets import manifest

PAGES = ("home", "form", "editor", "review", "inbox", "kits", "signin")
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


@pytest.fixture(scope="module")
def gallery() -> Flask:
    assert manifest(), "build the front-end first: make assets"
    return create_gallery()


@pytest.fixture(scope="module")
def address(gallery: Flask) -> Iterator[str]:
    with serve(gallery) as found:
        yield found


@pytest.fixture
def complaints() -> list[str]:
    """What the browser complained about: errors, refused styles and scripts, failed loads."""
    return []


@pytest.fixture
def desk(chromium: Browser, address: str, complaints: list[str]) -> Iterator[Page]:
    yield from _open(chromium, address, complaints, width=1440)
    assert complaints == []


def _open(chromium: Browser, address: str, complaints: list[str], **options: Any) -> Iterator[Page]:
    width = options.pop("width")
    context = chromium.new_context(base_url=address, viewport={"width": width, "height": 900}, **options)
    context.set_default_timeout(10_000)
    page = context.new_page()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None,
    )
    yield page
    context.close()


@pytest.mark.parametrize("language", ["en", "ar"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_nothing_for_axe_and_no_sideways_scroll(
    chromium: Browser, address: str, complaints: list[str], width: int, scheme: str, language: str
) -> None:
    for page in _open(chromium, address, complaints, width=width, color_scheme=scheme):
        for name in PAGES:
            page.goto(f"/page/{name}?lang={language}&flash=1&errors=1")
            page.wait_for_load_state("networkidle")
            found = Axe().run(page, options=RULES)
            assert found.violations_count == 0, f"{name}: {found.generate_report()}"
            assert page.evaluate("document.documentElement.scrollWidth") <= width, name
            assert page.evaluate("getComputedStyle(document.body).direction") == (
                "rtl" if language == "ar" else "ltr"
            )
    assert complaints == []


def test_pages_work_without_javascript(chromium: Browser, address: str, complaints: list[str]) -> None:
    for page in _open(chromium, address, complaints, width=390, java_script_enabled=False):
        page.goto("/page/home")
        page.get_by_text("More", exact=True).click()
        expect(page.get_by_role("link", name="Brand").last).to_be_visible()
        page.get_by_text("Show the figures").click()
        expect(page.get_by_role("cell", name="88")).to_be_visible()
        expect(page.get_by_role("button", name="Copy")).to_have_count(0)
        page.goto("/page/editor")
        expect(page.frame_locator("iframe[name=page]").get_by_text("Dear Ms Sato")).to_be_attached()


def test_confirmation_names_what_happens_and_cancel_does_nothing(desk: Page, gallery: Flask) -> None:
    gallery.config["POSTED"].clear()
    desk.goto("/page/home")
    desk.get_by_role("button", name="Stop sending").click()
    dialog = desk.get_by_role("dialog")
    expect(dialog).to_contain_text("392 people will not get the mail")
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_be_hidden()
    assert gallery.config["POSTED"] == []
    desk.get_by_role("button", name="Stop sending").click()
    with desk.expect_response("**/stop"):
        dialog.get_by_role("button", name="Stop sending").click()
    [(path, fields)] = gallery.config["POSTED"]
    assert path == "/stop"
    assert fields["step"] == "1"


def test_editor_saves_itself_and_the_preview_keeps_its_place(desk: Page, gallery: Flask) -> None:
    gallery.config["SAVED"].clear()
    desk.goto("/page/editor")
    scroll = "document.querySelector('iframe[name=mail]').contentWindow.scrollY"
    desk.wait_for_function(
        "document.querySelector('iframe[name=mail]').contentDocument.body.scrollHeight > 1000"
    )
    desk.evaluate("document.querySelector('iframe[name=mail]').contentWindow.scrollTo(0, 300)")
    desk.evaluate("document.querySelector('iframe[name=mail]').isOld = true")
    desk.get_by_label("Headline").fill("A restore test every Friday")
    expect(desk.get_by_role("status").filter(has_text="Saved 10:42")).to_be_visible()
    desk.wait_for_function("document.querySelector('iframe[name=mail]')?.isOld === undefined")
    assert desk.evaluate(scroll) == 300
    assert [each["headline"] for each in gallery.config["SAVED"]] == ["A restore test every Friday"]


def test_editor_shows_what_the_server_refuses_beside_the_field(desk: Page, complaints: list[str]) -> None:
    desk.goto("/page/editor")
    desk.get_by_label("Headline").evaluate("control => control.removeAttribute('maxlength')")
    desk.get_by_label("Headline").fill("x" * 83)
    expect(desk.locator(".field.has-error")).to_contain_text("Too long by 3 characters.")
    desk.get_by_label("Headline").fill("Short again")
    expect(desk.locator(".field.has-error")).to_have_count(0)
    complaints.clear()  # the browser's own note about the answer 422


def test_editor_says_when_it_could_not_save_and_tries_again(desk: Page, complaints: list[str]) -> None:
    desk.goto("/page/editor")
    desk.route("**/save", lambda route: route.abort())
    desk.get_by_label("Headline").fill("Kept through a tunnel")
    expect(desk.locator("[data-save-status]")).to_contain_text("Not saved yet")
    desk.unroute("**/save")
    expect(desk.locator("[data-save-status]")).to_contain_text("Saved 10:42")
    complaints.clear()


def test_what_was_typed_last_is_saved_when_the_page_is_left(desk: Page, gallery: Flask) -> None:
    gallery.config["SAVED"].clear()
    desk.goto("/page/editor")
    desk.get_by_label("Headline").fill("Left in a hurry")
    desk.goto("/page/home")
    desk.wait_for_load_state("networkidle")
    assert [each["headline"] for each in gallery.config["SAVED"]] == ["Left in a hurry"]


def test_preview_shows_phone_width_on_every_tab(desk: Page) -> None:
    desk.goto("/page/editor")
    desk.get_by_role("button", name="Phone").click()
    assert desk.evaluate("document.querySelector('iframe[name=mail]').contentWindow.innerWidth") == 390
    desk.get_by_role("tab", name="Mail").press("ArrowRight")
    expect(desk.get_by_role("tab", name="Page")).to_be_focused()
    expect(desk.get_by_role("button", name="Phone")).to_have_attribute("aria-pressed", "true")


def test_claim_is_decided_by_keys_alone(desk: Page, gallery: Flask) -> None:
    gallery.config["POSTED"].clear()
    desk.goto("/page/review")
    desk.keyboard.press("j")
    desk.keyboard.press("j")
    expect(desk.locator(".review-line.is-current h3")).to_have_text("Layout and proof reading")
    desk.keyboard.press("k")
    expect(desk.locator(".review-line.is-current h3")).to_have_text("List rental, Meyer Adress GmbH")
    desk.keyboard.press("?")
    expect(desk.get_by_role("dialog")).to_contain_text("Decline the line")
    desk.keyboard.press("Escape")
    desk.keyboard.press("a")
    expect(desk.get_by_role("dialog")).to_contain_text("€1,840.00 in all")
    with desk.expect_response("**/accept"):
        desk.keyboard.press("Enter")
    assert [path for path, _fields in gallery.config["POSTED"]] == ["/accept"]


def test_keys_can_be_switched_off(desk: Page) -> None:
    desk.goto("/page/review")
    desk.keyboard.press("?")
    desk.get_by_label("Use single keys").uncheck()
    desk.get_by_role("dialog").get_by_role("button", name="Close").click()
    desk.keyboard.press("a")
    expect(desk.get_by_role("dialog")).to_have_count(0)


def test_large_and_foreign_files_are_refused_before_upload(desk: Page) -> None:
    desk.goto("/page/form")
    invoice = desk.get_by_label("Invoice")
    invoice.set_input_files({"name": "scan.pdf", "mimeType": "application/pdf", "buffer": b"x" * 2_500})
    expect(desk.get_by_text("This file is too large: 2.5 kB. The limit is 1 kB.")).to_be_visible()
    assert invoice.evaluate("input => input.validity.customError")
    invoice.set_input_files({"name": "macro.xlsm", "mimeType": "application/x", "buffer": b"x"})
    expect(desk.get_by_text("This kind of file is not accepted here.")).to_be_visible()
    invoice.set_input_files({"name": "scan.pdf", "mimeType": "application/pdf", "buffer": b"x" * 500})
    expect(desk.get_by_text("scan.pdf (0.5 kB)")).to_be_visible()
    assert invoice.evaluate("input => input.validity.valid")


def test_appearance_changes_at_once_and_is_saved(desk: Page, gallery: Flask) -> None:
    gallery.config["POSTED"].clear()
    desk.goto("/page/home")
    desk.get_by_text("Petra Keller").first.click()
    background = "getComputedStyle(document.body).backgroundColor"
    light = desk.evaluate(background)
    with desk.expect_response("**/accounts/preferences"):
        desk.get_by_role("button", name="Dark").click()
    assert desk.evaluate(background) != light
    assert gallery.config["POSTED"][-1][1]["theme"] == "dark"
    desk.keyboard.press("Escape")
    expect(desk.get_by_role("button", name="Dark")).to_be_hidden()


def test_chart_is_drawn_in_the_page_colours_and_escapes_names(desk: Page) -> None:
    desk.goto("/page/home")
    desk.locator("#clicks").scroll_into_view_if_needed()
    expect(desk.locator("#clicks svg text", has_text="It's <b>scanners</b>")).to_be_attached()
    # SVG attributes carry the colours: the page's policy refuses inline styles.
    assert desk.locator('#clicks svg path[fill="rgb(45, 69, 189)"]').count() >= 1


def test_select_submits_itself_and_live_part_follows_the_server(desk: Page) -> None:
    desk.goto("/page/home")
    expect(desk.locator("#live")).to_have_text("Sent to everybody")
    desk.locator("#state").select_option("Running")
    desk.wait_for_url("**/page/home?q=&state=Running")


def test_narrow_table_repeats_its_heads(chromium: Browser, address: str, complaints: list[str]) -> None:
    for page in _open(chromium, address, complaints, width=390):
        page.goto("/page/home")
        cell = page.get_by_role("row").nth(1).get_by_role("cell", name="1,204")
        assert cell.evaluate("cell => getComputedStyle(cell, '::before').content") == '"People"'


def test_good_news_leaves_and_bad_news_stays(desk: Page) -> None:
    desk.clock.install()
    desk.goto("/page/home?flash=1")
    desk.clock.run_for(9_000)
    expect(desk.get_by_text("The campaign is saved.")).to_have_count(0)
    bad = desk.locator(".toast", has_text="The logo could not be read.")
    bad.get_by_role("button", name="Dismiss").click()
    expect(bad).to_have_count(0)


@pytest.mark.parametrize(("path", "status"), [("/nothing", 404), ("/broken", 500)])
def test_error_pages_say_what_to_do(gallery: Flask, path: str, status: int) -> None:
    answer = gallery.test_client().get(path)
    assert answer.status_code == status
    assert "Go to your home page" in answer.text


def test_pager_keeps_what_was_searched_for(gallery: Flask) -> None:
    text = gallery.test_client().get("/page/home?q=Sato&page=2").text
    assert 'href="?q=Sato&amp;page=1"' in text
    assert 'href="?q=Sato&amp;page=3"' in text
