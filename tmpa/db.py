"""The database and the unit of work: the only place that commits."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.orm import Session, sessionmaker

from tmpa.kernel.scope import Scope, guard
from tmpa.settings import Settings


class ScopedSession(Session):
    """A session that refuses to work without a scope."""


guard(ScopedSession)


def _pragmas(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # transactions begin where we say, see _begin
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA busy_timeout=20000")
    cursor.close()


def _begin(connection: Connection) -> None:
    # A transaction that will write takes SQLite's lock at once and waits its turn; one that upgrades from
    # reading later would fail with "database is locked" instead of waiting.
    read_only = connection.get_execution_options().get("read_only", False)
    connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")


class Database:
    """An engine with its sessions."""

    def __init__(self, settings: Settings) -> None:
        # hide_parameters: an error's text goes to logs and job rows, where people's data and hashes don't belong
        address = settings.database_address
        self.is_sqlite = address.startswith("sqlite")
        if self.is_sqlite:
            settings.var_dir.mkdir(parents=True, exist_ok=True)
            self.engine: Engine = create_engine(address, hide_parameters=True)
            event.listen(self.engine, "connect", _pragmas)
            event.listen(self.engine, "begin", _begin)
        else:
            self.engine = create_engine(
                address, hide_parameters=True, pool_pre_ping=True, pool_size=10, max_overflow=10
            )
        reading = {"read_only": True} if self.is_sqlite else {"postgresql_readonly": True}
        reader = self.engine.execution_options(**reading)
        self._writing = sessionmaker(self.engine, class_=ScopedSession, expire_on_commit=False)
        self._reading = sessionmaker(reader, class_=ScopedSession, autoflush=False, expire_on_commit=False)

    def session(self, scope: Scope, write: bool = True) -> Session:
        """A session for `scope` that the caller closes; prefer `unit_of_work`."""
        return (self._writing if write else self._reading)(info={"scope": scope})

    @contextmanager
    def unit_of_work(self, scope: Scope, write: bool = True) -> Iterator[Session]:
        """One transaction for `scope`: commits when the block ends, rolls back when it raises."""
        with self.session(scope, write) as session:
            try:
                yield session
                if write:
                    session.commit()
                # A reading session just closes: a rollback would expire what the caller read and still holds.
            except BaseException:
                session.rollback()
                raise

    def dispose(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()
