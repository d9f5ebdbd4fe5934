"""A visitor on a published page in a real browser: the visit, its use and the form arrive, under the page's policy."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page
from sqlalchemy import select
from werkzeug.serving import make_server

from tests.factories.campaigns import stage
from tests.factories.engagement import BROWSER
from tmpa.app import create_app, open_services
from tmpa.audiences.models import Contact
from tmpa.campaigns.models import Campaign, CampaignStep
from tmpa.campaigns.rendering import finish_pieces
from tmpa.engagement.drain import drain_once
from tmpa.engagement.intake import create_intake
from tmpa.engagement.models import EngagementEvent
from tmpa.kernel.clock import utcnow
from tmpa.kernel.http import Services
from tmpa.kernel.scope import Scope, load
from tmpa.kernel.tracking_tokens import click_url, encode
from tmpa.pages import publish
from tmpa.pages.models import PublishedPage, Submission
from tmpa.sending.models import Recipient
from tmpa.settings import Settings
from workers.processes import free_port

pytestmark = pytest.mark.backends("sqlite")


@contextmanager
def serving(app: Any, port: int) -> Iterator[None]:
    server = make_server("127.0.0.1", port, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def site(settings: Settings) -> Iterator[Services]:
    portal, tracking = free_port(), free_port()
    opened = open_services(
        settings.model_copy(
            update={
                "portal_url": f"http://127.0.0.1:{portal}",
                "tracking_url": f"http://127.0.0.1:{tracking}",
            }
        )
    )
    intake = create_intake(opened.settings)
    with serving(create_app(opened.settings, opened), portal), serving(intake, tracking):
        yield opened
    intake.spool.close()
    opened.database.dispose()


def mailed_page(site: Services, locale: str = "en") -> tuple[str, Recipient]:
    """The click address of a mail to a published page, and its recipient."""
    on = stage(site)
    reference = on.campaign()
    with site.database.unit_of_work(Scope.system()) as session:
        campaign = load(session, Campaign, reference)
        campaign.locales = ["en", "ar"]
        finish_pieces(session, site.store, site.signer, site.settings, campaign)
        publish.publish(session, site.store, site.signer, site.settings, campaign)
        step = session.scalars(select(CampaignStep).where(CampaignStep.campaign_id == campaign.id)).first()
        contact = session.scalars(select(Contact).where(Contact.partner_id == campaign.partner_id)).first()
        assert step is not None and contact is not None
        recipient = Recipient(
            vendor_id=campaign.vendor_id, partner_id=campaign.partner_id, campaign_id=campaign.id, step_id=step.id,
            contact_id=contact.id, email=contact.email, locale=locale, state="handed_over", handed_over_at=utcnow(),
        )  # fmt: skip
        session.add(recipient)
        session.flush()
        page = session.scalars(select(PublishedPage).where(PublishedPage.locale == locale)).one()
        token = encode(site.signer, "click", campaign.vendor_id, recipient.id, 1, page.url)
        return click_url(site.settings.tracking_url, token, page.url), recipient


def events(site: Services) -> dict[str, EngagementEvent]:
    drain_once(site, site.settings.var_dir.resolve() / "spool")
    with site.database.unit_of_work(Scope.system(), write=False) as session:
        return {event.kind: event for event in session.scalars(select(EngagementEvent))}


def fill(page: Page) -> None:
    for box in page.locator("form.tmpa-form :is(input[type=text], input[type=tel], textarea):visible").all():
        box.fill("Kunde 4711")
    page.locator("form.tmpa-form input[type=email]").fill("zoe@kunde.example")
    for choice in page.locator("form.tmpa-form select").all():
        choice.select_option(index=1)
    for box in page.locator("form.tmpa-form input[type=checkbox]").all():
        box.check()


def test_a_visit_from_a_mail_is_tied_to_it(site: Services, chromium: Browser, tmp_path: Path) -> None:
    address, recipient = mailed_page(site)
    context = chromium.new_context(user_agent=BROWSER)  # its own says HeadlessChrome: rightly a machine
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if _bad(said) else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address, wait_until="networkidle")
    assert "r=" in page.url
    found = events(site)
    assert (found["visited"].verdict, found["visited"].recipient_id) == ("unknown", recipient.id)
    page.mouse.move(100, 200)
    page.mouse.move(120, 240)
    page.wait_for_timeout(2300)  # a person needs longer than two seconds to fill a form
    fill(page)
    page.locator("form.tmpa-form .tmpa-button").click()
    page.wait_for_url("**/thanks/")
    found = events(site)
    assert (found["visited"].verdict, found["visited"].rule) == ("human", "page_used")
    assert (found["submitted"].verdict, found["submitted"].signs) == ("human", "")
    assert (found["clicked"].verdict, found["clicked"].rule) == ("human", "led_to_page_use")
    with site.database.unit_of_work(Scope.system(), write=False) as session:
        assert session.scalars(select(Submission)).one().recipient_id == recipient.id
    assert complaints == []
    ours = (site.settings.portal_url, site.settings.tracking_url, "data:")
    assert all(url.startswith(ours) for url in asked)
    assert context.cookies() == []
    context.close()


def test_it_works_without_javascript(site: Services, chromium: Browser) -> None:
    address, _recipient = mailed_page(site, "ar")
    context = chromium.new_context(java_script_enabled=False, user_agent=BROWSER)
    page = context.new_page()
    page.goto(address)
    fill(page)
    page.locator("form.tmpa-form .tmpa-button").click()
    page.wait_for_url("**/thanks/")
    found = events(site)
    assert found["visited"].recipient_id is None and found["submitted"].verdict == "human"
    assert found["submitted"].locale == "ar"
    context.close()


def _bad(said: ConsoleMessage) -> bool:
    return said.type in ("error", "warning")
