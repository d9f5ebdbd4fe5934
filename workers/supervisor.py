"""Starts every part of an installation on this machine, keeps them running, stops all of them together.

`tmpa demo` and `tmpa story` use it; production uses systemd or containers instead (docs/operators). No child
outlives it: each is told by the kernel when its parent ends (Linux), and is stopped in order otherwise.
"""

import contextlib
import fcntl
import os
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import IO

from tmpa.settings import Settings
from workers.embedded import EmbeddedRedis, EmbeddedRedisError
from workers.nursery import Nursery, Running
from workers.parts import Part, all_parts, taken_ports
from workers.processes import die_with_parent, environment_of, wait_until

STOP_SECONDS = 8.0
READY_SECONDS = 120.0  # a loaded machine takes long to import everything
LOG_LIMIT = 10_000_000  # bytes; the file before is kept as NAME.log.1
HEALTHY_SECONDS = 60.0
LONGEST_PAUSE = 30.0

Echo = Callable[[str], None]


class CannotStart(Exception):
    """The installation can't start; the text says why and what to set, in whole sentences."""


class Child:
    """One part's process: its output in a log file, its restarts."""

    def __init__(self, part: Part, environ: Mapping[str, str], logs: Path, echo: Echo) -> None:
        self.part = part
        self._environ, self._logs, self._echo = environ, logs, echo
        self.process: Running | None = None
        self.last_words: deque[str] = deque(maxlen=15)
        self.crashes = 0
        self._started = 0.0
        self._not_before = 0.0
        self._reader: threading.Thread | None = None

    def start(self, nursery: Nursery | None) -> None:
        """Start the process in a session of its own, so that the terminal's Ctrl-C reaches only the supervisor."""
        self._started = time.monotonic()
        reading, writing = os.pipe()
        try:
            if nursery is not None:
                self.process = nursery.start(self.part.module, self.part.args, self._environ, writing)
            else:
                self.process = subprocess.Popen(
                    self.part.command,
                    env=self._environ,
                    stdin=subprocess.DEVNULL,
                    stdout=writing,
                    stderr=writing,
                    start_new_session=True,
                    preexec_fn=die_with_parent,
                )
        finally:
            os.close(writing)
        self._reader = threading.Thread(target=self._read, args=(os.fdopen(reading, "rb"),), daemon=True)
        self._reader.start()

    def _read(self, output: IO[bytes]) -> None:
        with rotated(self._logs / f"{self.part.name}.log") as log, output:
            for line in output:
                log.write(line)
                log.flush()
                text = line.decode(errors="replace").rstrip()
                self.last_words.append(text)
                self._echo(f"{self.part.name:<9}│ {text}")

    def tend(self, nursery: Nursery | None) -> None:
        """Start again what ended: at once after a planned end, after a growing pause when it crashed."""
        if self.process is None:
            if time.monotonic() >= self._not_before:
                self.start(nursery)
            return
        code = self.process.poll()
        if code is None:
            return
        self.process = None
        if code == 0:
            self.crashes = 0
            return
        if time.monotonic() - self._started > HEALTHY_SECONDS:
            self.crashes = 0
        self.crashes += 1
        pause = min(0.25 * 2**self.crashes, LONGEST_PAUSE)
        self._not_before = time.monotonic() + pause
        self._echo(f"{self.part.name:<9}│ ended with status {code}; starting again in {pause:g} s")

    def terminate(self) -> None:
        """Ask it to end."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()

    def finish(self, until: float) -> bool:
        """Wait for its end until that monotonic time, then kill it and what it started; whether it ended itself."""
        if self.process is None:
            return True
        graceful = True
        try:
            self.process.wait(max(0.0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            graceful = False
        with contextlib.suppress(ProcessLookupError, PermissionError):  # nobody left in its group
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        if self._reader is not None:
            self._reader.join(2)
        self.process = None
        return graceful


def rotated(path: Path) -> IO[bytes]:
    """The log file, opened to append; what grew too long is moved aside first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > LOG_LIMIT:
        path.replace(path.with_suffix(".log.1"))
    return path.open("ab")


class Supervisor:
    """Every part of one installation. Start it from a thread that lives as long as it: children end with it."""

    def __init__(
        self,
        settings: Settings,
        parts: tuple[Part, ...] | None = None,
        echo: Echo | None = None,
        environ: Mapping[str, str] | None = None,
        fork: bool = True,
    ) -> None:
        """`parts` default to all; `echo` gets each line of output; `environ` is added to the children's.

        `fork` starts the parts from a nursery (see there), where that is possible.
        """
        self.settings = settings
        self._echo = echo or (lambda _line: None)
        logs = settings.var_dir.resolve() / "log"
        resolved = settings.model_copy(update={"var_dir": settings.var_dir.resolve()})
        environment = {**environment_of(resolved), "PYTHONUNBUFFERED": "1", **(environ or {})}
        self.parts = all_parts(settings) if parts is None else parts
        self._children = [Child(part, environment, logs, self._echo) for part in self.parts]
        self._redis = None if settings.redis_url else EmbeddedRedis(settings.redis_socket)
        self._lock: IO[str] | None = None
        self._over = threading.Event()
        self._fork = fork
        self._nursery: Nursery | None = None
        self._tending: threading.Thread | None = None

    @property
    def pids(self) -> dict[str, int]:
        """Process ids of the parts that run now, the embedded Redis server's included."""
        found = {c.part.name: c.process.pid for c in self._children if c.process and c.process.poll() is None}
        if self._redis is not None and self._redis.pid is not None:
            found["redis"] = self._redis.pid
        return found

    def start(self, prepare: Callable[[], None] | None = None) -> None:
        """Start all parts and wait until they are ready. `prepare` (migrations, seed) runs before the first.

        Raises CannotStart, with nothing left running, when a port or the folder is taken or a part doesn't come up.
        """
        if problems := list(taken_ports(self.parts)):
            raise CannotStart("\n".join(problems))
        try:
            if self._fork and Nursery.possible():
                self._nursery = Nursery()  # before any lock is taken: a fork would hold it too
            self._own_folder()
            if self._redis is not None:
                self._redis.start()
            if prepare is not None:
                prepare()
            for child in self._children:
                child.start(self._nursery)
            self._wait_ready()
        except EmbeddedRedisError as error:
            self.stop()
            raise CannotStart(str(error)) from error
        except BaseException:
            self.stop()
            raise
        self._tending = threading.Thread(target=self._tend, name="supervisor", daemon=True)
        self._tending.start()

    def _own_folder(self) -> None:
        path = self.settings.var_dir / "supervisor.lock"
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = path.open("a+")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            raise CannotStart(
                f"Another tmpa already runs with the data in {self.settings.var_dir}; stop it,"
                " or set TMPA_VAR_DIR to another folder"
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        self._lock = lock

    def _wait_ready(self) -> None:
        end = time.monotonic() + READY_SECONDS
        for child in self._children:
            ready = child.part.ready or (lambda: True)
            while not self._over.is_set() and not ready():
                ended = child.process is None or child.process.poll() is not None
                if ended or time.monotonic() > end:
                    words = "\n".join(child.last_words)
                    what = "ended" if ended else f"did not answer within {READY_SECONDS:g} s"
                    raise CannotStart(f"{child.part.name} {what} while starting. Its last words:\n{words}")
                time.sleep(0.05)

    def _tend(self) -> None:
        while not self._over.wait(0.2):
            for child in self._children:
                if not self._over.is_set():
                    self._tend_one(child)
            if self._redis is not None and self._redis.pid is None:
                self._echo("redis    │ ended; starting again")
                with contextlib.suppress(EmbeddedRedisError):  # tried again in 0.2 s
                    self._redis.restart()

    def _tend_one(self, child: Child) -> None:
        try:
            child.tend(self._nursery)
        except ConnectionError:  # the nursery was killed, and every part with it
            self._echo("nursery  │ ended; parts start on their own from now on")
            self._nursery = None

    def stop(self, seconds: float = STOP_SECONDS) -> None:
        """Stop everything, within about `seconds` and two more. Work cut short is taken up at the next start."""
        self._over.set()
        if self._tending is not None:
            self._tending.join()
        for child in self._children:
            child.terminate()
        end = time.monotonic() + seconds
        for child in self._children:
            if not child.finish(end):
                self._echo(f"{child.part.name:<9}│ did not end in time and was killed")
        if self._nursery is not None:
            self._nursery.close()
            self._nursery = None
        if self._redis is not None:
            self._redis.stop()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def run_until_signal(self) -> None:
        """Wait for SIGINT or SIGTERM, then stop everything. A second signal kills what still runs."""
        asked = threading.Event()

        def on_signal(_number: int, _frame: object) -> None:
            if asked.is_set():
                for child in self._children:
                    if child.process is not None:
                        with contextlib.suppress(ProcessLookupError):
                            os.killpg(child.process.pid, signal.SIGKILL)
            asked.set()

        before = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            wait_until(asked.is_set, float("inf"), pause=0.1)
            self._echo("Stopping …")
            self.stop()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def __enter__(self) -> "Supervisor":
        self.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.stop()
