"""The editor's routes: what is saved, refused, undone, and who is kept out."""

import io
import re
from dataclasses import dataclass
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import select

from tests.factories.accounts import member, organization
from tests.unit.kits.conftest import skeleton_files
from tests.web.conftest import Browser, SignIn
from tmpa.kernel.http import Services
from tmpa.kernel.permissions import Role
from tmpa.kernel.scope import Scope, load
from tmpa.kits import drafts
from tmpa.kits.catalogue import load_catalogue
from tmpa.kits.editing_ops import document_of
from tmpa.kits.editing_tree import Document
from tmpa.kits.models import KitDraft, Translation
from tmpa.kits.source import KitSource, build_source

pytestmark = pytest.mark.backends("sqlite")


@dataclass
class Desk:
    services: Services
    scope: Scope
    draft: str
    browser: Browser
    csrf: str

    @property
    def base(self) -> str:
        return f"/kits/drafts/{self.draft}/design"

    def held(self) -> tuple[int, KitSource]:
        with self.services.database.unit_of_work(self.scope, write=False) as session:
            found = load(session, KitDraft, self.draft)
            return found.revision, drafts.draft_source(self.services.store, found)

    def document(self, piece: str = "announcement") -> Document:
        source = self.held()[1]
        return document_of(source, source.manifest.piece(piece))

    def send(self, what: str, body: dict[str, Any], piece: str = "announcement") -> Any:
        return self.browser.client.post(
            f"{self.base}/{piece}/{what}", json=body, headers={"X-CSRFToken": self.csrf}
        )

    def change(
        self, *operations: dict[str, Any], revision: int | None = None, piece: str = "announcement"
    ) -> Any:
        body = {"revision": revision or self.held()[0], "operations": list(operations)}
        return self.send("operations", body, piece)


@pytest.fixture
def desk(services: Services, sign_in: SignIn) -> Desk:
    vendor = organization(services.database, "vendor", "Maker")
    person = member(
        services.database, services.settings, vendor, Role.VENDOR_MARKETER, "design@maker.example"
    )
    source = build_source(skeleton_files())
    with services.database.unit_of_work(person.scope) as session:
        draft = drafts.open_draft(session, services.store, source)
        drafts.keep_findings(draft, source, [])
        session.flush()
        reference = draft.public_id
    browser = sign_in("design@maker.example")
    return Desk(services, person.scope, reference, browser, browser.token())


def words_of(desk: Desk) -> tuple[int, str]:
    found = next(each for each in desk.document().words if each.kind == "message")
    return found.id, found.value


def test_every_piece_opens_and_looking_changes_nothing(desk: Desk) -> None:
    before = desk.held()
    for piece in before[1].manifest.pieces:
        page = desk.browser.get(f"{desk.base}?piece={piece.name}")
        assert page.status_code == 200, piece.name
        assert "unsafe-inline" not in page.headers["Content-Security-Policy"]
        frame = desk.browser.get(f"{desk.base}/{piece.name}/canvas/en")
        assert frame.status_code == 200, frame.text
        assert "sandbox allow-same-origin" in frame.headers["Content-Security-Policy"]
        assert re.search(MARK, frame.text) or piece.kind not in {"mail", "page"}
        assert not re.search(
            r"tmpa-n\d", desk.browser.get(f"{desk.base}/{piece.name}/canvas/en?plain=1").text
        )
    for node in desk.document().nodes:
        assert desk.browser.get(f"{desk.base}/announcement/panel?locale=en&node={node}").status_code == 200
    assert desk.held() == before


def test_words_are_saved_escaped_and_undone(desk: Desk) -> None:
    first, source = desk.held()
    number, _old = words_of(desk)
    evil = '"><script>alert(1)</script>{{ 1 }}'
    answer = desk.change({"op": "words", "words": number, "value": evil})
    assert answer.status_code == 200, answer.text
    assert answer.json["message"].startswith("Saved")
    assert "<script>" not in answer.json["tree"]
    revision, changed = desk.held()
    assert revision == first + 1
    assert answer.json["hash"] == changed.content_hash
    assert evil in [each.value for each in desk.document().words]
    for address in (desk.base, f"{desk.base}/announcement/panel", f"{desk.base}/announcement/canvas/en"):
        page = desk.browser.get(address)
        assert page.status_code == 200
        assert "<script>alert" not in page.text
    undone = desk.send("restore", {"revision": revision, "hash": source.content_hash})
    assert undone.status_code == 200, undone.text
    assert desk.held() == (revision + 1, source)
    again = desk.send("restore", {"revision": revision + 1, "hash": "0" * 64})
    assert again.status_code == 422


def test_what_two_people_do_is_never_overwritten(desk: Desk) -> None:
    number, old = words_of(desk)
    revision, _source = desk.held()
    assert desk.change({"op": "words", "words": number, "value": "Theirs"}).status_code == 200
    late = desk.change({"op": "words", "words": number, "value": "Mine"}, revision=revision)
    assert late.status_code == 409
    assert late.json["conflict"] is True
    values = [each.value for each in desk.document().words]
    assert "Theirs" in values and "Mine" not in values and old not in values[:1]


MARK = r'tmpa-n(?:="|)\d'
NONSENSE: list[dict[str, Any]] = [
    {},
    {"revision": 1, "operations": []},
    {"revision": 1, "operations": [{"op": "write", "path": "kit.toml", "value": ""}]},
    {"revision": 1, "operations": [{"op": "delete", "node": 1, "path": "../x"}]},
    {"revision": 1, "operations": [{"op": "delete", "node": 999_999}]},
    {"revision": 1, "operations": [{"op": "attribute", "node": 1, "name": "onload", "value": "x"}]},
    {"revision": 1, "operations": [{"op": "words", "words": 0, "value": "x" * 30_000}]},
]


def test_nonsense_and_broken_code_change_nothing(desk: Desk) -> None:
    before = desk.held()
    for body in NONSENSE:
        assert desk.send("operations", body).status_code == 422, body
    text = before[1].text("mails/announcement.mjml")
    answer = desk.change({"op": "code", "value": text.replace("<mj-body", "<mj-bodie", 1)})
    assert answer.status_code == 422
    assert answer.json["findings"][0]["where"].startswith("mails/announcement.mjml:")
    assert desk.held() == before
    assert desk.change({"op": "code", "value": text.replace("\n", "\r\n")}).status_code == 200
    assert desk.held() == before  # a form's line ends are no change


def test_a_picture_is_taken_in_and_shown(desk: Desk) -> None:
    document = desk.document("landing")
    node = next(
        each
        for each in document.nodes.values()
        if each.name == "img" and each.kind == "element" and "slot." in document.of(each)
    )
    out = io.BytesIO()
    Image.new("RGB", (40, 20), "#336699").save(out, "PNG")
    for name, data, status in (
        ("../Ä x.png", out.getvalue(), 200),
        ("a.png", b"no picture", 422),
        ("a.exe", b"MZ", 422),
    ):
        form = {"revision": str(desk.held()[0]), "node": str(node.id), "file": (io.BytesIO(data), name)}
        answer = desk.browser.client.post(
            f"{desk.base}/landing/picture", data=form, headers={"X-CSRFToken": desk.csrf},
            content_type="multipart/form-data",
        )  # fmt: skip
        assert answer.status_code == status, answer.text
    source = desk.held()[1]
    path = next(each for each in source.files if source.files[each] == out.getvalue())
    assert path.startswith("images/")
    assert f"asset('{path}')" in source.text("pages/landing.html")


def test_strangers_and_partners_find_nothing(desk: Desk, services: Services, sign_in: SignIn) -> None:
    other = organization(services.database, "vendor", "Other")
    member(services.database, services.settings, other, Role.VENDOR_ADMIN, "a@other.example")
    partner = organization(services.database, "partner", "Partner")
    vendor = desk.scope.organization_id
    assert vendor is not None
    member(services.database, services.settings, partner, Role.PARTNER_ADMIN, "p@partner.example", (vendor,))
    before = desk.held()
    for email in ("a@other.example", "p@partner.example"):
        browser = sign_in(email)
        strange = Desk(services, desk.scope, desk.draft, browser, browser.token())
        for path in ("", "/announcement/canvas/en", "/announcement/panel"):
            assert browser.get(desk.base + path).status_code == 404
        for what in ("operations", "restore", "picture"):
            assert strange.send(what, {"revision": 1}).status_code == 404
    assert desk.held() == before
    # nor is a draft drawn whose files nobody has checked
    with services.database.unit_of_work(desk.scope) as session:
        load(session, KitDraft, desk.draft).checked_hash = ""
    assert desk.browser.get(desk.base).status_code == 303
    assert desk.browser.get(f"{desk.base}/announcement/canvas/en").status_code == 422
    assert desk.change({"op": "delete", "node": 1}).status_code == 422


def test_a_translation_is_kept_and_remembered(desk: Desk) -> None:
    number, old = words_of(desk)
    locale = next(tag for tag in desk.held()[1].manifest.locales if tag != "en")
    shown = f"{desk.base}/announcement/panel?locale={locale}"
    assert desk.change({"op": "words", "words": number, "value": f"{old} today"}).status_code == 200
    assert "has changed since this was translated" in desk.browser.get(shown).text
    answer = desk.change({"op": "translate", "text": f"{old} today", "locale": locale, "value": "Übersetzt"})
    assert answer.status_code == 200, answer.text
    assert load_catalogue(desk.held()[1], locale).gettext(f"{old} today") == "Übersetzt"
    assert "has changed since this was translated" not in desk.browser.get(shown).text
    with desk.services.database.unit_of_work(desk.scope, write=False) as session:
        assert session.scalars(select(Translation)).one().forms == ["Übersetzt"]
