"""The outbox (invariant 5), the audit trail, and rows that only are added (invariants 1 and 8)."""

import json
import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from tests.factories.world import make_world
from tests.unit.kernel.conftest import Worlds
from tmpa.accounts.models import Organization
from tmpa.db import Database
from tmpa.kernel import audit, jobs
from tmpa.kernel.clock import utcnow
from tmpa.kernel.errors import Refused
from tmpa.kernel.models import AuditRow, Job
from tmpa.kernel.scope import Scope
from tmpa.kits.models import KitVersion


class Crash(Exception):
    """The process died here."""


@pytest.fixture
def subscribers() -> Iterator[None]:
    """Subscriptions of a test end with it."""
    kept = {event: list(names) for event, names in jobs._subscribers.items()}
    yield
    jobs._subscribers.clear()
    jobs._subscribers.update(kept)


def rows(database: Database, model: Any) -> list[Any]:
    with database.unit_of_work(Scope.system(), write=False) as session:
        return list(session.scalars(select(model)))


def test_a_job_commits_with_its_change(database: Database) -> None:
    with database.unit_of_work(Scope.system()) as session:
        session.add(Organization(kind="vendor", name="Kept"))
        jobs.enqueue(
            session, "x.y", {"a": 1, "b": ["ä"]}, queue="urgent", not_before=utcnow() + timedelta(hours=1)
        )
    assert [row.name for row in rows(database, Organization)] == ["Kept"]
    job = rows(database, Job)[0]
    assert (job.name, job.args, job.queue, job.state, job.attempts) == (
        "x.y", {"a": 1, "b": ["ä"]}, "urgent", "pending", 0,
    )  # fmt: skip
    assert job.not_before > utcnow()


def test_a_job_goes_with_a_change_that_fails(database: Database) -> None:
    with pytest.raises(Crash), database.unit_of_work(Scope.system()) as session:
        session.add(Organization(kind="vendor", name="Lost"))
        jobs.enqueue(session, "x.y", {})
        session.flush()
        raise Crash
    assert rows(database, Organization) == [] and rows(database, Job) == []


def test_a_change_goes_with_a_job_that_can_not_be_kept(database: Database) -> None:
    with (
        pytest.raises(Exception, match="not JSON serializable"),
        database.unit_of_work(Scope.system()) as session,
    ):
        session.add(Organization(kind="vendor", name="Lost"))
        jobs.enqueue(session, "x.y", {"when": utcnow()})
    assert rows(database, Organization) == []


@pytest.mark.backends("sqlite")
@pytest.mark.usefixtures("subscribers")
def test_news_becomes_a_job_for_each_subscriber(database: Database) -> None:
    for name in ("b.hear", "a.hear", "b.hear"):
        jobs.subscribe("test.happened", name)
    with database.unit_of_work(Scope.system()) as session:
        jobs.emit(session, "test.happened", {"id": "1"})
        jobs.emit(session, "test.nobody_listens", {"id": "2"})
    kept = rows(database, Job)
    assert sorted(job.name for job in kept) == ["a.hear", "b.hear"]
    assert all(job.args == {"id": "1"} and job.queue == "events" for job in kept)


@pytest.mark.backends("sqlite")
def test_any_side_may_cause_a_job_and_none_but_the_operator_sees_it(
    worlds: Worlds, database: Database
) -> None:
    mine, _theirs = worlds
    with database.unit_of_work(mine.partner) as session:
        jobs.enqueue(session, "x.y", {})
        session.flush()
        assert session.scalars(select(Job)).all() == []
    assert "x.y" in {job.name for job in rows(database, Job)}


def test_only_a_dead_job_runs_again(database: Database) -> None:
    with database.unit_of_work(Scope.system()) as session:
        job = jobs.enqueue(session, "x.y", {})
        session.flush()
        with pytest.raises(Refused):
            jobs.rerun(session, job)
        job.state, job.attempts = "dead", 6
        jobs.rerun(session, job)
        assert (job.state, job.attempts) == ("pending", 0)


def test_the_audit_names_actor_thing_and_change(worlds: Worlds, database: Database) -> None:
    mine, _theirs = worlds
    with database.unit_of_work(mine.vendor) as session:
        version = session.get_one(KitVersion, mine[KitVersion].id)
        audit.record(session, "kit.withdrawn", version, reason="A typo", state="withdrawn")
    row = next(row for row in rows(database, AuditRow) if row.action == "kit.withdrawn")
    assert (row.organization_id, row.user_id) == (mine.vendor_id, mine.vendor.user_id)
    assert (row.thing_kind, row.thing_id, row.reason) == ("KitVersion", version.id, "A typo")
    assert row.changes == {"state": "withdrawn"}


@pytest.mark.backends("sqlite")
def test_the_audit_names_a_thing_that_is_new(database: Database) -> None:
    with database.unit_of_work(Scope.system()) as session:
        made = Organization(kind="vendor", name="New")
        session.add(made)
        audit.record(session, "organization.created", made)
    assert rows(database, AuditRow)[0].thing_id == made.id


FROZEN = ("evidence_leaves", "evidence_checkpoints", "ledger_entries", "ledger_lines", "audit_rows")


def test_what_is_only_added_is_neither_changed_nor_deleted(database: Database) -> None:
    """Not even by SQL of the system's own."""
    with database.unit_of_work(Scope.system()) as session:
        make_world(session, "world")
    for table in FROZEN:
        for change in (f"UPDATE {table} SET created_at = created_at", f"DELETE FROM {table}"):
            with database.engine.connect() as connection, pytest.raises(DBAPIError, match="only added"):
                connection.execute(text(change))


def test_a_published_version_keeps_its_content(database: Database) -> None:
    with database.unit_of_work(Scope.system()) as session:
        world = make_world(session, "world")
        other = make_world(session, "other")
        key, another = world[KitVersion].id, other[KitVersion].kit_id
    changes: dict[str, Any] = {
        "version": "9.9.9",
        "content_hash": "f" * 64,
        "manifest": {"title": "Another"},
        "kit_id": another,
        "vendor_id": other.vendor_id,
    }
    for name, value in changes.items():
        with database.session(Scope.system()) as session:
            setattr(session.get_one(KitVersion, key), name, value)
            with pytest.raises(DBAPIError, match="only added"):
                session.flush()
    with database.unit_of_work(Scope.system()) as session:
        session.get_one(KitVersion, key).state = "withdrawn"


@pytest.mark.backends("sqlite")
def test_an_errors_text_holds_no_values(database: Database) -> None:
    """It goes into logs and job rows."""
    with pytest.raises(DBAPIError) as failed, database.unit_of_work(Scope.system()) as session:
        session.add(AuditRow(action="x", thing_kind="y" * 9, changes={"address": "secret@person.example"}))
    assert "secret@person.example" not in str(failed.value)


@pytest.mark.backends("sqlite")
def test_public_ids_are_what_addresses_show(worlds: Worlds) -> None:
    mine, _theirs = worlds
    assert json.dumps(mine[KitVersion].public_id).startswith('"kvr_')
    assert isinstance(mine[KitVersion].id, uuid.UUID)
