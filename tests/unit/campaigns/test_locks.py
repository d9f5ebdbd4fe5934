"""Finished pieces proved from their bytes and the kit: what was changed afterwards is found and named."""

import json
from collections.abc import Callable

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from tests.factories.campaigns import Stage
from tmpa.campaigns import locks, rendering, service
from tmpa.campaigns.models import Campaign, CampaignPiece
from tmpa.cli import main
from tmpa.kernel.scope import Scope, load
from tmpa.kernel.signing import fingerprint

pytestmark = pytest.mark.backends("sqlite")


@pytest.fixture
def finished(on: Stage) -> str:
    """A campaign with finished pieces in two languages."""
    reference = on.campaign()
    with on.services.database.unit_of_work(on.partner.scope) as session:
        campaign = load(session, Campaign, reference)
        source = rendering.source_of(on.services.store, campaign)
        rich = '<p>See <a href="https://nordlicht-it.example/a?b=1&amp;c=2">this</a>.</p>'
        service.save(
            session,
            campaign,
            {"en": {"headline": "{{ 7 }} </td> & more", "offer": rich}},
            ["en", "ar"],
            source=source,
        )
    with on.services.database.unit_of_work(Scope.system()) as session:
        rendering.finish_pieces(
            session,
            on.services.store,
            on.services.signer,
            on.services.settings,
            load(session, Campaign, reference),
        )
    return reference


def verdicts(on: Stage, reference: str) -> dict[tuple[str, str], tuple[str, str]]:
    with on.services.database.unit_of_work(Scope.system(), write=False) as session:
        found = locks.verify(session, on.services.store, load(session, Campaign, reference))
        return {(each.piece, each.locale): (each.problem, each.region) for each in found}


def change(on: Stage, piece: str, edit: Callable[[bytes], bytes]) -> None:
    """Somebody with the database and the store replaces a finished piece."""
    with on.services.database.unit_of_work(Scope.system()) as session:
        row = session.scalars(
            select(CampaignPiece).where(CampaignPiece.piece == piece, CampaignPiece.locale == "en")
        ).one()
        before = on.services.store.get(row.object_key)
        data = edit(before)
        assert data != before
        on.services.store.put(row.object_key, data, "application/octet-stream")
        row.content_hash = fingerprint(data)


def in_mail(edit: Callable[[dict[str, object]], None]) -> Callable[[bytes], bytes]:
    def changed(data: bytes) -> bytes:
        mail = json.loads(data)
        edit(mail)
        return json.dumps(mail).encode()

    return changed


def no_way_out(mail: dict[str, object]) -> None:
    """The way to unsubscribe becomes a link of somebody's own."""
    html = mail["html"]
    assert isinstance(html, dict)
    at = next(number for number, hole in enumerate(html["holes"]) if hole[0] == "unsubscribe")
    del html["holes"][at]
    html["parts"][at : at + 2] = [f"{html['parts'][at]}https://elsewhere.example/{html['parts'][at + 1]}"]


def forge_records(on: Stage, finished: str) -> None:
    """The record beside a document is not trusted: values of other names, files in other places are refused."""
    store = on.services.store
    with on.services.database.unit_of_work(Scope.system(), write=False) as session:
        row = session.scalars(
            select(CampaignPiece).where(CampaignPiece.piece == "onepager", CampaignPiece.locale == "en")
        ).one()
        key = locks.own_key(row.object_key)
    record = json.loads(store.get(key))
    forged = {**record, "values": {**record["values"], "t": {}}}
    store.put(key, json.dumps(forged).encode(), "application/json")
    assert verdicts(on, finished)["onepager", "en"] == ("differs", "values")
    store.put("locked/files/" + fingerprint(b"x"), b"x", "application/octet-stream")
    forged = {**record, "files": {"/documents/onepager.typ": fingerprint(b"x")}}
    store.put(key, json.dumps(forged).encode(), "application/json")
    assert verdicts(on, finished)["onepager", "en"] == ("differs", "values")
    forged = {**record, "parts": {**record["parts"], "fonts": "0" * 64}}
    store.put(key, json.dumps(forged).encode(), "application/json")
    assert verdicts(on, finished)["onepager", "en"] == ("kit", "fonts")
    store.delete(key)
    assert verdicts(on, finished)["onepager", "en"] == ("unproved", "")
    store.put(key, json.dumps(record).encode(), "application/json")


def test_pieces_are_proved_and_what_was_changed_afterwards_is_named(
    on: Stage, finished: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = verdicts(on, finished)
    assert len(found) == len({name for name, _locale in found}) * 2 >= 10
    assert set(found.values()) == {("", "")}
    assert {"announcement", "landing", "linkedin", "onepager"} <= {name for name, _locale in found}

    forge_records(on, finished)
    change(on, "landing", lambda data: data.replace(b"</h1>", b"</h1><b>x</b>", 1))
    change(on, "linkedin", lambda data: data.replace(b"In between:", b"Between us:"))
    change(on, "onepager", lambda data: data.replace(b"%PDF-1.7", b"%PDF-1.6", 1))
    change(on, "announcement", in_mail(no_way_out))
    with on.services.database.unit_of_work(Scope.system(), write=False) as session:
        gone = session.scalars(
            select(CampaignPiece).where(CampaignPiece.piece == "reminder", CampaignPiece.locale == "en")
        ).one()
        on.services.store.delete(gone.object_key)
    found = verdicts(on, finished)
    assert {key for key, verdict in found.items() if verdict != ("", "")} == {
        (piece, "en") for piece in ("announcement", "landing", "linkedin", "onepager", "reminder")
    }
    assert found["reminder", "en"] == ("gone", "")
    assert found["onepager", "en"] == ("differs", "bytes")
    assert found["linkedin", "en"] == ("differs", "text/1")
    for piece in ("announcement", "landing"):
        problem, region = found[piece, "en"]
        assert problem == "differs" and region.startswith("html/")

    for name, value in {
        "TMPA_DATABASE_URL": on.services.settings.database_url,
        "TMPA_VAR_DIR": str(on.services.settings.var_dir),
        "TMPA_SECRET_KEYS": "test-secret-of-at-least-32-characters",
    }.items():
        monkeypatch.setenv(name, value)
    result = CliRunner().invoke(main, ["campaign", "verify", finished])
    assert result.exit_code == 1
    assert "✓ landing (ar)" in result.output
    assert "✗ landing (en): it differs from the kit, first in “html/" in result.output
    assert "✗ reminder (en): its file is gone" in result.output
    assert CliRunner().invoke(main, ["campaign", "verify", "cmp_x"]).exit_code == 1
