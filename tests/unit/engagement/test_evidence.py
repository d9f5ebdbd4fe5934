"""The log only grows; dossiers prove it; every change anywhere is found."""

import threading
import uuid
import zipfile
from collections.abc import Iterator
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from tests.factories.engagement import Audience, audience, open_context
from tmpa.audiences.models import Contact
from tmpa.audiences.service import erase_contact
from tmpa.cli import main
from tmpa.db import Database
from tmpa.engagement import service
from tmpa.engagement.drain import drain_once
from tmpa.engagement.evidence import container, log, proof, tree
from tmpa.engagement.evidence.canonical import NotCanonical, canonical, parse_canonical
from tmpa.engagement.evidence.checkpoint import open_note, parse_checkpoint, sign
from tmpa.engagement.evidence.dossier import build_dossier
from tmpa.engagement.evidence.keys import KeyUnreadable, current_key, verifier_key
from tmpa.engagement.evidence.leaves import pseudonym
from tmpa.engagement.models import EvidenceCheckpoint, EvidenceLeaf
from tmpa.kernel.scope import Scope
from tmpa.kernel.signing import Signer
from tmpa.settings import Settings
from workers.jobs import wire

FILES = {
    "pieces/announcement.en.html": b"<p>Hello</p>",
    "pieces/landing.en.html": b"<h1>Hi</h1>",
    "send-log.csv": b"a,b\n",
}


def sealed(mailed: Audience, events: int = 7) -> None:
    """Some events in the log."""
    lines = [mailed.line("click", mailed.recipients[n % 3], 600 + 60 * n, l=1) for n in range(events)]
    mailed.write(lines, uuid.uuid4().hex)
    drain_once(mailed.context, mailed.spool)
    assert service.seal(mailed.context) >= events


def dossier(mailed: Audience) -> bytes:
    with mailed.context.database.unit_of_work(Scope.system()) as session:
        return build_dossier(
            session,
            mailed.context.store,
            mailed.context.signer,
            mailed.vendor_id,
            mailed.programme.campaign_id,
            {"claim": "clm_1", "amount_minor": 125_000, "currency": "EUR"},
            FILES,
        )


def leaves_of(mailed: Audience) -> list[EvidenceLeaf]:
    with mailed.context.database.unit_of_work(Scope.system(), write=False) as session:
        query = select(EvidenceLeaf).where(EvidenceLeaf.vendor_id == mailed.vendor_id)
        return list(session.scalars(query.order_by(EvidenceLeaf.position)))


def test_sealing_numbers_events_and_signs(mailed: Audience) -> None:
    sealed(mailed, 5)
    sealed(mailed, 3)
    leaves = leaves_of(mailed)
    assert [leaf.position for leaf in leaves] == list(range(8))
    facts = parse_canonical(leaves[0].body.encode())
    assert (facts["event"], facts["verdict"], facts["step"]) == ("clicked", "human", "announcement")
    assert "203.0.113" not in leaves[0].body and "Firefox" not in leaves[0].body
    with mailed.context.database.unit_of_work(Scope.system()) as session:
        heads = session.scalars(select(EvidenceCheckpoint).order_by(EvidenceCheckpoint.size)).all()
        row, _private = current_key(session, mailed.context.signer, mailed.vendor_id)
        hashes = [leaf.leaf_hash for leaf in leaves]
        for head in heads:
            read = parse_checkpoint(open_note(head.note, verifier_key(row)))
            assert read.root == tree.root(hashes[: head.size]) and read.size == head.size
        assert [head.size for head in heads] == [5, 8]
        consistent = tree.consistency_proof(hashes, 5)
        tree.check_consistency(5, 8, heads[0].root, heads[1].root, consistent)
        assert log.audit(session, mailed.vendor_id) is None
        person = session.get_one(Contact, mailed.contacts[0])
        assert person.pseudonym_key is not None
        assert facts["person"] == pseudonym(person.pseudonym_key, mailed.vendor_id)


def test_only_settled_events_are_sealed(mailed: Audience) -> None:
    mailed.write([mailed.line("open", mailed.recipients[0])])
    drain_once(mailed.context, mailed.spool)
    with mailed.context.database.unit_of_work(Scope.system()) as session:
        assert log.seal(session, mailed.context.signer, mailed.vendor_id, settle_seconds=60) == 0
        assert log.seal(session, mailed.context.signer, mailed.vendor_id, settle_seconds=0) == 1
        assert log.seal(session, mailed.context.signer, mailed.vendor_id, settle_seconds=0) == 0


@pytest.mark.parametrize("table", ["evidence_leaves", "evidence_checkpoints"])
@pytest.mark.parametrize("change", ["UPDATE {} SET vendor_id = vendor_id", "DELETE FROM {}"])
def test_the_database_refuses_changes(mailed: Audience, table: str, change: str) -> None:
    sealed(mailed, 2)
    with pytest.raises(DBAPIError), mailed.context.database.unit_of_work(Scope.system()) as session:
        session.execute(text(change.format(table)))
    assert len(leaves_of(mailed)) == 2


def test_positions_have_no_gaps_when_many_append_at_once(mailed: Audience) -> None:
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for each in range(5):
                try:
                    with mailed.context.database.unit_of_work(Scope.system()) as session:
                        log.append(session, mailed.vendor_id, "lead", {"n": number, "each": each})
                        log.sign_checkpoint(session, mailed.context.signer, mailed.vendor_id)
                        if each == 3:
                            raise ZeroDivisionError  # a rolled back append leaves no hole
                except ZeroDivisionError:
                    pass
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert [leaf.position for leaf in leaves_of(mailed)] == list(range(16))
    with mailed.context.database.unit_of_work(Scope.system()) as session:
        assert log.audit(session, mailed.vendor_id) is None


def test_a_dossier_holds(mailed: Audience, tmp_path: Path) -> None:
    service.record_deliveries(mailed.context)
    sealed(mailed, 7)
    data = dossier(mailed)
    report = proof.verify(data)
    assert report.ok, report.problem
    assert len(report.holds) == 5
    assert report.dossier["counts"] == {"delivered": {"unknown": 3}, "clicked": {"human": 7}}
    assert report.dossier["facts"]["amount_minor"] == 125_000
    assert proof.verify(data, report.key).ok
    assert not proof.verify(data, report.key.replace("+", "x+", 1)).ok
    assert mailed.context.store.exists(f"dossiers/{sha256(data).hexdigest()}.zip")
    with zipfile.ZipFile(BytesIO(data)) as archive:
        assert archive.testzip() is None and archive.read("send-log.csv") == b"a,b\n"
    again = dossier(mailed)  # of another claim of the same campaign: the first is among its leaves
    assert proof.verify(again).ok and proof.verify(data).ok


def test_the_command_says_what_holds_and_what_does_not(mailed: Audience, tmp_path: Path) -> None:
    sealed(mailed, 3)
    good, bad = tmp_path / "good.zip", tmp_path / "bad.zip"
    data = dossier(mailed)
    good.write_bytes(data)
    bad.write_bytes(data.replace(b"<h1>Hi</h1>", b"<h1>Ho</h1>"))
    runner = CliRunner()
    done = runner.invoke(main, ["proof", "verify", str(good)])
    assert done.exit_code == 0 and done.output.count("✓") == 5
    for file, args in ((bad, []), (tmp_path / "none.zip", []), (good, ["--key", "x+00000000+AA=="])):
        done = runner.invoke(main, ["proof", "verify", str(file), *args])
        assert done.exit_code == 1 and done.stderr.strip()


@pytest.fixture(scope="module")
def made(databases: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[bytes]:
    """One good dossier for the tests that change it."""
    wire()
    address = databases.fresh("sqlite")
    opened = Settings(
        env="test", var_dir=tmp_path_factory.mktemp("var"), database_url=address, fast_passwords=True,
        secret_keys="test-secret-of-at-least-32-characters", settle_seconds=0,
    )  # fmt: skip
    database = Database(opened)
    mailed = audience(open_context(opened, database))
    sealed(mailed, 9)
    with database.unit_of_work(Scope.system()) as session:
        log.append(session, mailed.vendor_id, "note", {"of": "no campaign"})
    sealed(mailed, 2)
    yield dossier(mailed)
    database.dispose()
    databases.drop(address)


@given(st.data())
@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_changed_byte_is_found(made: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(made) - 1))
    change = data.draw(st.integers(1, 255))
    changed = bytes([*made[:at], made[at] ^ change, *made[at + 1 :]])
    report = proof.verify(changed)
    assert not report.ok and report.problem


@given(st.data())
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_changed_byte_in_a_well_packed_file_is_found(made: bytes, data: st.DataObject) -> None:
    """The container hides nothing here: each file is changed and packed again as it should be."""
    files = container.read(made)
    name = data.draw(st.sampled_from(sorted(files)))
    at = data.draw(st.integers(0, len(files[name]) - 1))
    content = bytearray(files[name])
    content[at] ^= data.draw(st.integers(1, 255))
    assert not proof.verify(container.write({**files, name: bytes(content)})).ok


def test_every_byte_of_the_small_files_counts(made: bytes) -> None:
    files = container.read(made)
    for name in ("checkpoint.txt", "key.txt"):
        for at in range(len(files[name])):
            content = bytearray(files[name])
            content[at] ^= 1
            assert not proof.verify(container.write({**files, name: bytes(content)})).ok, (name, at)


def test_added_removed_and_swapped_parts_are_found(made: bytes) -> None:
    files = container.read(made)
    lines = files["leaves.jsonl"].splitlines(keepends=True)

    def packed(**changes: Any) -> bytes:
        kept = {name: value for name, value in {**files, **changes}.items() if value is not None}
        return container.write(kept)

    def leaves(changed: list[bytes]) -> bytes:
        return packed(**{"leaves.jsonl": b"".join(changed)})

    for name in files:
        assert not proof.verify(packed(**{name: None})).ok
    for attack in (
        packed(**{"pieces/more.html": b""}),
        packed(**{"pieces/announcement.en.html": files["pieces/landing.en.html"]}),
        leaves([lines[1], lines[0], *lines[2:]]),
        leaves(lines[1:]),
        leaves(lines[:-1]),
        leaves([*lines, lines[-1]]),
        leaves([]),
        made[:-1],
        made + b"\0",
        b"PK" + made,
        b"",
    ):
        report = proof.verify(attack)
        assert not report.ok and report.problem


def test_a_dossier_without_an_embarrassing_leaf_is_found(made: bytes) -> None:
    """The attacker prunes the tree again, so that the root is right: the dossier itself says what is missing."""
    files = container.read(made)
    kept = proof._leaves(files)
    proofs = parse_canonical(files["proofs.json"])
    hashes = [tree.leaf_hash(leaf.data) for leaf in kept]
    others = [bytes.fromhex(each) for each in proofs["hashes"]]
    size, positions = proofs["size"], [leaf.position for leaf in kept]
    everything = _everything(size, positions, hashes, others)
    fewer = kept[1:]
    own = proofs["dossier"]
    attack = {
        **files,
        "leaves.jsonl": proof.write_leaves([(leaf.position, leaf.data) for leaf in fewer]),
        "proofs.json": proof.write_proofs(
            size,
            tree.pruned(everything, [leaf.position for leaf in fewer]),
            own["position"],
            [bytes.fromhex(each) for each in own["path"]],
        ),
    }
    report = proof.verify(container.write(attack))
    assert "not all those" in report.problem


def _everything(size: int, positions: list[int], hashes: list[bytes], others: list[bytes]) -> list[bytes]:
    """All leaf hashes, where the pruned parts are single leaves."""
    known = dict(zip(positions, hashes, strict=True))
    rest = iter(others)
    return [known.get(position) or next(rest) for position in range(size)]


def test_a_dossier_signed_anew_is_found_with_the_vendors_key(made: bytes, mailed: Audience) -> None:
    sealed(mailed, 2)
    theirs = dossier(mailed)
    key = proof.verify(made).key
    assert proof.verify(theirs).ok
    report = proof.verify(theirs, key)
    assert not report.ok and "another key" in report.problem
    swapped = {**container.read(made), "checkpoint.txt": container.read(theirs)["checkpoint.txt"]}
    assert not proof.verify(container.write(swapped)).ok
    swapped["key.txt"] = container.read(theirs)["key.txt"]
    assert not proof.verify(container.write(swapped)).ok


def test_erasing_a_person_keeps_every_proof(mailed: Audience) -> None:
    sealed(mailed, 6)
    before = dossier(mailed)
    with mailed.context.database.unit_of_work(Scope.system()) as session:
        erase_contact(session, session.get_one(Contact, mailed.contacts[0]))
    service.forget_contact(mailed.context, str(mailed.contacts[0]))
    after = dossier(mailed)
    assert proof.verify(before).ok and proof.verify(after).ok
    sealed(mailed, 3)
    with mailed.context.database.unit_of_work(Scope.system()) as session:
        assert log.audit(session, mailed.vendor_id) is None
        assert session.get_one(Contact, mailed.contacts[0]).pseudonym_key is None
    newest = [parse_canonical(leaf.body.encode()) for leaf in leaves_of(mailed)][-3:]
    assert sum(leaf["person"] is None for leaf in newest) == 1


@pytest.mark.backends("sqlite")
@pytest.mark.parametrize(
    ("change", "says", "position"),
    [
        (
            "UPDATE evidence_leaves SET body = replace(body, 'human', 'x') WHERE position = 2",
            "not what was hashed",
            2,
        ),
        ("DELETE FROM evidence_leaves WHERE position = 2", "missing", 2),
        ("DELETE FROM evidence_leaves WHERE position > 2", "shorter", 3),
        ("UPDATE evidence_leaves SET position = 99 WHERE position = 2", "missing", 2),
        ("UPDATE engagement_events SET verdict = 'machine' WHERE leaf_index = 2", "something else", 2),
        ("UPDATE engagement_events SET leaf_index = 77 WHERE leaf_index = 2", "not there", 77),
        ("UPDATE evidence_checkpoints SET root = x'00'", "do not lead", 5),
        ("UPDATE evidence_checkpoints SET note = replace(note, 'tmpa/', 'tmqa/')", "no key", 5),
    ],
)
def test_the_audit_names_the_first_bad_position(
    mailed: Audience, change: str, says: str, position: int
) -> None:
    sealed(mailed, 5)
    with mailed.context.database.engine.begin() as connection:
        triggers = (
            connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars().all()
        )
        for trigger in triggers:
            connection.execute(text(f"DROP TRIGGER {trigger}"))
        connection.execute(text(change))
    with mailed.context.database.unit_of_work(Scope.system(), write=False) as session:
        finding = log.audit(session, mailed.vendor_id)
    assert finding is not None and says in finding.message and finding.position == position


def test_the_private_key_needs_the_secret(mailed: Audience) -> None:
    sealed(mailed, 1)
    old = mailed.context.settings.secret_keys
    with mailed.context.database.unit_of_work(Scope.system()) as session:
        row, private = current_key(
            session, Signer(["a-newer-secret-of-at-least-32-chars!", old]), mailed.vendor_id
        )
        assert private.public_key().public_bytes_raw() == row.public_key
        assert private.private_bytes_raw() not in row.private_key
        with pytest.raises(KeyUnreadable):
            current_key(session, Signer(["a-newer-secret-of-at-least-32-chars!"]), mailed.vendor_id)
        assert sign("x\n", row.name, private).startswith("x\n\n— tmpa/evidence/org_")


@pytest.mark.parametrize(
    "bad",
    [b'{"b":1,"a":2}', b'{"a": 1}', b"[]", b"{", b'{"a":1.0}', b'{"a":1,"a":1}', b'{"a":9007199254740993}'],
)
def test_only_canonical_json_is_read(bad: bytes) -> None:
    with pytest.raises(NotCanonical):
        parse_canonical(bad)


def test_canonical_json_is_rfc_8785() -> None:
    value = {
        "numbers": [333333333.33333329, 1e30, 4.5, 2e-3, 1e-27],
        "literals": [None, True, False],
        "€": "\u20ac$",
    }
    wanted = '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"€":"€$"}'
    assert canonical(value).decode() == wanted
