"""The translator's page: one text at a time beside its piece, agencies' files, suggestions; nothing typed is lost."""

import io
import json
import threading
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from flask import Flask
from lxml import html

from tests.factories.accounts import member, organization, partnership
from tests.unit.kits.conftest import skeleton_files
from tests.web.conftest import Browser, SignIn
from tmpa.app import create_app
from tmpa.db import Database
from tmpa.kernel.http import Services
from tmpa.kernel.ids import public
from tmpa.kernel.permissions import Role
from tmpa.kernel.scope import Scope
from tmpa.kits import drafts, service
from tmpa.kits.localisation import memory
from tmpa.kits.localisation.units import unit_key
from tmpa.kits.models import KitDraft, Translation
from tmpa.kits.source import KitSource, build_source
from tmpa.settings import Settings

pytestmark = pytest.mark.backends("sqlite")
TRANSLATOR, PARTNER = "tara@stillhaven.example", "paul@nordlicht.example"
PRICE = "From %(price)s a month."
TERMS = (
    b'\n[[terms]]\nterm = "Example"\n\n[[terms]]\nterm = "call"\ntranslations = { de = "R\xc3\xbcckruf" }\n'
)


def kit() -> KitSource:
    """The starting kit with a glossary, one text missing in German, one fuzzy."""
    files = skeleton_files()
    files["kit.toml"] += TERMS
    lines = files["locales/de.po"].decode()
    assert 'msgid "Read more"\nmsgstr "Mehr dazu"' in lines
    lines = lines.replace('msgid "Read more"\nmsgstr "Mehr dazu"', 'msgid "Read more"\nmsgstr ""')
    lines = lines.replace('msgid "Headline"', '#, fuzzy\nmsgid "Headline"')
    files["locales/de.po"] = (lines + '\nmsgid "Gone"\nmsgstr "Weg"\n').encode()
    return build_source(files)


@pytest.fixture
def vendor(database: Database, web_settings: Settings) -> uuid.UUID:
    vendor_id = organization(database, "vendor", "Stillhaven")
    member(database, web_settings, vendor_id, Role.TRANSLATOR, TRANSLATOR)
    partner_id = organization(database, "partner", "Nordlicht IT")
    partnership(database, vendor_id, partner_id)
    member(database, web_settings, partner_id, Role.PARTNER_MARKETER, PARTNER, (vendor_id,))
    return vendor_id


@pytest.fixture
def draft(vendor: uuid.UUID, database: Database, services: Services) -> str:
    """The public id of a draft of that kit."""
    with database.unit_of_work(Scope("vendor", vendor)) as session:
        made = drafts.open_draft(session, services.store, kit())
        drafts.keep_findings(made, kit(), [])
        session.flush()
        return made.public_id


@pytest.fixture
def translator(vendor: uuid.UUID, sign_in: SignIn) -> Browser:
    return sign_in(TRANSLATOR)


def german(database: Database, services: Services, draft: str) -> str:
    """The draft's German catalogue as it is now."""
    with database.unit_of_work(Scope.system(), write=False) as session:
        found = next(row for row in session.query(KitDraft) if row.public_id == draft)
        return drafts.draft_source(services.store, found).text("locales/de.po")


def form_of(page: str) -> dict[str, str]:
    """The hidden fields of the translator's form."""
    (form,) = html.document_fromstring(page).xpath("//form[@id='translation']")
    found = {str(each.get("name")): str(each.get("value")) for each in form.xpath(".//input[@type='hidden']")}
    return {name: value for name, value in found.items() if name != "csrf_token"}


def test_a_text_is_translated_and_the_next_one_comes(
    translator: Browser, draft: str, database: Database, services: Services
) -> None:
    home = translator.get("/", follow_redirects=True)
    assert "Open for translation" in home.text
    overview = translator.get(f"/kits/drafts/{draft}/translate")
    assert "German" in overview.text
    assert "Translations of <bdi>A short name for the campaign</bdi></h1>" in overview.text
    path = f"/kits/drafts/{draft}/translate/de"
    page = translator.get(path)
    assert page.status_code == 200, page.text
    root = html.document_fromstring(page.text)
    assert [each.text_content().strip() for each in root.xpath("//ol[@class='translate-list']//span[1]")] == [
        "Headline",
        "Read more",
    ]
    field = root.get_element_by_id("form0")
    assert (field.get("lang"), field.get("dir")) == ("de", "ltr")
    frame = root.xpath("//iframe[@name='translation-preview']/@src")[0]
    assert translator.get(frame).status_code == 200
    read_more = translator.get(f"{path}?text={unit_key('Read more')}").text
    answer = translator.post(path, {**form_of(read_more), "form0": "Weiterlesen", "state": "reviewed"})
    assert answer.status_code == 303, answer.text
    assert '#, reviewed\nmsgid "Read more"\nmsgstr "Weiterlesen"' in german(database, services, draft)
    headline = translator.get(path).text
    answer = translator.post(
        path, {**form_of(headline), "form0": "Titel", "state": "translated", "go": "next"}
    )
    assert answer.status_code == 303
    done = translator.get(path + "?show=todo")
    assert "Nothing to do here" in done.text
    with database.unit_of_work(Scope.system(), write=False) as session:
        kept = {row.source: (row.forms, row.origin) for row in session.query(Translation)}
    assert kept == {"Read more": (["Weiterlesen"], "person"), "Headline": (["Titel"], "person")}


def test_what_is_typed_is_shown_in_the_piece_before_it_is_saved(translator: Browser, draft: str) -> None:
    path = f"/kits/drafts/{draft}/translate/de"
    fields = form_of(translator.get(f"{path}?text={unit_key('Read more')}").text)
    shown = translator.post(f"{path}/preview/announcement", {**fields, "form0": "Weiter geht es hier"})
    assert "Weiter geht es hier" in shown.text
    assert "Weiter geht es hier" not in translator.get(f"{path}/preview/announcement").text


def test_a_lost_placeholder_or_term_is_said_beside_the_field_and_nothing_is_lost(
    translator: Browser, draft: str, database: Database, services: Services
) -> None:
    path = f"/kits/drafts/{draft}/translate/de"
    fields = form_of(translator.get(f"{path}?show=all&text={unit_key(PRICE)}").text)
    answer = translator.post(path, {**fields, "form0": "Ab %(preis)s im Monat."})
    assert answer.status_code == 422
    root = html.document_fromstring(answer.text)
    said = root.get_element_by_id("form0-error").text_content()
    assert "%(price)s is missing." in said
    assert "Ab %(preis)s im Monat." in root.get_element_by_id("form0").text
    call = form_of(translator.get(f"{path}?show=all&text={unit_key('Ask for a call')}").text)
    doubted = translator.post(path, {**call, "form0": "Anruf erbitten", "state": "translated"})
    assert doubted.status_code == 422
    assert "“call” is “Rückruf” in this language." in doubted.text
    again = {**form_of(doubted.text), "form0": "Anruf erbitten", "insist": "1", "state": "translated"}
    assert translator.post(path, again).status_code == 303
    assert "Anruf erbitten" in german(database, services, draft)


def test_two_translators_do_not_overwrite_each_other(translator: Browser, draft: str) -> None:
    path = f"/kits/drafts/{draft}/translate/de"
    fields = form_of(translator.get(f"{path}?text={unit_key('Read more')}").text)
    assert translator.post(path, {**fields, "form0": "Mehr hier"}).status_code == 303
    other = translator.post(path, {**fields, "form0": "Weiter"})
    assert other.status_code == 422
    assert "Somebody else has translated this meanwhile: “Mehr hier”" in other.text
    assert translator.post(path, {**form_of(other.text), "form0": "Weiter"}).status_code == 303


@pytest.mark.parametrize("form", ["xliff", "xliff12", "po"])
def test_files_go_out_and_come_back(
    translator: Browser, draft: str, database: Database, services: Services, form: str
) -> None:
    path = f"/kits/drafts/{draft}/translate/de"
    sent = translator.get(f"{path}/file/{form}")
    assert "attachment" in sent.headers["Content-Disposition"]
    data = sent.data.replace("Überschrift".encode(), b"Kopfzeile")

    def upload(content: bytes, name: str) -> Any:
        file = (io.BytesIO(content), name)
        return translator.post(f"{path}/file", {"file": file}, content_type="multipart/form-data")

    answer = upload(data, f"back.{form}")
    assert answer.status_code == 200, answer.text
    assert "What came of the file" in answer.text
    assert "Kopfzeile" in german(database, services, draft)
    broken = upload(b"<xliff>", "broken.xlf")
    assert broken.status_code == 422
    assert "broken.xlf:1:" in broken.text
    assert upload(b"", "").status_code == 422


def test_stale_translations_are_shown_and_taken_out(
    translator: Browser, draft: str, database: Database, services: Services
) -> None:
    path = f"/kits/drafts/{draft}/translate/de"
    assert "Weg" in translator.get(f"{path}?show=stale").text
    assert translator.post(f"{path}/stale").status_code == 303
    assert 'msgid "Gone"' not in german(database, services, draft)


def test_the_memory_fills_at_publishing_and_helps_the_next_kit(
    translator: Browser, draft: str, vendor: uuid.UUID, database: Database, services: Services
) -> None:
    with database.unit_of_work(Scope("vendor", vendor)) as session:
        version = service.publish(session, services.store, build_source(skeleton_files()), findings=[])
        reference = public(version.__prefix__, version.id)
    for _time in range(2):  # a job may run twice
        memory.remember_version(services, reference)
    path = f"/kits/drafts/{draft}/translate/de"
    page = translator.get(f"{path}?text={unit_key('Read more')}").text
    assert "Mehr dazu" in html.document_fromstring(page).get_element_by_id("suggestions").text_content()
    opened = translator.post(f"/kits/translations/{reference}")
    assert opened.headers["Location"].endswith(f"/kits/drafts/{draft}/translate")


def test_a_language_that_another_stands_in_for_says_so(
    translator: Browser, vendor: uuid.UUID, database: Database, services: Services
) -> None:
    files = dict(kit().files)
    files["kit.toml"] = files["kit.toml"].replace(
        b'locales = ["en", "de"]', b'locales = ["en", "de", "de-AT"]'
    )
    files["kit.toml"] = files["kit.toml"].replace(b'"small-kit"', b'"other-kit"')
    with database.unit_of_work(Scope("vendor", vendor)) as session:
        made = drafts.open_draft(session, services.store, build_source(files))
        drafts.keep_findings(made, build_source(files), [])
        session.flush()
        path = f"/kits/drafts/{made.public_id}/translate"
    assert "texts read in German" in translator.get(path).text
    page = translator.get(f"{path}/de-AT?show=missing").text
    assert "Uses German" in page
    assert (
        "Eine Überschrift, die sagt, was sich ändert"
        in translator.get(f"{path}/de-AT/preview/announcement").text
    )


@pytest.mark.parametrize("locale", ["en", "xx", "fr"])
def test_languages_that_the_kit_does_not_translate_into_are_not_found(
    translator: Browser, draft: str, locale: str
) -> None:
    assert translator.get(f"/kits/drafts/{draft}/translate/{locale}").status_code == 404


def test_partners_see_no_draft(vendor: uuid.UUID, draft: str, sign_in: SignIn, anybody: Browser) -> None:
    path = f"/kits/drafts/{draft}/translate/de"
    assert sign_in(PARTNER).get(path).status_code == 404
    assert anybody.get(path).status_code == 303


class _Service(BaseHTTPRequestHandler):
    """A suggestion service that answers what the test wants."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        texts = json.loads(asked["messages"][1]["content"])["texts"]
        content = json.dumps({"translations": [f"DE {text}" for text in texts]})
        body = json.dumps({"choices": [{"message": {"content": content}}]}).encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: Any) -> None:
        """Nothing on stderr."""


@pytest.fixture
def suggestions() -> Iterator[str]:
    """The address of a service that suggests."""
    server = HTTPServer(("127.0.0.1", 0), _Service)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_machine_suggests_and_a_person_decides(
    app: Flask, suggestions: str, services: Services, draft: str, database: Database, web_settings: Settings
) -> None:
    settings = web_settings.model_copy(update={"suggestions_url": suggestions})
    with_service = Services(settings, services.database, services.store, services.signer)
    client = Browser(create_app(settings, with_service).test_client())
    client.post("/sign-in", {"email": TRANSLATOR, "password": "correct horse battery"}, page="/sign-in")
    path = f"/kits/drafts/{draft}/translate/de"
    page = client.get(f"{path}?show=all&text={unit_key(PRICE)}").text
    assert "Ask the machine" in page
    answer = client.post(f"{path}/suggest", form_of(page))
    assert "DE From %(price)s a month." in answer.text
    assert "Machine, not reviewed" in answer.text
    assert "DE From" not in german(database, services, draft)
    with database.unit_of_work(Scope.system(), write=False) as session:
        (kept,) = session.query(Translation).all()
        assert (kept.origin, kept.reviewed_by) == ("machine", None)
