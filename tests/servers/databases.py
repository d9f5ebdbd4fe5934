"""Migrated databases for tests: made once per test process, copied for each test in milliseconds."""

import shutil
from itertools import count
from pathlib import Path
from typing import Literal

from tests.servers.postgres import PostgresServer
from tmpa.db import Database
from tmpa.migrations.run import upgrade
from tmpa.settings import Settings

Backend = Literal["sqlite", "postgresql"]


class Templates:
    """Hands out fresh, migrated databases of both kinds; starts PostgreSQL when the first one is asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._server: PostgresServer | None = None
        self._numbers = count(1)
        self._sqlite: Path | None = None

    @property
    def server(self) -> PostgresServer:
        """The PostgreSQL server, with its migrated template."""
        if self._server is None:
            self._server = PostgresServer()
            self._server.start()
            migrate(self._server.create_database("migrated"))
        return self._server

    def fresh(self, backend: Backend) -> str:
        """The SQLAlchemy address of a migrated database that nobody else uses."""
        name = f"test{next(self._numbers)}"
        if backend == "postgresql":
            return self.server.create_database(name, template="migrated")
        if self._sqlite is None:
            template = self._folder / "template.sqlite3"
            migrate(f"sqlite:///{template}")
            self._sqlite = template
        copy = self._folder / f"{name}.sqlite3"
        shutil.copyfile(self._sqlite, copy)
        return f"sqlite:///{copy}"

    def drop(self, address: str) -> None:
        """Remove what `fresh` made."""
        name = address.rpartition("/")[2]
        if address.startswith("sqlite"):
            for path in self._folder.glob(f"{name}*"):
                path.unlink()
        elif self._server is not None:
            self._server.drop_database(name)

    def stop(self) -> None:
        """Stop the PostgreSQL server if one was started."""
        if self._server is not None:
            self._server.stop()


def migrate(address: str) -> None:
    """Bring an empty database to the newest revision."""
    database = Database(Settings(env="test", database_url=address))
    upgrade(database)
    database.dispose()
