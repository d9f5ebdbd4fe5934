"""Migrations run up, down and up again on both databases, and make what the models say."""

from collections.abc import Iterator

import pytest
from sqlalchemy import inspect, text

from tests.servers.databases import Templates
from tmpa.db import Database
from tmpa.migrations import run
from tmpa.models import Base
from tmpa.settings import Settings


@pytest.fixture
def empty(backend: str, databases: Templates, settings: Settings) -> Iterator[Database]:
    """A migrated database."""
    database = Database(settings)
    yield database
    database.dispose()


def tables(database: Database) -> set[str]:
    return set(inspect(database.engine).get_table_names()) - {"alembic_version"}


def test_up_down_up(empty: Database) -> None:
    assert tables(empty) == set(Base.metadata.tables)
    assert run.is_current(empty)
    run.check(empty)
    run.downgrade(empty, "base")
    assert tables(empty) == set() and not run.is_current(empty)
    if not empty.is_sqlite:
        with empty.engine.connect() as connection:
            left = connection.execute(text("SELECT proname FROM pg_proc WHERE proname LIKE 'tmpa%'")).all()
        assert left == []
    run.upgrade(empty)
    run.upgrade(empty)
    assert tables(empty) == set(Base.metadata.tables) and run.is_current(empty)
    run.check(empty)


def test_a_step_back_and_forth(empty: Database) -> None:
    run.downgrade(empty, "-1")
    run.upgrade(empty)
    run.check(empty)
