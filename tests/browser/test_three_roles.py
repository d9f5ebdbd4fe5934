"""The three roles walk through the whole platform in a real browser, and the clicks are counted.

The budgets are those of the design: a first campaign in 12 clicks and 5 minutes from signing in, a second in 5 clicks
and 60 seconds, a deal from a lead in 2 minutes on a phone, a claim in 3 clicks, a decision by the keyboard alone.
"""

import io
import re
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from tests.browser.desk import Desk
from tests.browser.lively import Platform, ask_for_money, fail_a_job
from tmpa.accounts.models import Organization
from tmpa.campaigns.models import Campaign
from tmpa.deals.models import Lead
from tmpa.demo import cast
from tmpa.kernel.clock import utcnow
from tmpa.kernel.models import Job
from tmpa.kernel.scope import load
from tmpa.mdf import requests
from tmpa.mdf.models import Claim
from tmpa.resources import data_dir
from tmpa.story import invoice, stage

Sit = Callable[..., Desk]
LOGO = b"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 300 80" width="300" height="80">
<path d="M10 50c20-40 40 20 60-20v40H10z" fill="#14507a"/><path d="M90 20h200v40H90z" fill="#14507a"/></svg>"""


def test_partner_from_the_invitation_to_a_second_campaign(
    sit: Sit, platform: Platform, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = sit()
    page = _join(desk)
    desk.start_counting()
    _set_brand(desk)
    _make_campaign(desk)
    clicks, seconds = desk.clicks, desk.seconds
    _told(capsys, "first campaign, brand and list included", clicks, seconds)
    assert clicks <= 12
    assert seconds <= 300

    expect(page.locator("#live h2").first).to_contain_text(re.compile("Running|Done"), timeout=60_000)
    # nobody loads the page anew: what is seen comes by itself
    expect(page.get_by_role("row", name="The mail was sent.")).to_be_visible(timeout=60_000)
    platform.people_come()
    with platform.system() as session:
        partner = session.scalars(select(Organization).where(Organization.name == cast.NEWCOMER)).one()
        key = partner.id
    platform.wait("leads", lambda s: s.scalars(select(Lead).where(Lead.partner_id == key)).first())
    page.reload()
    expect(page.locator(".stat", has_text="People who clicked")).to_contain_text(re.compile(r"[1-9]"))
    expect(page.locator(".stat", has_text="Leads")).to_contain_text(re.compile(r"[1-9]"))
    page.get_by_role("link", name="Opens and clicks in detail").click()
    expect(page.get_by_role("heading", name="Every event")).to_be_visible()

    page.goto("about:blank")  # nothing that still asks may bring the old sign-in back
    desk.context.clear_cookies()
    desk.sign_in(cast.NEWCOMER_EMAIL)
    _run_again(desk)
    clicks, seconds = desk.clicks, desk.seconds
    _told(capsys, "second campaign", clicks, seconds)
    assert clicks <= 5
    assert seconds <= 60


def _join(desk: Desk) -> Page:
    """The mail in the inbox, its link, the form."""
    page = desk.page
    page.goto(desk.settings.inbox_url)
    page.get_by_role("searchbox").fill(cast.NEWCOMER_EMAIL)
    page.keyboard.press("Enter")
    frame = page.frame_locator(".preview iframe")
    with desk.context.expect_page() as opened:
        frame.get_by_role("link").first.click()
    page.close()
    desk.page = opened.value
    desk.page.get_by_label("Your name").fill("Ben Brook")
    desk.page.get_by_label("Password").fill(cast.PASSWORD)
    desk.button("Join").click()
    desk.page.wait_for_url(lambda url: "/join/" not in url)
    return desk.page


def _set_brand(desk: Desk) -> None:
    page = desk.page
    desk.go("Brand")
    page.get_by_label("Legal name").fill("Bluewater Systems Ltd")
    page.get_by_label("Postal address").fill("7 Quay Street, Cork, Ireland")
    page.get_by_label("Sender’s name").or_(page.locator("[name=sender_name]")).first.fill("Ben at Bluewater")
    page.locator("[name=sender_email]").fill(cast.NEWCOMER_EMAIL)
    page.locator("[name=primary_colour]").fill("#14507a")
    desk.upload(
        page.locator("[name=logo]"), {"name": "logo.svg", "mimeType": "image/svg+xml", "buffer": LOGO}
    )
    desk.button("Save the brand").click()
    expect(page.locator(".brand-logo")).to_be_visible()


def _make_campaign(desk: Desk) -> None:
    page = desk.page
    desk.go("Kits")
    picture = page.frame_locator(".kit-picture iframe").first
    expect(picture.get_by_alt_text("Bluewater Systems")).to_be_attached()
    desk.link("10:12 to 10:27").click()
    desk.button("Use this kit").click()
    expect(page.frame_locator("iframe[name=preview-1]").get_by_text("10:12").first).to_be_attached()
    page.get_by_label("Headline").fill("Ten minutes lost. Not a day.")
    expect(page.locator("[data-save-status]").first).to_contain_text("Saved")
    expect(page.frame_locator("iframe[name=preview-1]").get_by_text("Not a day.").first).to_be_attached()
    page.get_by_role("checkbox", name="German").check()
    expect(page.get_by_role("tab", name="German")).to_be_visible()
    desk.upload(page.locator("#import-file"), Path(cast.DATA / "contacts.csv"))
    desk.choose(page.locator("#import-basis"), "They opted in (double opt-in or a ticked box)")
    page.locator("#import-source").fill("Customers 2026, CRM")
    desk.button("Import and use").click()
    expect(page.locator("#check .launch-sentence")).to_contain_text("people", timeout=60_000)
    desk.button("Launch").click()
    expect(page.get_by_role("dialog")).to_contain_text("people")
    desk.confirm("Launch")
    page.wait_for_url("**/live")


def _run_again(desk: Desk) -> None:
    page = desk.page
    desk.go("Campaigns")
    desk.button("Run again").first.click()
    page.get_by_role("group", name="Lists").get_by_role("checkbox").first.check()
    expect(page.locator("#check .launch-sentence")).to_contain_text("people")
    desk.button("Launch").click()
    desk.confirm("Launch")
    page.wait_for_url("**/live")


def test_lead_becomes_a_deal_on_a_phone(
    sit: Sit, platform: Platform, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = sit(cast.PARTNER_MARKETER.email, width=390)
    page = desk.page
    desk.go("Leads")
    page.get_by_role("rowheader").get_by_role("link").first.click()
    desk.link("Register a deal").click()
    page.get_by_label("Expected amount").fill("12,500")
    page.get_by_label("Expected closing day").fill((utcnow().date() + timedelta(days=40)).isoformat())
    assert desk.overflow <= 0
    desk.button("Register the deal").click()
    expect(page.get_by_text("Waiting for a decision").first).to_be_visible()
    _told(capsys, "deal from a lead, on a phone", desk.clicks, desk.seconds)
    assert desk.clicks <= 4
    assert desk.seconds <= 120
    assert desk.overflow <= 0


def test_partner_claims_the_money_of_a_finished_campaign(
    sit: Sit, platform: Platform, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = sit(cast.PARTNER_MARKETER.email)
    page = desk.page
    task = page.get_by_role("listitem").filter(has=page.get_by_role("heading", name="Claim the costs of"))
    task.get_by_role("link", name="Claim", exact=True).click()
    bill = invoice.make("KN-2026-130", 16_000, 0)
    desk.upload(
        page.locator("[name=document]"),
        {"name": "KN-2026-130.pdf", "mimeType": "application/pdf", "buffer": bill},
    )
    page.get_by_label("Who wrote it").fill("Agentur Hafenlicht GmbH")
    page.get_by_label("Invoice number").fill("KN-2026-130")
    page.get_by_label("Invoice date").fill(utcnow().date().isoformat())
    page.get_by_label("Net amount").fill("160.00")
    desk.button("Confirm and hand in").click()
    expect(page.get_by_text("Waiting for a decision")).to_be_visible()
    _told(capsys, "claim of a finished campaign", desk.clicks, desk.seconds)
    assert desk.clicks <= 3
    expect(page.get_by_text("The dossier is complete and verified")).to_be_visible(timeout=60_000)


def test_vendor_publishes_a_mended_kit_and_sees_whom_it_reaches(
    sit: Sit, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = sit(cast.MARKETER.email)
    page = desk.page
    desk.go("Kits")
    desk.link("10:12 to 10:27").click()
    expect(page.get_by_role("heading", name="Who uses it")).to_be_visible()
    expect(page.get_by_role("row", name="Kontor Nord IT 1.1.0")).to_be_visible()
    desk.link("Upload a new version").click()
    desk.start_counting()
    field = page.locator("[name=kit]")
    broken = _zip_of("calm-backup", lambda name, data: data + b"{% if %}" if name.endswith(".mjml") else data)
    desk.upload(field, {"name": "broken.zip", "mimeType": "application/zip", "buffer": broken})
    desk.button("Upload and check").click()
    expect(page.get_by_text("from being published")).to_be_visible(timeout=60_000)
    expect(page.get_by_text("mails/announcement.mjml").first).to_be_visible()
    fresh = _zip_of(
        "calm-backup",
        lambda name, data: data.replace(b'"1.1.0"', b'"1.2.0"', 1) if name == "kit.toml" else data,
    )
    page.locator("summary", has_text="Change it").click()
    desk.link("Upload again").click()
    desk.upload(field, {"name": "calm-backup.zip", "mimeType": "application/zip", "buffer": fresh})
    desk.button("Upload and check").click()
    desk.button("Replace the draft").click()
    expect(page.get_by_text("The check found nothing to mend.")).to_be_visible(timeout=60_000)
    expect(page.get_by_text("can use it at once.").first).to_be_visible()
    desk.button("Publish").click()
    expect(page.get_by_role("dialog")).to_contain_text("can use it at once.")
    desk.confirm("Publish")
    expect(page.get_by_role("row", name=re.compile(r"^1\.2\.0"))).to_be_visible(timeout=60_000)
    expect(page.get_by_role("row", name=re.compile(r"^1\.1\.0"))).to_be_visible()
    _told(capsys, "a broken and a mended kit version", desk.clicks, desk.seconds)
    assert desk.seconds <= 120


def test_vendor_approves_a_deal_and_invites_a_partner(sit: Sit, platform: Platform) -> None:
    desk = sit(cast.MARKETER.email)
    page = desk.page
    desk.go("Deals")
    desk.link("Decide the first").click()
    customer = page.get_by_role("heading", level=1).inner_text()
    expect(page.get_by_role("heading", name="Conflicts")).to_be_visible()
    desk.button("Approve").click()
    desk.page.wait_for_load_state()
    desk.go("Deals")
    expect(page.get_by_role("row", name=customer)).to_contain_text("Approved")
    desk.go("Partners")
    desk.link("Invite a partner").click()
    page.get_by_label("Company").fill("Fjordlys Data")
    page.get_by_label("E-mail of the person who will run it").fill("ida@fjordlys.example")
    desk.button("Send the invitation").click()
    expect(page.get_by_role("heading", name="Fjordlys Data", level=1)).to_be_visible()
    expect(page.get_by_text("It went to ida@fjordlys.example")).to_be_visible()
    platform.wait("the mail", lambda _session: "ida@fjordlys.example" in _recipients(platform))


def test_vendor_sees_results_on_the_first_screen(sit: Sit) -> None:
    desk = sit(cast.MARKETER.email)
    expect(desk.page.get_by_role("heading", level=1)).to_be_visible()
    expect(desk.page.locator("main")).to_contain_text("10:12 to 10:27")
    expect(desk.page.locator("main")).to_contain_text("Kontor Nord IT")


def test_approver_decides_by_keyboard_alone_then_the_payer_pays(
    sit: Sit, platform: Platform, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = sit(cast.APPROVER.email)
    page = desk.page
    expect(page.get_by_role("heading", name="Claims", level=1)).to_be_visible()
    page.keyboard.press("Enter")
    page.wait_for_url("**/claims/clm_*")
    expect(page.get_by_text("The dossier is whole and signed").first).to_be_visible()
    first = page.url
    page.keyboard.press("a")
    page.wait_for_url(lambda url: url != first)
    _told(capsys, "decision of an all-green claim, then the next", desk.clicks, desk.seconds)
    expect(page).to_have_url(re.compile("/claims/clm_"))  # the next one is there
    assert desk.clicks == 0
    assert desk.seconds <= 60

    payer = sit(cast.PAYER.email)
    payer.go("Payments")
    payer.page.get_by_role("row").get_by_role("link").first.click()
    payer.page.get_by_label("Reference").fill("SEPA 2026-1107")
    payer.page.get_by_role("button", name=re.compile("^Record the payment")).click()
    expect(payer.page.get_by_text("Paid").first).to_be_visible()
    key = re.search("clm_[0-9a-z]+", first)
    assert key is not None
    with platform.system() as session:
        assert load(session, Claim, key[0]).state == "paid"


def test_approver_grants_a_request(sit: Sit, platform: Platform) -> None:
    with platform.acting(cast.PARTNER_MARKETER) as session:
        campaign = session.get_one(Campaign, platform.campaign_id)
        requests.submit(session, ask_for_money(session, campaign, 90_000))
    desk = sit(cast.APPROVER.email)
    page = desk.page
    desk.go("Requests")
    page.get_by_role("row").get_by_role("link").first.click()
    page.get_by_role("button", name=re.compile("^Approve")).click()
    desk.go("Requests")
    expect(page.get_by_role("row", name=re.compile("€900.00")).first).to_contain_text("Approved")


def test_operator_finds_a_failed_job_and_runs_it_again(sit: Sit, platform: Platform) -> None:
    key = fail_a_job(platform)
    desk = sit(cast.OPERATOR_PERSON.email)
    page = desk.page
    expect(page.get_by_role("row", name="Failed jobs")).to_contain_text("look here")
    desk.go("Jobs")
    expect(page.get_by_text("the object store did not answer").first).to_be_visible()
    desk.button("Run again").first.click()
    expect(page.get_by_text("The job runs again.")).to_be_visible()
    platform.wait("the job", lambda session: session.get_one(Job, key).state == "done")
    desk.go("Audit")
    page.get_by_role("searchbox").fill("job.run_again")
    page.keyboard.press("Enter")
    expect(page.get_by_role("row", name="job.run_again").first).to_contain_text(cast.OPERATOR_PERSON.name)
    desk.go("Settings")
    expect(page.get_by_role("row", name=re.compile("^TMPA_PORTAL_URL"))).to_contain_text(
        platform.settings.portal_url
    )


def test_inbox_shows_a_mail_as_a_client_would(sit: Sit, platform: Platform) -> None:
    desk = sit()
    page = desk.page
    page.goto(platform.settings.inbox_url)
    page.get_by_role("searchbox").fill("ines.brandt@kontorhaus.example")
    page.keyboard.press("Enter")
    mails = page.get_by_role("navigation", name="Mails").get_by_role("link")
    expect(mails.first).to_contain_text("ines.brandt@kontorhaus.example")
    mails.last.click()
    mail = page.frame_locator(".preview iframe")
    expect(mail.get_by_role("link").first).to_be_visible()
    width = "document.querySelector('.preview iframe').clientWidth"
    assert page.evaluate(width) >= 600
    desk.button("Phone").click()
    page.wait_for_function(f"{width} <= 400")
    page.get_by_role("tab", name="Plain text").click()
    expect(page.locator("#panel-text")).to_contain_text("Kontor Nord IT GmbH")
    page.get_by_role("tab", name="Headers").click()
    expect(page.locator("#panel-headers")).to_contain_text("List-Unsubscribe-Post")
    page.get_by_role("tab", name="Source").click()
    expect(page.locator("#panel-source")).to_contain_text("multipart/alternative")


def _recipients(platform: Platform) -> list[str]:
    return [str(mail["To"]) for mail in stage.delivered(platform.settings).values()]


def _zip_of(kit: str, change: Callable[[str, bytes], bytes]) -> bytes:
    """A shipped kit as an uploaded zip, its files changed."""
    folder = data_dir("campaigns") / kit
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            name = file.relative_to(folder).as_posix()
            archive.writestr(f"{kit}/{name}", change(name, file.read_bytes()))
    return packed.getvalue()


def _told(capsys: pytest.CaptureFixture[str], what: str, clicks: int, seconds: float) -> None:
    with capsys.disabled():
        print(f"\n    {what}: {clicks} clicks, {seconds:.0f} s", end="")
