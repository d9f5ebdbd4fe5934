"""The campaign page over HTTP: what is typed is kept, what is wrong is said beside it, a launch does what it says."""

import io
import re
from typing import Any

import pytest
from lxml import html
from PIL import Image

from tests.factories.campaigns import Stage, run_jobs, stage
from tests.web.conftest import Browser, SignIn
from tmpa.campaigns.models import Campaign, CampaignPiece
from tmpa.kernel.http import Services
from tmpa.kernel.scope import Scope
from tmpa.sending.models import Recipient

pytestmark = pytest.mark.backends("sqlite")


@pytest.fixture
def on(services: Services) -> Stage:
    return stage(services)


@pytest.fixture
def partner(on: Stage, sign_in: SignIn) -> Browser:
    return sign_in(on.partner.email)


@pytest.fixture
def draft(on: Stage) -> str:
    return f"/campaigns/{on.campaign()}"


def tree(answer: Any) -> Any:
    return html.document_fromstring(answer.text)


def error_at(answer: Any, field: str) -> str:
    """The sentence beside a field, found as a screen reader finds it."""
    page = tree(answer)
    control = page.get_element_by_id(field)
    assert control.get("aria-invalid") == "true"
    parts = [page.get_element_by_id(part) for part in control.get("aria-describedby").split()]
    return " ".join(part.text_content().strip() for part in parts if "error" in part.get("class"))


def test_using_a_kit_makes_a_draft_with_everything_filled_in(on: Stage, partner: Browser) -> None:
    made = partner.post("/campaigns", {"kit_version": on.kit_version, "locale": "de"})
    assert made.status_code == 303
    page = tree(partner.get(made.headers["Location"]))
    assert "10:12" in page.get_element_by_id("slot-de-headline").text_content()
    campaign = on.load(made.headers["Location"].rsplit("/", 1)[1])
    assert campaign.locales == ["de"] and campaign.brand_id is not None
    assert [(step.name, step.day, step.only) for step in campaign.steps] == [
        ("announcement", 0, ""),
        ("reminder", 3, "not_clicked"),
    ]
    assert re.fullmatch(r"calm-backup-[0-9a-z]{10}", campaign.slug)


@pytest.mark.parametrize(
    "part",
    ["", "/check", "/people", "/preview", "/preview?show=onepager", "/preview/announcement", "/preview/reminder?bare",
     "/preview/landing", "/preview/linkedin", "/preview/onepager"],
)  # fmt: skip
def test_every_part_of_the_page_answers(draft: str, partner: Browser, part: str) -> None:
    assert partner.get(draft + part).status_code == 200


def test_the_pdf_is_a_pdf(draft: str, partner: Browser) -> None:
    answer = partner.get(f"{draft}/document/onepager?locale=ja")
    assert answer.content_type == "application/pdf" and answer.data.startswith(b"%PDF")
    assert partner.get(f"{draft}/document/announcement").status_code == 404


def test_previews_may_run_nothing_and_be_framed_by_us_alone(draft: str, partner: Browser) -> None:
    policy = partner.get(f"{draft}/preview/landing").headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "sandbox" in policy and "frame-ancestors 'self'" in policy
    assert "script-src" not in policy and "allow-scripts" not in policy


def test_unknown_pieces_and_languages_are_not_found(draft: str, partner: Browser) -> None:
    assert partner.get(f"{draft}/preview/nothing").status_code == 404
    assert partner.get(f"{draft}/preview/landing?locale=xx").status_code == 404


def test_autosave_keeps_what_was_typed_and_says_what_is_wrong(
    draft: str, on: Stage, partner: Browser
) -> None:
    answer = partner.post(
        f"{draft}/save",
        {
            "slot-en-headline": "Fine",
            "slot-all-price_from-amount": "cheap",
            "slot-all-price_from-currency": "EUR",
        },
        page=draft,
    )
    assert answer.status_code == 200
    assert re.match(r"Saved \d", answer.json["message"])
    assert "cheap" in answer.json["errors"]["slot-all-price_from-amount"]
    page = tree(partner.get(draft))
    assert page.get_element_by_id("slot-en-headline").text_content() == "Fine"
    assert page.get_element_by_id("slot-all-price_from-amount").get("value") == "cheap"
    assert "Fine" in partner.get(f"{draft}/preview/announcement").text


@pytest.mark.parametrize(
    ("field", "typed", "word"),
    [
        ("slot-en-headline", "x" * 81, "81 characters"),
        ("slot-en-headline", "Guaranteed safe", "guaranteed"),
        ("slot-all-about_link", "javascript:alert(1)", "https://"),
        ("slot-all-about_link", "http://example.com", "https://"),
        ("slot-all-audience", "martians", "listed"),
    ],
)
def test_slots_refused_show_the_sentence_beside_the_kept_value(
    draft: str, partner: Browser, field: str, typed: str, word: str
) -> None:
    assert partner.post(draft, {field: typed}, page=draft).status_code == 303
    answer = partner.get(draft)
    assert word.lower() in error_at(answer, field).lower()
    if field != "slot-all-audience":
        control = tree(answer).get_element_by_id(field)
        assert (control.get("value") or control.text_content()) == typed
    assert "missing before you can launch" in answer.text


def test_a_text_equal_to_the_kits_stays_the_kits(draft: str, on: Stage, partner: Browser) -> None:
    shown = tree(partner.get(draft)).get_element_by_id("slot-en-headline").text_content()
    partner.post(f"{draft}/save", {"slot-en-headline": shown, "slot-en-contact_name": "Kim"}, page=draft)
    assert on.load(draft.rsplit("/", 1)[1]).slots == {"en": {"contact_name": "Kim"}}


def test_an_empty_name_and_no_language_come_back_to_be_mended(draft: str, partner: Browser) -> None:
    answer = partner.post(draft, {"name": " ", "locales-shown": "1", "slot-en-headline": "Typed"}, page=draft)
    assert answer.status_code == 422
    assert "name" in error_at(answer, "name")
    assert "Choose at least one language." in answer.text
    assert tree(answer).get_element_by_id("slot-en-headline").text_content() == "Typed"


@pytest.mark.parametrize(
    ("day", "word"), [("", "Choose a day"), ("soon", "Choose a day"), ("2020-01-01", "has passed")]
)
def test_a_time_that_cannot_be_is_refused(draft: str, partner: Browser, day: str, word: str) -> None:
    typed = {"when": "later", "day": day, "hour": "09:30", "zone": "Europe/Berlin"}
    answer = partner.post(draft, typed, page=draft)
    assert answer.status_code == 422 and word in error_at(answer, "day")
    page = tree(answer)
    assert page.get_element_by_id("hour").get("value") == "09:30"
    assert page.get_element_by_id("when-later").get("checked") is not None


def test_a_time_is_kept_in_its_zone(draft: str, on: Stage, partner: Browser) -> None:
    typed = {"when": "later", "day": "2099-07-01", "hour": "09:30", "zone": "Asia/Tokyo"}
    assert partner.post(draft, typed, page=draft).status_code == 303
    campaign = on.load(draft.rsplit("/", 1)[1])
    assert campaign.launch_at is not None and campaign.launch_at.isoformat() == "2099-07-01T00:30:00+00:00"
    page = tree(partner.get(draft))
    assert page.get_element_by_id("hour").get("value") == "09:30"
    assert page.get_element_by_id("zone").xpath("./option[@selected]/@value") == ["Asia/Tokyo"]


def test_languages_bring_their_fields(draft: str, partner: Browser) -> None:
    answer = partner.post(f"{draft}/languages", {"locales-shown": "1", "locales": ["en", "ar"]}, page=draft)
    field = tree(answer).get_element_by_id("slot-ar-headline")
    assert field.get("dir") == "rtl" and field.get("lang") == "ar"
    assert answer.headers["HX-Trigger-After-Swap"] == "saved"


def test_the_check_names_exactly_what_will_happen(draft: str, on: Stage, partner: Browser) -> None:
    assert "Choose at least one list" in partner.get(f"{draft}/check").text
    partner.post(f"{draft}/save", {"lists-shown": on.list, "lists": on.list}, page=draft)
    part = partner.get(f"{draft}/check")
    assert "Send to 2 people; 1 is skipped: 1 without consent." in part.text
    button = tree(part).xpath("//button[@data-confirm]")[0]
    assert "The first mail leaves now." in button.get("data-confirm")


def test_a_list_that_is_not_ours_is_not_found(draft: str, services: Services, partner: Browser) -> None:
    other = stage(services, "south")
    for name in (other.list, "lst_broken"):
        assert (
            partner.post(f"{draft}/save", {"lists": name, "lists-shown": name}, page=draft).status_code == 404
        )


@pytest.mark.parametrize(
    ("fields", "field", "word"),
    [
        ({}, "import-file", "Choose a file"),
        (
            {"file": (io.BytesIO(b"email\na@b.example\n"), "a.csv"), "basis": "opt_in"},
            "import-source",
            "come from",
        ),
        ({"file": (io.BytesIO(b"email\na@b.example\n"), "a.csv"), "source": "CRM"}, "import-basis", "ground"),
        (
            {"file": (io.BytesIO(b"\x00\x01\x02"), "a.csv"), "basis": "opt_in", "source": "CRM"},
            "import-file",
            "",
        ),
    ],
)
def test_an_import_that_cannot_be_is_refused_beside_its_field(
    draft: str, partner: Browser, fields: dict[str, Any], field: str, word: str
) -> None:
    answer = partner.post(f"{draft}/lists", fields, page=draft, content_type="multipart/form-data")
    assert answer.status_code == 422
    sentence = tree(answer).get_element_by_id(f"{field}-error").text_content()
    assert word in sentence and sentence.strip()
    if "source" in fields:
        assert tree(answer).get_element_by_id("import-source").get("value") == "CRM"


def test_an_imported_list_is_used(draft: str, on: Stage, services: Services, partner: Browser) -> None:
    upload = {"file": (io.BytesIO(b"email,first name\nnew@customer.example,New\n"), "spring.csv"), "basis": "opt_in",
              "source": "Fair 2026"}  # fmt: skip
    answer = partner.post(f"{draft}/lists", upload, page=draft, content_type="multipart/form-data")
    assert answer.status_code == 303 and answer.headers["Location"].endswith("#people")
    assert "data-poll" in partner.get(f"{draft}/people").text
    run_jobs(services)
    part = partner.get(f"{draft}/people").text
    assert "spring" in part and "data-poll" not in part
    assert "Send to 1 person." in partner.get(f"{draft}/check").text


def test_a_page_that_is_out_of_date_does_not_undo_an_import(
    draft: str, on: Stage, services: Services, partner: Browser
) -> None:
    upload = {
        "file": (io.BytesIO(b"email\nnew@customer.example\n"), "spring.csv"),
        "basis": "opt_in",
        "source": "Fair",
    }
    partner.post(f"{draft}/lists", upload, page=draft, content_type="multipart/form-data")
    partner.post(f"{draft}/save", {"lists-shown": on.list, "name": "Typed meanwhile"}, page=draft)
    run_jobs(services)
    assert "Send to 1 person." in partner.get(f"{draft}/check").text


def test_launching_sends_publishes_and_shows_it_live(
    draft: str, on: Stage, services: Services, partner: Browser
) -> None:
    form = {
        "lists-shown": on.list,
        "lists": on.list,
        "slot-en-headline": "Typed at the last moment",
        "when": "now",
    }
    answer = partner.post(f"{draft}/launch", form, page=draft)
    assert answer.status_code == 303 and answer.headers["Location"].endswith("/live"), answer.text
    assert "data-poll" in partner.get(f"{draft}/live").text
    ran = run_jobs(services)
    assert ran.index("campaigns.finish_pieces") < ran.index("sending.start_campaign")
    with services.database.unit_of_work(Scope.system(), write=False) as session:
        states = sorted(row.state for row in session.query(Recipient))
        pieces = session.query(CampaignPiece).all()
    assert states == ["handed_over", "handed_over", "skipped"]
    kinds = sorted(piece.kind for piece in pieces if piece.kind not in ("banner", "snippet"))
    assert kinds == ["document", "mail", "mail", "page", "social"]
    page = partner.get(f"{draft}/live")
    assert "There is no consent of this person on record." in page.text
    assert "Typed at the last moment" in partner.get(f"/p/{on.load(draft.rsplit('/', 1)[1]).slug}/en/").text
    assert partner.get(draft).headers["Location"].endswith("/live")
    again = partner.post(f"{draft}/save", {"slot-en-headline": "Too late"}, page="/campaigns")
    assert again.status_code == 422


def test_a_launch_that_lacks_something_sends_nothing_and_keeps_what_was_typed(
    draft: str, on: Stage, partner: Browser
) -> None:
    form = {"lists-shown": on.list, "slot-en-headline": "x" * 90, "when": "now"}
    answer = partner.post(f"{draft}/launch", form, page=draft)
    assert answer.status_code == 422
    assert "be launched yet" in answer.text and "Choose at least one list" in answer.text
    assert tree(answer).get_element_by_id("slot-en-headline").text_content() == "x" * 90
    assert on.load(draft.rsplit("/", 1)[1]).state == "draft"


def test_the_second_of_two_clicks_changes_nothing(draft: str, on: Stage, partner: Browser) -> None:
    token = partner.token(draft)
    form = {"csrf_token": token, "lists-shown": on.list, "lists": on.list, "when": "now"}
    assert partner.client.post(f"{draft}/launch", data=form).status_code == 303
    assert partner.client.post(f"{draft}/launch", data=form).status_code == 422
    assert on.load(draft.rsplit("/", 1)[1]).state == "launching"


def test_planned_paused_resumed_cancelled(
    draft: str, on: Stage, services: Services, partner: Browser
) -> None:
    reference = draft.rsplit("/", 1)[1]
    chosen = {"lists-shown": on.list, "lists": on.list}
    later = {**chosen, "when": "later", "day": "2099-07-01", "hour": "09:30", "zone": "UTC"}
    assert partner.post(f"{draft}/launch", later, page=draft).headers["Location"].endswith(reference)
    assert "starts by itself on" in partner.get(draft).text
    assert partner.post(f"{draft}/unschedule", page=draft).status_code == 303
    assert on.load(reference).state == "draft"
    partner.post(f"{draft}/launch", {"lists-shown": on.list, "lists": on.list, "when": "now"}, page=draft)
    run_jobs(services)
    for action, state in (("pause", "paused"), ("resume", "running"), ("cancel", "cancelled")):
        assert partner.post(f"{draft}/{action}", page="/campaigns").status_code == 303
        assert on.load(reference).state == state
    assert partner.post(f"{draft}/resume", page="/campaigns").status_code == 422


def test_running_again_makes_a_draft_with_the_same_texts(draft: str, on: Stage, partner: Browser) -> None:
    partner.post(f"{draft}/save", {"slot-en-headline": "Worth repeating"}, page=draft)
    answer = partner.post(f"{draft}/duplicate", page=draft)
    fresh = answer.headers["Location"].split("#")[0]
    assert fresh != draft
    assert tree(partner.get(fresh)).get_element_by_id("slot-en-headline").text_content() == "Worth repeating"


def test_a_draft_can_be_thrown_away(draft: str, partner: Browser) -> None:
    assert "10:12" in partner.get("/campaigns").text
    assert partner.post(f"{draft}/discard", page=draft).status_code == 303
    assert "No campaigns yet" in partner.get("/campaigns").text


def test_strangers_find_nothing(draft: str, on: Stage, sign_in: SignIn, anybody: Browser) -> None:
    rival, vendor = sign_in(on.rival.email), sign_in(on.vendor.email)
    for part in (
        "",
        "/live",
        "/live/part",
        "/check",
        "/people",
        "/preview",
        "/preview/landing",
        "/document/onepager",
    ):
        assert rival.get(draft + part).status_code == 404, part
        assert vendor.get(draft + part).status_code == 404, part
        assert anybody.get(draft + part).status_code == 303, part
    for part in (
        "",
        "/save",
        "/languages",
        "/lists",
        "/launch",
        "/duplicate",
        "/discard",
        "/pause",
        "/cancel",
    ):
        assert rival.post(draft + part, {"name": "Mine"}).status_code == 404, part
    assert on.load(draft.rsplit("/", 1)[1]).state == "draft"
    assert rival.post("/campaigns", {"kit_version": "kvr_nonsense"}).status_code == 404


def test_published_pictures_are_public_and_nothing_else_is(
    draft: str, on: Stage, services: Services, partner: Browser, anybody: Browser
) -> None:
    partner.post(f"{draft}/launch", {"lists-shown": on.list, "lists": on.list, "when": "now"}, page=draft)
    run_jobs(services)
    names = [key.rsplit("/", 1)[1] for key in services.store.list("pages/assets/")]
    assert names
    answer = anybody.get(f"/p/assets/{names[0]}")
    assert answer.status_code == 200 and "immutable" in answer.headers["Cache-Control"]
    with Image.open(io.BytesIO(answer.data)) as image:
        assert image.width > 100
    for name in ("0" * 64 + ".png", "0" * 64 + ".html", "x.png", "..%2f..%2fsecret"):
        assert anybody.get(f"/p/assets/{name}").status_code == 404


def test_the_index_shows_each_campaign_where_it_stands(
    draft: str, on: Stage, services: Services, partner: Browser
) -> None:
    on.campaign()
    partner.post(f"{draft}/launch", {"lists-shown": on.list, "lists": on.list, "when": "now"}, page=draft)
    run_jobs(services)
    page = tree(partner.get("/campaigns"))
    assert [heading.text_content() for heading in page.xpath("//section/h2")] == ["Running", "In preparation"]
    row = page.xpath("//tbody/tr")[0]
    assert [cell.text_content().strip() for cell in row.xpath("./td")][:4] == ["Running", "2", "0", "0"]


def test_a_campaign_needs_a_brand_first_and_takes_it_when_it_is_set(
    services: Services, sign_in: SignIn
) -> None:
    bare = stage(services, "bare", brand=False)
    browser = sign_in(bare.partner.email)
    reference = bare.campaign()
    check = tree(browser.get(f"/campaigns/{reference}/check"))
    link = check.xpath("//a[contains(., 'Set up your brand')]/@href")[0]
    assert link == f"/brand?next=/campaigns/{reference}"
    filled = {
        "name": "Bare", "legal_name": "Bare Ltd", "address": "1 High Street\nLondon", "sender_name": "Bare",
        "sender_email": "hello@bare.example", "primary_colour": "#1d4f91",
    }  # fmt: skip
    answer = browser.post(link, filled, page=link)
    assert answer.headers["Location"] == f"/campaigns/{reference}"
    assert bare.load(reference).brand_id is not None
    assert "Set up your brand" not in browser.get(f"/campaigns/{reference}/check").text


def test_nothing_of_a_campaign_is_written_by_looking_at_it(draft: str, on: Stage, partner: Browser) -> None:
    before = on.load(draft.rsplit("/", 1)[1]).saved_at
    for part in ("", "/check", "/preview/landing"):
        partner.get(draft + part)
    after: Campaign = on.load(draft.rsplit("/", 1)[1])
    assert after.saved_at == before
