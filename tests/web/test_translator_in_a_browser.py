"""The translator's page by keyboard in Chromium: the piece follows what is typed, and what is typed is never lost."""

import threading
import uuid
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Browser, expect
from werkzeug.serving import make_server

from tests.factories.accounts import PASSWORD
from tests.web.test_translator import TRANSLATOR, draft, vendor
from tmpa.kits.localisation.units import unit_key

pytestmark = pytest.mark.backends("sqlite")
__all__ = ["draft", "vendor"]  # fixtures


@pytest.fixture
def address(app: Flask) -> Iterator[str]:
    """The portal, really served."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()


def test_a_translator_works_by_keyboard(
    chromium: Browser, address: str, vendor: uuid.UUID, draft: str
) -> None:
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, locale="en")
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
    page.goto(f"{address}/sign-in")
    page.fill("#email", TRANSLATOR)
    page.fill("#password", PASSWORD)
    page.click("main button[type=submit]")
    here = f"{address}/kits/drafts/{draft}/translate/de?show=todo&text={unit_key('Read more')}"
    page.goto(here)
    field = page.locator("#form0")
    expect(field).to_be_focused()
    page.keyboard.type("Weiter geht es hier")
    frame = page.frame_locator("iframe[name=translation-preview]")
    expect(frame.get_by_text("Weiter geht es hier").first).to_be_visible()
    assert page.url == here
    page.reload()
    expect(field).to_have_value("Weiter geht es hier")
    expect(page.locator("[data-restored]")).to_be_visible()
    serious = [
        each
        for each in Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
        if each["impact"] in ("serious", "critical")
    ]
    assert serious == [], [each["id"] for each in serious]
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("That was the last text of this view.")).to_be_visible()
    page.goto(f"{address}/kits/drafts/{draft}/translate/de?show=all&text={unit_key('Read more')}")
    expect(field).to_have_value("Weiter geht es hier")
    expect(page.locator("[data-restored]")).to_be_hidden()
    context.close()
    assert complaints == []
