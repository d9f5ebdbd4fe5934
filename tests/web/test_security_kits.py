"""Kits under attack: files that grow while they are read, translations that bring code, drafts that kill."""

import io
import zipfile

import pytest
from sqlalchemy import select

from tests.factories.accounts import member, organization
from tests.unit.kits.conftest import skeleton_files
from tests.web.conftest import SignIn
from tmpa.kernel.errors import Refused
from tmpa.kernel.http import Services
from tmpa.kernel.permissions import Role
from tmpa.kits import drafts
from tmpa.kits.catalogue import read_catalogue
from tmpa.kits.editing_toml import set_key
from tmpa.kits.findings import KitRefused, error
from tmpa.kits.localisation import workflow
from tmpa.kits.localisation.exchange import ExchangeRefused, import_file
from tmpa.kits.localisation.placeholders import compare
from tmpa.kits.localisation.po import Entry, PoFile, read, write
from tmpa.kits.localisation.units import units
from tmpa.kits.models import KitDraft
from tmpa.kits.source import build_source, read_zip
from tmpa.kits.template_values import fill

pytestmark = pytest.mark.backends("sqlite")
MAIL = "mails/announcement.mjml"


def test_codes_of_an_xliff_file_cannot_fill_the_memory() -> None:
    data, many = "A" * 50_000, 20_000  # a gigabyte, from half a megabyte
    codes, xs = '<ph id="1" dataRef="d"/>' * many, '<x id="1"/>' * many
    two = (
        '<xliff xmlns="urn:oasis:names:tc:xliff:document:2.0" version="2.1" srcLang="en" trgLang="de">'
        f'<file id="f"><unit id="u"><originalData><data id="d">{data}</data></originalData><segment>'
        f"<source>x</source><target>{codes}</target></segment></unit></file></xliff>"
    )
    one = (
        '<xliff xmlns="urn:oasis:names:tc:xliff:document:1.2" version="1.2"><file original="" '
        'source-language="en" target-language="de" datatype="plaintext"><body><trans-unit id="u"><source>'
        f"&lt;a {'a' * 480}&gt;</source><target>{xs}</target></trans-unit></body></file></xliff>"
    )
    for text in (two, one):
        with pytest.raises(ExchangeRefused, match="100000 fit"):
            import_file(build_source(skeleton_files()), "de", "agency.xlf", text.encode())


def test_long_words_are_written_to_a_catalogue_at_once() -> None:
    for letter in "a!日":
        file = PoFile(("Language: de",), (), (Entry("x", (letter * 200_000,)),))
        assert read(write(file)).entries == file.entries


def test_a_placeholder_cannot_ask_for_any_width() -> None:
    assert fill("%(a)s is 100%% of %(b)s", {"a": 1, "b": "%(c)9s"}) == "1 is 100% of %(c)9s"
    for text in ("%(a)999999999s", "%(a).9s", "%(a)-9s", "%s", "100 %", "%(a)%(b)s"):
        with pytest.raises(ValueError, match="%"):
            fill(text, {"a": 1, "b": 2})


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_damaged_or_unusual_zip_is_refused(method: int) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        archive.writestr("kit.toml", "abc = 1\n" * 500)
    data = out.getvalue()
    for at in range(38, 60):
        with pytest.raises(KitRefused):
            read_zip(data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :])


@pytest.mark.parametrize(
    "code", ["{{ " + "(" * 9000 + " }}", "{{ a" + ".b" * 9000 + " }}", "{% if 1 %}" * 9000]
)
def test_deeply_nested_templates_are_read_without_harm(code: str) -> None:
    files = skeleton_files()
    files[MAIL] += code.encode()
    assert units(build_source(files), "de")


def test_a_draft_that_kills_its_check_is_drawn_nowhere(services: Services, sign_in: SignIn) -> None:
    vendor = organization(services.database, "vendor", "Maker")
    person = member(services.database, services.settings, vendor, Role.VENDOR_ADMIN, "v@maker.example")
    source = build_source(skeleton_files())
    with services.database.unit_of_work(person.scope) as session:
        draft = drafts.open_draft(session, services.store, source)
        session.flush()
        base = f"/kits/drafts/{draft.public_id}"
    browser = sign_in("v@maker.example")
    translated = f"{base}/translate/de/preview/announcement"
    died = [error("check-died", "", 0, "died", "mend")]
    for findings in (None, died, []):
        if findings is not None:
            with services.database.unit_of_work(person.scope) as session:
                drafts.keep_findings(session.scalars(select(KitDraft)).one(), source, findings)
        refused = findings != []
        assert browser.get(f"{base}/preview/announcement/de").status_code == (404 if refused else 200)
        assert browser.get(translated).status_code == (422 if refused else 200)
        typed = {"text": "", "form0": "x"}
        assert browser.post(translated, typed).status_code == (422 if refused else 200)
        assert browser.get(base).status_code == 200


def test_looking_for_changed_texts_comes_to_an_end() -> None:
    files = skeleton_files()
    words = [
        f"{number:04d} abcdefgh {number:04d} hgfedcba"[::way] for number in range(900) for way in (1, -1)
    ]
    files[MAIL] += "".join(f"{{{{ _('{word}') }}}}" for word in words[::2]).encode()
    files["locales/de.po"] += "".join(f'\nmsgid "{word}"\nmsgstr "x"\n' for word in words[1::2]).encode()
    source = build_source(files)
    asked: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(workflow, "most_similar", lambda text, _others: asked.append(text))
        workflow.updated(source, "de", read_catalogue(source, "de"))
    assert 0 < len(asked) < 900


def test_a_draft_whose_files_are_lost_hides_no_other(services: Services, sign_in: SignIn) -> None:
    vendor = organization(services.database, "vendor", "Maker")
    person = member(services.database, services.settings, vendor, Role.TRANSLATOR, "t@maker.example")
    with services.database.unit_of_work(person.scope) as session:
        draft = drafts.open_draft(session, services.store, build_source(skeleton_files()))
        services.store.delete(draft.object_key)
        session.flush()
        base = f"/kits/drafts/{draft.public_id}"
    browser = sign_in("t@maker.example")
    assert browser.get("/kits/translations").status_code == 200
    assert browser.get(f"{base}/translate/de").status_code == 422


@pytest.mark.parametrize(
    "tail", ["<img src=x onerror=alert(1) ", f"<a href=//e.example {'a' * 600}>", "<svg/onload=x>", "<!-- "]
)
def test_no_tag_hides_in_a_translation(tail: str) -> None:
    assert compare(["Read <b>more</b>"], f"Mehr <b>dazu</b> {tail}").added == ("<",)
    assert not compare(["1 < 2 <b>x</b>"], "<b>x</b> 1 < 2")


def test_a_value_of_many_lines_in_kit_toml_is_not_searched_for_ever() -> None:
    lines = "#\n" * 50_000
    long = f"[[pieces]]\nname = 'x'\nsizes = [\n{lines}]\n"
    with pytest.raises(Refused, match=r"kit\.toml is written in a way"):
        set_key(long, "pieces", "x", "title", "New")
