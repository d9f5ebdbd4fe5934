"""Importing lists, erasing people, suppressing addresses."""

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from tests.factories.accounts import organization
from tests.unit.audiences.conftest import Desk
from tmpa.audiences import imports, service, suppression
from tmpa.audiences.models import Consent, Contact, ContactImport, ContactList, ListMember, Suppression
from tmpa.kernel.errors import NotFound, Refused
from tmpa.kernel.models import Job
from tmpa.kernel.scope import Scope, load

DATA = Path(imports.__file__).parents[1] / "demo" / "data"
SYSTEM = Scope.system()


def many(count: int, prefix: str = "p") -> bytes:
    return b"email,name\n" + b"".join(f"{prefix}{n}@example.com,Person {n}\n".encode() for n in range(count))


@pytest.mark.backends("sqlite")
def test_the_shipped_lists_have_exactly_these_counts(desk: Desk) -> None:
    first = desk.take((DATA / "contacts.csv").read_bytes(), "contacts.csv")
    assert (first.state, first.encoding, first.rows_done) == ("done", "utf-8", 46)
    assert (first.imported, first.updated, first.duplicates, first.refused) == (36, 0, 1, 9)
    reasons: dict[str, list[int]] = {}
    for each in first.refusals:
        reasons.setdefault(each["reason"], []).append(each["row"])
    assert reasons == {
        "duplicate": [10],
        "bad_address": [16, 17, 19, 37, 46],
        "no_address": [18],
        "formula": [33, 34],
        "columns": [47],
    }
    second = desk.take((DATA / "kunden.csv").read_bytes(), "kunden.csv")
    assert (second.encoding, second.imported, second.updated, second.duplicates, second.refused) == (
        "cp1252", 6, 1, 0, 2,
    )  # fmt: skip
    for key, first_name, last_name in (
        ("s.tanaka@tanaka-seisakusho.example", "翔太", "田中"),
        ("layla@haddad-clinic.example", "ليلى", "حداد"),
        ("s.weiss@weiss-elektro.example", "Sabine", "Weiß"),
        ("jürgen@bäckerei-groß.example", "Jürgen", "Groß"),
        ("padded@spaces-around.example", "Padded", "Address"),
    ):
        person = desk.person(key)
        assert (person.first_name, person.last_name, person.consent) == (first_name, last_name, "given")
    assert {row.basis for row in desk.all(Consent)} == {"opt_in"}
    assert len(desk.all(Contact)) == len(desk.all(Consent)) == 42
    assert len(desk.all(ListMember)) == 43


@pytest.mark.backends("sqlite")
def test_empty_cells_are_filled_and_full_ones_kept(desk: Desk) -> None:
    desk.take(b"email,name,company\na@b.example,,Old Ltd\n")
    desk.take(b"email,name,company,language\nA@B.example,Ann Bee,New Ltd,de-AT\n")
    person = desk.person("a@b.example")
    assert (person.first_name, person.last_name, person.company, person.locale) == (
        "Ann",
        "Bee",
        "Old Ltd",
        "de-AT",
    )
    assert person.updated_at is not None


class Died(BaseException):
    """The worker was killed."""


@pytest.fixture
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "STEP", 10)


@pytest.mark.usefixtures("small_steps")
def test_a_crash_anywhere_and_a_second_run_give_the_same(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    data = many(35) + b"p3@example.com,Again\nbad,Bad\np34@example.com,Again\n"
    whole = desk.take(data, "whole.csv")
    expected = (whole.imported, whole.updated, whole.duplicates, whole.refused, whole.rows_done)
    assert expected == (35, 0, 2, 1, 38)
    report = desk.services.store.get(str(whole.report_key))
    with desk.services.database.unit_of_work(desk.who.scope) as session:
        for contact in session.scalars(select(Contact)):
            service.erase_contact(session, contact)

    real = imports._take
    for crash_at in range(4):
        steps: Iterator[int] = iter(range(100))

        def dying(
            session: Any, row: Any, step: Any, steps: Iterator[int] = steps, crash_at: int = crash_at
        ) -> Any:
            result = real(session, row, step)
            session.flush()
            if next(steps) == crash_at:
                raise Died
            return result

        prefixed = data.replace(b"p", b"p%d-" % crash_at).replace(b"name", b"name")
        prefixed = b"email,name\n" + prefixed.partition(b"\n")[2]
        started = desk.upload(prefixed, f"{crash_at}.csv")
        monkeypatch.setattr(imports, "_take", dying)
        with pytest.raises(Died):
            imports.run_import(desk.services, str(started))
        monkeypatch.setattr(imports, "_take", real)
        row = desk.run(started)
        assert (row.imported, row.updated, row.duplicates, row.refused, row.rows_done) == expected
        assert [each["row"] for each in row.refusals] == [each["row"] for each in whole.refusals]
        assert len(desk.services.store.get(str(row.report_key)).splitlines()) == len(report.splitlines())


@pytest.mark.backends("sqlite")
@pytest.mark.usefixtures("small_steps")
def test_the_same_job_twice_changes_nothing_more(desk: Desk) -> None:
    started = desk.upload(many(25))
    first, second = desk.run(started), desk.run(started)
    assert (first.imported, second.imported, second.rows_done) == (25, 25, 25)
    assert len(desk.all(Contact)) == 25 == len(desk.all(Consent)) == len(desk.all(ListMember))


@pytest.mark.usefixtures("small_steps")
def test_two_runs_at_the_same_time_count_each_line_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second begins where the first was, and finds the step taken when its turn comes."""
    started = desk.upload(many(25) + b"bad,Bad\n")
    real = imports.parsing.read
    nested = iter([True, False, False])

    def overtaken(data: bytes) -> Any:
        if next(nested):
            imports.run_import(desk.services, str(started))
        return real(data)

    monkeypatch.setattr(imports.parsing, "read", overtaken)
    row = desk.run(started)
    assert (row.state, row.rows_done, row.imported, row.duplicates, row.refused) == ("done", 26, 25, 0, 1)


@pytest.mark.backends("sqlite")
@pytest.mark.usefixtures("small_steps")
def test_duplicates_are_found_across_steps_with_their_lines(desk: Desk) -> None:
    row = desk.take(many(15) + b"P2@EXAMPLE.com,Again\np2@example.com,Again\n")
    assert (row.imported, row.duplicates, row.refused) == (15, 2, 0)
    assert [(each["row"], each["reason"]) for each in row.refusals] == [(17, "duplicate"), (18, "duplicate")]


@pytest.mark.backends("sqlite")
@pytest.mark.usefixtures("small_steps")
def test_the_report_is_whole_and_runs_nothing_in_a_spreadsheet(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "KEPT_REFUSALS", 5)
    row = desk.take(b"email\n" + b"bad\n" * 30 + b"=1+1\n-2\n")
    assert len(row.refusals) == 5 and row.refused == 32
    report = desk.services.store.get(str(row.report_key)).decode("utf-8-sig").splitlines()
    assert report[0] == "row,value,reason" and len(report) == 33
    assert report[31] == "32,'=1+1,formula" and report[32].startswith("33,'-2")


@pytest.mark.backends("sqlite")
def test_what_was_uploaded_is_gone_when_it_was_imported(desk: Desk) -> None:
    row = desk.take(many(3))
    assert list(desk.services.store.list(f"imports/{row.id}/")) == [row.report_key]


@pytest.mark.backends("sqlite")
@pytest.mark.parametrize(
    ("data", "basis", "source", "field"),
    [
        (b"", "opt_in", "CRM", "file"),
        (b"name\nX\n", "opt_in", "CRM", "file"),
        (b'email\n"a@b.example', "opt_in", "CRM", "file"),
        (many(1), "none", "CRM", "basis"),
        (many(1), "opt_in", "  ", "source"),
    ],
)
def test_a_refused_upload_leaves_nothing(
    desk: Desk, data: bytes, basis: str, source: str, field: str
) -> None:
    with pytest.raises(Refused) as refused, desk.services.database.unit_of_work(desk.who.scope) as session:
        target = imports.new_list(session, "New")
        imports.import_file(session, desk.services.store, target, "x.csv", data, basis, source)
    assert refused.value.field == field
    assert desk.all(ContactImport) == desk.all(ContactList) == desk.all(Job) == []
    assert list(desk.services.store.list("imports/")) == []


@pytest.mark.backends("sqlite")
def test_a_withdrawn_consent_stays_withdrawn(desk: Desk) -> None:
    desk.take(b"email\na@b.example\n")
    with desk.services.database.unit_of_work(desk.who.scope) as session:
        person = session.scalars(select(Contact)).one()
        service.record_consent(session, person, "withdrawn", "opt_in", "A letter")
    row = desk.take(b"email,name\na@b.example,Ann\n")
    assert row.updated == 1
    assert desk.person("a@b.example").consent == "withdrawn"
    assert [each.state for each in desk.all(Consent)] == ["given", "withdrawn"]


def test_erasing_leaves_nothing_of_the_person(desk: Desk) -> None:
    row = desk.take(b"email,name,company\nann@b.example,Ann Bee,Bee Ltd\nANN@b.example,Ann\nbad,Bad\n")
    assert row.duplicates == 1
    with desk.services.database.unit_of_work(desk.who.scope) as session:
        person = session.scalars(select(Contact)).one()
        suppression.suppress(session, desk.who.organization_id, "ann@b.example", "asked", {})
        service.erase_contact(session, person)
    person = desk.all(Contact)[0]
    assert person.pseudonym_key is None and person.consent == "withdrawn"
    assert "ann" not in f"{person.email} {person.email_key} {person.first_name}{person.company}".lower()
    assert desk.all(ListMember) == []
    assert [each.source for each in desk.all(Consent)] == ["erased"]
    assert [each["value"] for each in desk.all(ContactImport)[0].refusals] == ["bad"]
    assert [each.email_key for each in desk.all(Suppression)] == ["ann@b.example"]  # so that it is honoured
    names = {job.name for job in desk.all(Job)}
    assert {"sending.forget_contact", "audiences.delete_report"} <= names
    imports.delete_report(desk.services, str(row.id))
    assert list(desk.services.store.list("imports/")) == []
    again = desk.take(b"email\nann@b.example\n")
    assert again.imported == 1
    with desk.services.database.unit_of_work(desk.who.scope) as session:
        assert suppression.suppressed(session, ["ann@b.example"], desk.who.organization_id, None) == {
            "ann@b.example": "asked"
        }


def test_an_address_is_stopped_by_one_partner_one_vendor_or_everywhere(desk: Desk) -> None:
    database = desk.services.database
    partner, vendor = desk.who.organization_id, desk.vendor_id
    other_vendor = organization(database, "vendor", "Other vendor")
    other_partner = organization(database, "partner", "Other partner")
    with database.unit_of_work(SYSTEM) as session:
        for owner, address in ((partner, "P@x.example"), (vendor, "v@x.example"), (None, "all@x.example")):
            first = suppression.suppress(session, owner, address, "unsubscribed", {"by": "test"})
            assert suppression.suppress(session, owner, address, "complained", {}).id == first.id
    keys = ["p@x.example", "v@x.example", "all@x.example", "free@x.example"]

    def stopped(partner_id: uuid.UUID, vendor_id: uuid.UUID | None) -> set[str]:
        with database.unit_of_work(desk.who.scope, write=False) as session:
            return set(suppression.suppressed(session, keys, partner_id, vendor_id))

    assert stopped(partner, vendor) == {"p@x.example", "v@x.example", "all@x.example"}
    assert stopped(partner, other_vendor) == {"p@x.example", "all@x.example"}
    assert stopped(other_partner, vendor) == {"v@x.example", "all@x.example"}
    assert stopped(other_partner, None) == {"all@x.example"}
    with database.unit_of_work(desk.who.scope, write=False) as session:
        assert [row.email_key for row in session.scalars(select(Suppression))] == ["p@x.example"]
    for owner in (vendor, None):
        with pytest.raises(NotFound), database.unit_of_work(desk.who.scope) as session:
            suppression.suppress(session, owner, "new@x.example", "asked", {})


@pytest.mark.backends("sqlite")
def test_contacts_are_found_by_what_is_typed(desk: Desk) -> None:
    desk.take(b"email,name,company\na%b@x.example,Ann Bee,100% Bee\nc@x.example,Carl Dee,Dee_Co\n")
    with desk.services.database.unit_of_work(desk.who.scope, write=False) as session:

        def found(search: str, number: int = 1) -> list[str]:
            return [each.first_name for each in service.contacts(session, search, number).items]

        assert found("bee") == found("100%") == found("A%B") == ["Ann"]
        assert found("_") == ["Carl"] and found("%") == ["Ann"] and found("nobody") == []
        assert found("", 10**30) == found("", -5) == ["Ann", "Carl"]


@pytest.mark.backends("sqlite")
def test_somebody_elses_list_takes_no_import(desk: Desk) -> None:
    database = desk.services.database
    other = organization(database, "partner", "Other partner")
    with database.unit_of_work(SYSTEM) as session:
        row = ContactList(partner_id=other, name="Theirs")
        session.add(row)
        session.flush()
        theirs = row.id
    with database.unit_of_work(desk.who.scope) as session, pytest.raises(NotFound):
        load(session, ContactList, theirs)
    with pytest.raises(NotFound), database.unit_of_work(desk.who.scope) as session:
        target = ContactList(id=theirs, partner_id=other, name="Theirs")
        imports.import_file(session, desk.services.store, target, "x.csv", many(1), "opt_in", "CRM")
