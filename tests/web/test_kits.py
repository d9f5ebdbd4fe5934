"""The kit pages: publishing with findings, previews in frames, the partner's gallery."""

import io
import uuid

import pytest
from lxml import html

from tests.factories.accounts import member, organization, partnership
from tests.unit.kits.conftest import skeleton_files
from tests.web.conftest import Browser, SignIn
from tmpa.db import Database
from tmpa.kernel.permissions import Role
from tmpa.kernel.scope import Scope
from tmpa.kits import queries, service
from tmpa.kits.source import build_source, pack
from tmpa.settings import Settings

VENDOR, PARTNER, STRANGER = "vera@stillhaven.example", "paul@nordlicht.example", "sam@other.example"


@pytest.fixture
def vendor(database: Database, web_settings: Settings) -> uuid.UUID:
    vendor_id = organization(database, "vendor", "Stillhaven")
    member(database, web_settings, vendor_id, Role.VENDOR_MARKETER, VENDOR)
    partner_id = organization(database, "partner", "Nordlicht IT")
    partnership(database, vendor_id, partner_id)
    member(database, web_settings, partner_id, Role.PARTNER_MARKETER, PARTNER, (vendor_id,))
    member(database, web_settings, organization(database, "vendor", "Other"), Role.VENDOR_MARKETER, STRANGER)
    return vendor_id


def upload(browser: Browser, data: bytes, notes: str = "") -> object:
    return browser.post(
        "/kits/publish",
        {"kit": (io.BytesIO(data), "kit.zip"), "notes": notes},
        content_type="multipart/form-data",
    )


def test_a_vendor_publishes_a_zip_and_sees_it(vendor: uuid.UUID, sign_in: SignIn, database: Database) -> None:
    browser = sign_in(VENDOR)
    assert "No kit yet" in browser.get("/kits").text
    answer = upload(browser, pack(build_source(skeleton_files())), "Our first")
    assert answer.status_code == 303, answer.text
    page = browser.get(answer.headers["Location"]).text
    assert "A short name for the campaign 0.1.0 is published." in page
    assert "Our first" in page
    assert "100%" in page
    root = html.document_fromstring(page)
    frame = root.xpath("//iframe/@src")[0]
    shown = browser.get(frame)
    assert "A headline that says what changes" in shown.text
    assert "frame-ancestors 'self'" in shown.headers["Content-Security-Policy"]
    assert "script-src" not in shown.headers["Content-Security-Policy"]
    tile = html.document_fromstring(browser.get("/kits").text)
    assert len(tile.xpath("//li[@class='kit']//iframe")) == 2
    for link in root.xpath("//td/a[contains(@href, 'piece=')]/@href"):
        assert browser.get(link).status_code == 200
        target = html.document_fromstring(browser.get(link).text).xpath("//iframe/@src")[0]
        assert browser.get(target).status_code == 200


def test_findings_are_shown_and_nothing_is_published(
    vendor: uuid.UUID, sign_in: SignIn, database: Database
) -> None:
    files = skeleton_files()
    files["mails/announcement.mjml"] = files["mails/announcement.mjml"].replace(
        b"{{ recipient.greeting }}", b"{{ slot.nothing }}"
    )
    browser = sign_in(VENDOR)
    source = build_source(files)
    answer = upload(browser, pack(source))
    assert answer.status_code == 422
    line = next(
        n for n, t in enumerate(source.text("mails/announcement.mjml").splitlines(), 1) if "nothing" in t
    )
    assert f"mails/announcement.mjml:{line}" in answer.text
    assert "There is no slot.nothing." in answer.text
    with database.unit_of_work(Scope.system(), write=False) as session:
        assert queries.kits(session) == []


@pytest.mark.parametrize(
    ("data", "says"), [(b"no zip", "not a zip that can be read"), (b"", "Choose a zip file")]
)
@pytest.mark.backends("sqlite")
def test_what_is_no_kit_is_refused(vendor: uuid.UUID, sign_in: SignIn, data: bytes, says: str) -> None:
    browser = sign_in(VENDOR)
    if data:
        answer = upload(browser, data)
    else:
        answer = browser.post("/kits/publish", {}, content_type="multipart/form-data")
    assert answer.status_code == 422
    assert says in answer.text


def published(database: Database, services: object, vendor: uuid.UUID) -> tuple[str, str]:
    with database.unit_of_work(Scope("vendor", vendor)) as session:
        store = services.store  # type: ignore[attr-defined]
        version = service.publish(session, store, build_source(skeleton_files()), findings=[])
        return version.public_id, version.kit.public_id


def test_a_partner_chooses_from_the_gallery(
    vendor: uuid.UUID, sign_in: SignIn, database: Database, services: object
) -> None:
    version, _kit = published(database, services, vendor)
    browser = sign_in(PARTNER)
    gallery = html.document_fromstring(browser.get("/kits", follow_redirects=True).text)
    frames = gallery.xpath("//li[@class='kit']//iframe/@src")
    assert len(frames) == 2
    mail = browser.get(frames[0]).text
    assert "Nordlicht IT" in mail
    offer = browser.get(gallery.xpath("//li[@class='kit']//h2/a/@href")[0])
    assert offer.status_code == 200
    assert "Use this kit" in offer.text
    for frame in html.document_fromstring(offer.text).xpath("//iframe/@src"):
        assert browser.get(frame).status_code == 200
    pdf = browser.get(f"/kits/preview/{version}/onepager/en.pdf")
    assert pdf.data.startswith(b"%PDF")
    assert browser.get(f"/kits/preview/{version}/onepager/xx").status_code == 404
    assert browser.get(f"/kits/preview/{version}/nothing/en").status_code == 404


def test_a_withdrawn_kit_leaves_the_gallery(
    vendor: uuid.UUID, sign_in: SignIn, database: Database, services: object
) -> None:
    version, kit = published(database, services, vendor)
    browser = sign_in(VENDOR)
    empty = browser.post(f"/kits/{kit}/withdraw", {"version": version, "reason": ""})
    assert empty.status_code == 422
    assert "Say why" in empty.text
    assert (
        browser.post(f"/kits/{kit}/withdraw", {"version": version, "reason": "Old price."}).status_code == 303
    )
    assert "Withdrawn" in browser.get(f"/kits/{kit}").text
    assert "No kit to choose from yet" in sign_in(PARTNER).get("/kits/gallery").text


@pytest.mark.backends("sqlite")
def test_strangers_find_nothing(
    vendor: uuid.UUID, sign_in: SignIn, anybody: Browser, database: Database, services: object
) -> None:
    version, kit = published(database, services, vendor)
    stranger = sign_in(STRANGER)
    for path in (
        f"/kits/{kit}",
        f"/kits/preview/{version}/announcement/en",
        f"/kits/preview/{version}/onepager/en.pdf",
    ):
        assert stranger.get(path).status_code == 404
        assert anybody.get(path).status_code == 303
    assert stranger.post(f"/kits/{kit}/withdraw", {"version": version, "reason": "x"}).status_code == 404
    assert sign_in(PARTNER).get("/kits/publish").status_code == 404
    assert "A short name" not in stranger.get("/kits").text
