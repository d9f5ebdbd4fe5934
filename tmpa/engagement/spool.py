"""The local durable spool: what the intake has answered is in a file before it answers.

One process writes one file at a time with O_APPEND, whole lines only, and holds a lock on it; whoever gets the lock
knows that the writer is gone or has moved on. Files are made aside, locked, and only then given their name, so that
a reader never takes a new file for a finished one. A background thread syncs what was written to the disk at least
every `sync_seconds`: the death of the process loses nothing, the death of the machine at most that window.
"""

import fcntl
import os
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import structlog

SUFFIX = ".jsonl"
REJECTED_FOLDER = "rejected"
REJECTED_SUFFIX = ".rejected"
MAX_BYTES = 16_000_000
MAX_AGE_SECONDS = 30.0
SYNC_SECONDS = 0.05

log = structlog.get_logger("spool")


class SpoolUnavailable(Exception):
    """The line could not be kept: the disk is full or broken. Nothing of it is in the spool."""


class Spool:
    """The writing side, for all threads of one process."""

    def __init__(
        self,
        folder: Path,
        max_bytes: int = MAX_BYTES,
        max_age_seconds: float = MAX_AGE_SECONDS,
        sync_seconds: float = SYNC_SECONDS,
    ) -> None:
        self.folder = folder
        self.lost = 0  # lines refused since the last one that was kept
        self._max_bytes = max_bytes
        self._max_age = max_age_seconds
        self._sync_seconds = sync_seconds
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._fd = -1
        self._size = 0
        self._born = 0.0
        self._number = 0
        self._unsynced = False
        self._closed = False
        self._pid = 0

    def append(self, line: bytes) -> None:
        """Keep one line (it ends in a newline and holds no other). Raises SpoolUnavailable."""
        with self._lock:
            try:
                self._ready()
                written = os.write(self._fd, line)
            except OSError as error:
                self.lost += 1
                raise SpoolUnavailable(str(error)) from error
            if written != len(line):  # the disk filled up in the middle of the line
                os.ftruncate(self._fd, self._size)
                self.lost += 1
                raise SpoolUnavailable("no space left")
            self._size += written
            self.lost = 0
            if not self._unsynced:
                self._unsynced = True
                self._wake.set()

    def close(self) -> None:
        """Sync and let go of the file; the spool can't be written any more."""
        with self._lock:
            self._closed = True
            self._release()
        self._wake.set()

    def _ready(self) -> None:
        if self._closed:
            raise OSError("the spool is closed")
        if self._pid != os.getpid():  # first use, or a fork: a process never writes its parent's file
            self._fd, self._pid = -1, os.getpid()
            threading.Thread(target=self._keep_synced, name="spool-sync", daemon=True).start()
        if self._fd >= 0 and (
            self._size >= self._max_bytes or time.monotonic() - self._born >= self._max_age
        ):
            self._release()
        if self._fd < 0:
            self._open()

    def _open(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._number += 1
        host = re.sub(r"[^A-Za-z0-9-]", "-", socket.gethostname())[:60]
        name = f"{time.time_ns():020d}-{host}-{os.getpid()}-{self._number}{SUFFIX}"
        aside = self.folder / f".{name}"
        fd = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o640)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            aside.rename(self.folder / name)
            _sync_folder(self.folder)
        except OSError:
            os.close(fd)
            raise
        self._fd, self._size, self._born = fd, 0, time.monotonic()

    def _release(self) -> None:
        fd, self._fd = self._fd, -1
        if fd >= 0:
            # What can't be synced is still in the page cache; the thread has logged it.
            with suppress(OSError):
                os.fsync(fd)
            os.close(fd)
        self._unsynced = False

    def _keep_synced(self) -> None:
        pid = self._pid
        while not self._closed and pid == os.getpid():
            # Wakes at least each age of a file, so that a quiet intake lets go of its last one.
            self._wake.wait(self._max_age)
            self._wake.clear()
            with self._lock:
                held = os.dup(self._fd) if self._fd >= 0 else -1
                self._unsynced = False
            if held >= 0:
                try:
                    os.fsync(held)  # outside the lock: requests go on meanwhile
                except OSError as error:
                    log.error("spool.sync_failed", folder=str(self.folder), error=str(error))
                finally:
                    os.close(held)
            with self._lock:
                if self._fd >= 0 and time.monotonic() - self._born >= self._max_age:
                    self._release()
            time.sleep(self._sync_seconds)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def files(folder: Path) -> list[Path]:
    """The spool's files, oldest first."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.glob(f"*{SUFFIX}") if not path.name.startswith("."))


@contextmanager
def finished(path: Path) -> Iterator[bool]:
    """Whether nobody writes the file any more; while inside, that stays so."""
    with path.open("rb") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


def read_lines(path: Path, offset: int, max_bytes: int = 1_000_000) -> tuple[list[bytes], int]:
    """Whole lines from `offset` on, without their newlines, and the offset after them."""
    with path.open("rb") as handle:
        handle.seek(offset)
        data = handle.read(max_bytes)
        end = data.rfind(b"\n") + 1
        if not end and len(data) == max_bytes:  # one line longer than a read: take it whole
            data += handle.readline()
            end = data.rfind(b"\n") + 1
    return data[:end].split(b"\n")[:-1], offset + end


def set_aside(path: Path, lines: list[bytes]) -> None:
    """Append lines that can't be stored to the file's namesake under `rejected/`."""
    if not lines:
        return
    folder = path.parent / REJECTED_FOLDER
    folder.mkdir(exist_ok=True)
    with (folder / path.with_suffix(REJECTED_SUFFIX).name).open("ab") as handle:
        handle.write(b"".join(line + b"\n" for line in lines))
        handle.flush()
        os.fsync(handle.fileno())
