"""The kit pages: publishing with findings, previews in frames, the partner's gallery."""

import io
import uuid
from typing import Any

import pytest
import time_machine
from lxml import html

from tests.factories.accounts import member, organization, partnership
from tests.factories.campaigns import run_jobs
from tests.unit.kits.conftest import skeleton_files
from tests.web.conftest import Browser, SignIn
from tmpa.campaigns.models import Campaign
from tmpa.db import Database
from tmpa.kernel.http import Services
from tmpa.kernel.permissions import Role
from tmpa.kernel.scope import Scope
from tmpa.kits import drafts, queries, service
from tmpa.kits.models import KitDraft, KitVersion
from tmpa.kits.source import build_source, pack, read_zip
from tmpa.partners.models import Partnership
from tmpa.settings import Settings
from workers.jobs import REGISTRY

pytestmark = pytest.mark.backends("sqlite")

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


def upload(browser: Browser, data: bytes, notes: str = "") -> Any:
    return browser.post(
        "/kits/publish",
        {"kit": (io.BytesIO(data), "kit.zip"), "notes": notes},
        content_type="multipart/form-data",
    )


def hidden(page: str, form: str) -> dict[str, str]:
    """The hidden fields of the form whose address ends in `form`."""
    fields = html.document_fromstring(page).xpath(
        f"//form[contains(@action, '{form}')]//input[@type='hidden']"
    )
    return {field.name: field.value for field in fields}


def changed(*replacements: tuple[bytes, bytes], file: str = "kit.toml") -> bytes:
    """The small kit, zipped, with some bytes replaced in one file."""
    files = skeleton_files()
    for old, new in replacements:
        assert old in files[file], old
        files[file] = files[file].replace(old, new)
    return pack(build_source(files))


def test_a_vendor_uploads_sees_and_publishes(vendor: uuid.UUID, sign_in: SignIn, services: Services) -> None:
    browser = sign_in(VENDOR)
    assert "No kit yet" in browser.get("/kits").text
    answer = upload(browser, pack(build_source(skeleton_files())), "Our first")
    assert answer.status_code == 303, answer.text
    draft = answer.headers["Location"]
    page = browser.get(draft).text
    assert "The kit is being checked" in page and 'data-poll="' in page and "<iframe" not in page
    assert "1 partner can use it at once." in page and "Nordlicht IT" in page
    part = browser.get(f"{draft}/check")
    assert "HX-Refresh" not in part.headers
    assert browser.get(f"{draft}/preview/announcement/en").status_code == 404  # not before it is checked
    assert run_jobs(services) == ["kits.check_draft"]
    assert browser.get(f"{draft}/check").headers["HX-Refresh"] == "true"
    page = browser.get(draft).text
    assert "The check found nothing to mend." in page and "Our first" in page
    for frame in html.document_fromstring(page).xpath("//iframe/@src"):
        assert browser.get(frame).status_code == 200
    fields = hidden(page, "/publish")
    assert browser.post(f"{draft}/publish", {"content_hash": "0" * 64}).status_code == 422
    done = browser.post(f"{draft}/publish", {**fields, "notes": "The first one"})
    assert done.status_code == 303
    page = browser.get(done.headers["Location"]).text
    assert "A short name for the campaign 0.1.0 is published." in page
    assert "The first one" in page and "100%" in page
    assert browser.get(draft).status_code == 404
    shown = browser.get(html.document_fromstring(page).xpath("//iframe/@src")[0])
    assert "A headline that says what changes" in shown.text
    assert "frame-ancestors 'self'" in shown.headers["Content-Security-Policy"]
    assert "script-src" not in shown.headers["Content-Security-Policy"]
    tile = html.document_fromstring(browser.get("/kits").text)
    assert len(tile.xpath("//li[@class='kit']//iframe")) == 2


def test_findings_are_shown_by_file_and_nothing_is_published(
    vendor: uuid.UUID, sign_in: SignIn, services: Services
) -> None:
    browser = sign_in(VENDOR)
    path = "mails/announcement.mjml"
    data = changed((b"{{ recipient.greeting }}", b"{{ slot.nothing }}"), file=path)
    draft = upload(browser, data).headers["Location"]
    run_jobs(services)
    page = browser.get(draft).text
    line = next(n for n, t in enumerate(read_zip(data).text(path).splitlines(), 1) if "nothing" in t)
    assert f"{path}:{line}" in page
    assert "There is no slot.nothing." in page and "it from being published" in page
    link = html.document_fromstring(page).xpath("//section[@id='findings']//a/@href")[0]
    rules, _hash, rule = link.partition("#")
    assert html.document_fromstring(browser.get(rules).text).get_element_by_id(rule) is not None
    broken = browser.get(f"{draft}/preview/announcement/en")
    assert broken.status_code == 200 and "There is no slot.nothing." in broken.text
    refused = browser.post(f"{draft}/publish", {"content_hash": read_zip(data).content_hash})
    assert refused.status_code == 422
    with services.database.unit_of_work(Scope.system(), write=False) as session:
        assert queries.kits(session) == []
    assert browser.post(f"{draft}/discard").status_code == 303
    assert browser.get(draft).status_code == 404


def test_an_upload_asks_before_it_replaces_a_draft(
    vendor: uuid.UUID, sign_in: SignIn, services: Services
) -> None:
    browser = sign_in(VENDOR)
    draft = upload(browser, pack(build_source(skeleton_files()))).headers["Location"]
    assert (
        upload(browser, pack(build_source(skeleton_files()))).headers["Location"] == draft
    )  # the same files
    asked = upload(browser, changed((b"A short name", b"Another name")))
    assert asked.status_code == 200 and "There is a draft already" in asked.text
    assert "A short name" in browser.get(draft).text
    assert browser.post(f"{draft}/replace", {"upload": "0" * 64}).status_code == 404
    assert browser.post(f"{draft}/replace", hidden(asked.text, "/replace")).status_code == 303
    assert "Another name" in browser.get(draft).text


def test_a_new_version_says_what_changed_and_whom_it_reaches(
    vendor: uuid.UUID, sign_in: SignIn, database: Database, services: Services
) -> None:
    version, kit = published(database, services, vendor)
    assert sign_in(PARTNER).post("/campaigns", {"kit_version": version}).status_code == 303
    browser = sign_in(VENDOR)
    data = changed((b'"0.1.0"', b'"0.2.0"'), (b"max_length = 80", b"max_length = 60"))
    page = browser.get(upload(browser, data).headers["Location"]).text
    assert "What changed since version 0.1.0" in page and "Headline" in page
    assert "1 campaign in preparation is offered the move to it." in page
    opened = browser.post(f"/kits/{kit}/draft", {"version": version})
    assert "0.2.0" in browser.get(opened.headers["Location"]).text  # the draft that there is


def test_a_version_is_opened_changed_and_gets_a_number(
    vendor: uuid.UUID, sign_in: SignIn, database: Database, services: Services
) -> None:
    version, kit = published(database, services, vendor)
    browser = sign_in(VENDOR)
    draft = browser.post(f"/kits/{kit}/draft", {"version": version}).headers["Location"]
    assert "Nothing is changed yet" in browser.get(draft).text
    with database.unit_of_work(Scope("vendor", vendor)) as session:
        row = session.query(KitDraft).one()
        files = {"notes.md": b"# Notes"}
        drafts.keep_findings(row, drafts.save(session, services.store, row, row.revision, files), [])
    page = browser.get(draft).text
    assert "Version 0.1.0 is published with other content." in page and 'value="0.2.0"' in page
    bad = browser.post(f"{draft}/number", {"version": "two"})
    assert bad.status_code == 422 and "three numbers" in bad.text
    assert browser.post(f"{draft}/number", {"version": "0.2.0"}).status_code == 303
    with database.unit_of_work(Scope("vendor", vendor), write=False) as session:
        source = drafts.draft_source(services.store, session.query(KitDraft).one())
    before = build_source(skeleton_files()).text("kit.toml")
    assert source.text("kit.toml") == before.replace('version = "0.1.0"', 'version = "0.2.0"')


def test_pictures_are_chosen_by_row_column_brand_and_device(
    vendor: uuid.UUID, sign_in: SignIn, database: Database, services: Services
) -> None:
    _version, kit = published(database, services, vendor)
    browser = sign_in(VENDOR)

    def frames(query: str) -> list[str]:
        return html.document_fromstring(browser.get(f"/kits/{kit}{query}").text).xpath("//iframe/@src")

    pieces = len(build_source(skeleton_files()).manifest.pieces)
    assert len(frames("")) == pieces
    assert len(frames("?show=piece:announcement&brand=bare&device=phone")) == 2
    own = frames("?show=locale:de&brand=own&name=Sternwarte%20AG&colour=%23aa0000&piece=announcement")
    assert "Sternwarte AG" in browser.get(own[-1]).text
    assert "Donaudampf" in browser.get(frames("?brand=long&piece=announcement")[-1]).text
    for nonsense in ("?show=piece:x&brand=y&device=z&piece=p&locale=l", "?brand=own&colour=red&name=%3Cb%3E"):
        assert browser.get(frames(nonsense)[0]).status_code == 200


@pytest.mark.parametrize(
    ("data", "says"), [(b"no zip", "not a zip that can be read"), (b"", "Choose a zip file")]
)
def test_what_is_no_kit_is_refused(vendor: uuid.UUID, sign_in: SignIn, data: bytes, says: str) -> None:
    browser = sign_in(VENDOR)
    if data:
        answer = upload(browser, data)
    else:
        answer = browser.post("/kits/publish", {}, content_type="multipart/form-data")
    assert answer.status_code == 422
    assert says in answer.text


def published(
    database: Database, services: Services, vendor: uuid.UUID, extra: bytes = b""
) -> tuple[str, str]:
    files = skeleton_files()
    files["kit.toml"] = files["kit.toml"].replace(b"accent = ", extra + b"accent = ")
    with database.unit_of_work(Scope("vendor", vendor)) as session:
        version = service.publish(session, services.store, build_source(files), findings=[])
        return version.public_id, version.kit.public_id


def test_a_partner_chooses_from_the_gallery(
    vendor: uuid.UUID, sign_in: SignIn, database: Database, services: Services
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


def test_who_does_not_qualify_sees_why_and_begins_nothing(
    vendor: uuid.UUID, sign_in: SignIn, database: Database, services: Services
) -> None:
    version, _kit = published(database, services, vendor, b'tiers = ["Gold"]\n')
    browser = sign_in(PARTNER)
    gallery = browser.get("/kits/gallery").text
    assert "For other partners" in gallery and "For Gold partners." in gallery
    offer = browser.get(f"/kits/offer/{version}")
    assert offer.status_code == 200
    assert "For Gold partners." in offer.text and "Use this kit" not in offer.text
    assert browser.post("/campaigns", {"kit_version": version}).status_code == 422
    with database.unit_of_work(Scope.system(), write=False) as session:
        place = f"/partners/{session.query(Partnership).one().public_id}"
    typed = {"tier": "gold", "territory": "", "certifications": "Backup  Pro, backup pro, , Cloud"}
    maker = sign_in(VENDOR)
    assert maker.post(f"{place}/place", typed, page=place).status_code == 303
    assert 'value="Backup Pro, Cloud"' in maker.get(place).text
    assert "For other partners" not in browser.get("/kits/gallery").text
    assert browser.post("/campaigns", {"kit_version": version}).status_code == 303


def test_a_withdrawal_names_campaigns_and_does_what_was_chosen(
    vendor: uuid.UUID, sign_in: SignIn, database: Database, services: Services
) -> None:
    version, kit = published(database, services, vendor)
    browser, partner = sign_in(VENDOR), sign_in(PARTNER)
    campaign = partner.post("/campaigns", {"kit_version": version}).headers["Location"]
    with database.unit_of_work(Scope.system()) as session:
        row = session.query(Campaign).one()
        row.state, row.name = "running", "Autumn"
    page = browser.get(f"/kits/{kit}/withdraw?version={version}").text
    assert "Autumn" in page and "Nordlicht IT" in page and "you choose what becomes of them" in page
    empty = browser.post(f"/kits/{kit}/withdraw", {"version": version, "reason": "", "what": "stop"})
    assert empty.status_code == 422 and "Say why" in empty.text
    answer = browser.post(
        f"/kits/{kit}/withdraw", {"version": version, "reason": "Old price.", "what": "stop"}
    )
    assert answer.status_code == 303
    assert "Withdrawn" in browser.get(f"/kits/{kit}").text
    assert "sending.leave_withdrawn" in run_jobs(services)
    live = partner.get(f"{campaign}/live").text
    assert "The vendor has stopped this campaign" in live and "Old price." in live
    assert "No kit to choose from yet" in partner.get("/kits/gallery").text
    assert browser.post(f"/kits/{kit}/withdraw", {"version": version, "reason": "x"}).status_code == 422


def test_a_version_expires_by_hand_and_by_its_day(
    vendor: uuid.UUID, sign_in: SignIn, database: Database, services: Services
) -> None:
    version, kit = published(database, services, vendor)
    browser = sign_in(VENDOR)
    assert browser.post(f"/kits/{kit}/withdraw", {"version": version, "what": "expire"}).status_code == 303
    assert "has expired" in browser.get(f"/kits/{kit}").text
    with database.unit_of_work(Scope("vendor", vendor)) as session:
        later = read_zip(
            changed((b'"0.1.0"', b'"0.2.0"'), (b"accent = ", b"valid_until = 2027-05-01\naccent = "))
        )
        service.publish(session, services.store, later, findings=[])
    REGISTRY["kits.expire_overdue"](services)
    with time_machine.travel("2027-05-02T00:30:00Z", tick=False):
        REGISTRY["kits.expire_overdue"](services)
    with database.unit_of_work(Scope.system(), write=False) as session:
        assert [each.state for each in session.query(KitVersion)] == ["expired", "expired"]


def test_strangers_find_nothing(
    vendor: uuid.UUID, sign_in: SignIn, anybody: Browser, database: Database, services: Services
) -> None:
    version, kit = published(database, services, vendor)
    stranger = sign_in(STRANGER)
    for path in (
        f"/kits/{kit}",
        f"/kits/{kit}/withdraw",
        f"/kits/preview/{version}/announcement/en",
        f"/kits/preview/{version}/onepager/en.pdf",
    ):
        assert stranger.get(path).status_code == 404
        assert anybody.get(path).status_code == 303
    assert stranger.post(f"/kits/{kit}/withdraw", {"version": version, "reason": "x"}).status_code == 404
    assert sign_in(PARTNER).get("/kits/publish").status_code == 404
    assert "A short name" not in stranger.get("/kits").text
