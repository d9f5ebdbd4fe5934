"""Pictures in slots over HTTP: uploaded, chosen, cut, described, shown; nobody else's."""

import io
import random
import re
from pathlib import Path
from typing import Any

import pytest
from lxml import html
from PIL import Image
from playwright.sync_api import Browser as Chromium

from tests.factories.campaigns import Stage, run_jobs, stage
from tests.unit.kits.conftest import skeleton_files
from tests.web.conftest import Browser, SignIn
from tests.web.test_campaign_in_a_browser import Person
from tests.web.test_campaign_in_a_browser import address as address  # a fixture
from tmpa.campaigns.models import Campaign, CampaignPiece
from tmpa.kernel.http import Services
from tmpa.kernel.scope import Scope
from tmpa.kits.service import publish
from tmpa.kits.source import build_source

pytestmark = pytest.mark.backends("sqlite")
FIELD = "slot-all-photo"


def picture(width: int = 1600, height: int = 1200, kind: str = "JPEG", seed: int = 1) -> bytes:
    """A picture with the colours of a photograph; red at the left, blue at the right."""
    noise = Image.frombytes("L", (32, 24), random.Random(seed).randbytes(32 * 24)).resize((width, height))
    left = Image.linear_gradient("L").rotate(90).resize((width, height))
    out = io.BytesIO()
    image = Image.merge("RGB", (left.point(lambda value: 255 - value), noise, left))
    exif = Image.Exif()
    exif[0x010E] = "SECRET-PLACE"
    image.save(out, kind, exif=exif) if kind == "JPEG" else image.save(out, kind)
    return out.getvalue()


@pytest.fixture
def on(services: Services) -> Stage:
    made = stage(services, brand=True)
    files = skeleton_files()
    before, _photo, after = re.split(
        r'(label = "A picture of your team"\n[^\[]*)', files["kit.toml"].decode()
    )
    photo = 'label = "A picture of your team"\nratio = "16:9"\nmin_width = 300\n\n'
    files["kit.toml"] = f"{before}{photo}{after}".encode()
    with services.database.unit_of_work(made.vendor.scope) as session:
        version = publish(session, services.store, build_source(files), findings=[])
        object.__setattr__(made, "version_id", version.id)
    return made


@pytest.fixture
def partner(on: Stage, sign_in: SignIn) -> Browser:
    return sign_in(on.partner.email)


@pytest.fixture
def draft(on: Stage) -> str:
    return f"/campaigns/{on.campaign()}"


def send(browser: Browser, path: str, data: dict[str, Any] | None = None, **options: Any) -> Any:
    """Post a form with a token that is fetched once: these tests send many."""
    if "csrf" not in vars(browser):
        vars(browser)["csrf"] = browser.token("/people")
    return browser.client.post(path, data={"csrf_token": vars(browser)["csrf"], **(data or {})}, **options)


def upload(browser: Browser, draft: str, data: bytes, name: str = "team.jpg", **fields: Any) -> Any:
    """Choose a file as the page's script does."""
    form = {f"{FIELD}-file": (io.BytesIO(data), name), f"{FIELD}-picture": "", **fields}
    return send(browser, f"{draft}/pictures/photo", form, content_type="multipart/form-data")


def kept(on: Stage, draft: str) -> dict[str, Any]:
    value: dict[str, Any] = on.load(draft.rsplit("/", 1)[1]).slots["*"]["photo"]
    return value


def shown(browser: Browser, address: str) -> Image.Image:
    answer = browser.get(address[address.index("/p/") :])
    assert answer.status_code == 200
    assert b"SECRET" not in answer.data
    return Image.open(io.BytesIO(answer.data))


def chosen(on: Stage, draft: str, alt: str = "Our team", **more: str) -> dict[str, str]:
    """The fields as the page sends them back."""
    return {f"{FIELD}-picture": kept(on, draft)["picture"], f"{FIELD}-alt-en": alt, **more}


def test_an_uploaded_picture_is_cut_for_its_slot_and_shown_at_once(
    on: Stage, draft: str, partner: Browser
) -> None:
    answer = upload(partner, draft, picture())
    assert answer.status_code == 200 and answer.headers["HX-Trigger-After-Swap"] == "saved"
    assert "Say what the picture shows" in answer.text  # not described yet, so not in the pieces yet
    field = html.fragment_fromstring(answer.text)
    assert field.get("id") == FIELD
    assert field.xpath("//input[@type='radio'][@checked]/@value") == [kept(on, draft)["picture"]]
    small = partner.get(field.xpath("//img/@src")[0])
    assert small.status_code == 200 and Image.open(io.BytesIO(small.data)).size == (640, 480)

    answer = send(partner, f"{draft}/save", chosen(on, draft))
    assert answer.json["errors"] == {}
    preview = partner.get(f"{draft}/preview/announcement").text
    address = re.search(r'<img[^>]* src="([^"]*/p/assets/[0-9a-f]{64}\.jpg)"', preview)
    assert address and 'alt="Our team"' in preview
    cut = shown(partner, address[1])
    assert cut.size == (600, 338) and cut.format == "JPEG"
    assert address[1] in partner.get(f"{draft}/preview/landing").text


def test_the_middle_decides_what_is_shown(on: Stage, draft: str, partner: Browser) -> None:
    upload(partner, draft, picture(2000, 300))
    found = {}
    for across in ("0", "100"):
        send(partner, f"{draft}/save", chosen(on, draft, **{f"{FIELD}-x": across, f"{FIELD}-y": "50"}))
        value = kept(on, draft)
        assert value["focal"] == [int(across) / 100, 0.5] and value["crop"] == "16:9@300"
        red, _green, blue = shown(partner, value["url"]).resize((1, 1)).getpixel((0, 0))  # type: ignore[misc]
        found[across] = red > blue
    assert found == {"0": True, "100": False}
    send(partner, f"{draft}/save", chosen(on, draft, **{f"{FIELD}-x": "junk", f"{FIELD}-y": "900"}))
    assert kept(on, draft)["focal"] == [0.5, 1.0]


def test_a_picture_too_small_for_the_cut_is_refused_with_the_figures(
    on: Stage, draft: str, partner: Browser
) -> None:
    answer = upload(partner, draft, picture(280, 400))
    assert "280 × 400 pixels; the kit needs 300 across" in answer.text
    answer = upload(partner, draft, picture(800, 150))
    assert "cut to 16:9, 267 are left across, and the kit needs 300" in answer.text
    assert html.fragment_fromstring(answer.text).xpath("//input[@type='file']/@aria-invalid") == ["true"]
    assert "url" not in kept(on, draft)
    page = partner.get(draft)
    assert "267 are left across" in page.text
    assert "missing before you can launch" in page.text


def test_files_that_are_no_picture_are_refused_beside_the_field(
    on: Stage, draft: str, partner: Browser
) -> None:
    for data, says in ((b"GIF89a no", "not a PNG, JPEG or WebP"), (picture()[:9000], "damaged")):
        answer = upload(partner, draft, data)
        assert answer.status_code == 422 and says in answer.text
    assert on.load(draft.rsplit("/", 1)[1]).slots == {}


def test_without_script_the_whole_form_brings_the_picture(on: Stage, draft: str, partner: Browser) -> None:
    form = {
        f"{FIELD}-file": (io.BytesIO(picture(kind="WEBP")), "team.webp"),
        f"{FIELD}-picture": "",
        "name": "Mine",
    }
    assert send(partner, draft, form, content_type="multipart/form-data").status_code == 303
    assert kept(on, draft)["picture"].startswith("pic_")
    form = {f"{FIELD}-file": (io.BytesIO(b"nonsense"), "x.png"), f"{FIELD}-picture": ""}
    answer = send(partner, draft, form, content_type="multipart/form-data")
    assert answer.status_code == 422 and "not a PNG, JPEG or WebP" in answer.text


def test_pictures_serve_the_next_campaign_too(on: Stage, draft: str, partner: Browser) -> None:
    words = {f"{FIELD}-alt-en": "Our team"}
    upload(partner, draft, picture(), **words)
    upload(partner, draft, picture(), **words)  # the same again is the same
    assert kept(on, draft)["alt"] == {"en": "Our team"}
    upload(partner, draft, picture(seed=2), **words)
    assert kept(on, draft)["alt"] == {}  # words about another picture
    second = f"/campaigns/{on.campaign()}"
    page = html.document_fromstring(partner.get(second).text)
    offered = page.xpath(f"//input[@name='{FIELD}-picture']/@value")
    assert len(offered) == 3 and offered[0] == "" and kept(on, draft)["picture"] in offered
    fields = {f"{FIELD}-picture": offered[2], f"{FIELD}-decorative": "1", "gallery": "open"}
    answer = send(partner, f"{second}/pictures/photo", fields)
    assert answer.status_code == 200 and '<details class="disclosure" open>' in answer.text
    value = kept(on, second)
    assert value["decorative"] is True and value["focal"] == [0.5, 0.5]
    assert 'alt=""' in partner.get(f"{second}/preview/announcement").text
    send(partner, f"{second}/save", {f"{FIELD}-picture": ""})
    assert on.load(second.rsplit("/", 1)[1]).slots == {}


def test_nobody_elses_picture_and_no_other_sites(
    on: Stage, draft: str, partner: Browser, sign_in: SignIn
) -> None:
    upload(partner, draft, picture())
    theirs = kept(on, draft)["picture"]
    rival = sign_in(on.rival.email)
    other = f"/campaigns/{on.campaign(on.rival)}"
    assert rival.get(f"/pictures/{theirs}").status_code == 404
    assert send(rival, f"{draft}/pictures/photo").status_code == 404
    for wanted in (theirs, "pic_00000000000000000000000000", "https://evil.example/x.png", "kept", "../x"):
        answer = send(rival, f"{other}/save", {f"{FIELD}-picture": wanted, f"{FIELD}-alt-en": "x", f"{FIELD}-url": "https://evil.example/x.png"},
        )  # fmt: skip
        if wanted != "kept":
            assert "isn't among yours" in answer.json["errors"][f"{FIELD}-file"], wanted
        assert "evil.example" not in rival.get(f"{other}/preview/announcement").text
    assert "url" not in on.load(other.rsplit("/", 1)[1]).slots.get("*", {}).get("photo", {})
    assert send(rival, f"{other}/pictures/headline").status_code == 404


def test_a_launched_campaign_takes_its_pictures_along(
    on: Stage, draft: str, partner: Browser, services: Services
) -> None:
    upload(partner, draft, picture())
    fields = {**chosen(on, draft), "lists-shown": on.list, "lists": on.list, "when": "now"}
    answer = send(partner, f"{draft}/launch", fields)
    assert answer.status_code == 303, re.findall(r'class="error".*', answer.text)
    run_jobs(services)
    with services.database.unit_of_work(Scope.system(), write=False) as session:
        pieces = {each.kind: each for each in session.query(CampaignPiece)}
        assert kept(on, draft)["url"] in services.store.get(pieces["mail"].object_key).decode()
    answer = upload(partner, draft, picture(seed=3))
    assert answer.status_code == 422 and "launched" in answer.text


def test_an_address_from_before_there_were_pictures_stays_until_another_is_chosen(
    on: Stage, draft: str, partner: Browser, services: Services
) -> None:
    upload(partner, draft, picture())
    address = kept(on, draft)["url"]
    with services.database.unit_of_work(on.partner.scope) as session:
        session.query(Campaign).one().slots = {"*": {"photo": {"url": address, "alt": "Old words"}}}
    page = html.document_fromstring(partner.get(draft).text)
    assert page.xpath(f"//input[@name='{FIELD}-picture'][@checked]/@value") == ["kept"]
    assert page.get_element_by_id(f"{FIELD}-alt-en").get("value") == "Old words"
    send(partner, f"{draft}/save", {f"{FIELD}-picture": "kept", f"{FIELD}-alt-en": "New words"})
    assert kept(on, draft) == {"url": address, "alt": {"en": "New words"}}
    assert 'alt="New words"' in partner.get(f"{draft}/preview/announcement").text


def test_texts_come_with_the_servers_count(on: Stage, draft: str, partner: Browser) -> None:
    family = "👩‍👩‍👧‍👦"
    answer = send(partner, f"{draft}/save", {"slot-en-headline": f"  {family} and\u200b us "})
    assert answer.json["counts"] == {"slot-en-headline": 8}
    page = html.document_fromstring(partner.get(draft).text)
    [line] = page.xpath("//p[@data-count-for='slot-en-headline']")
    assert line.text_content() == "8 / 80" and line.get("data-limit") == "80"


def test_mouse_keyboard_and_count_in_a_browser(
    on: Stage, draft: str, address: str, chromium: Chromium, tmp_path: Path
) -> None:
    team = tmp_path / "team.jpg"
    team.write_bytes(picture(2000, 300))
    person = Person(chromium, address)
    person.sign_in(on.partner.email)
    page = person.page
    page.goto(f"{address}{draft}")
    page.fill("#slot-en-headline", "Typed just before")  # its saving is under way when the picture comes
    page.set_input_files(f"#{FIELD}-file", team)
    stage_box = page.locator(".focal-stage.is-live")
    stage_box.wait_for()
    with page.expect_response("**/save"):
        page.fill(f"#{FIELD}-alt-en", "Our team")
    box = stage_box.bounding_box()
    assert box is not None
    with page.expect_response("**/save"):
        stage_box.click(position={"x": box["width"] * 0.8, "y": box["height"] * 0.5})
    across = page.locator(f"#{FIELD}-x")
    assert across.input_value() == "80"
    with page.expect_response("**/save"):
        across.press("ArrowRight")
    value = kept(on, draft)
    assert value["focal"][0] == 0.81 and value["alt"] == {"en": "Our team"} and "url" in value
    count = page.locator("[data-count-for=slot-en-headline]")
    with page.expect_response("**/save"):
        page.fill("#slot-en-headline", "  👩‍👩‍👧‍👦 e\u0301\u200b  ok ")
        assert count.text_content() == "6 / 80"
    assert count.text_content() == "6 / 80"
    assert on.load(draft.rsplit("/", 1)[1]).slots["*"]["photo"]["picture"] == value["picture"]
    assert person.axe() == []
