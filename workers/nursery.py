"""Starts parts by forking from one process that has imported everything already.

An import of the whole program costs more than a second of CPU; ten parts that each did it would keep two cores busy
for ten. The nursery imports while the database is made ready, and forks each part from there. Parts share its memory
until they write to it. It is forked itself from a supervisor that has no threads and has run no native code yet, and
is a fresh interpreter beside one that has. On other systems than Linux each part is a fresh interpreter.
"""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import traceback
from collections.abc import Mapping
from importlib import import_module
from types import ModuleType
from typing import Any, Protocol

from workers.processes import die_with_parent

MODULES = (
    "workers.drain",
    "workers.relay",
    "workers.schedule",
    "workers.smtp",
    "workers.web",
    "workers.worker",
    "workers.sites.inbox",
    "workers.sites.portal",
    "workers.sites.tracking",
)
LONGEST_MESSAGE = 262_144


class Running(Protocol):
    """What the supervisor needs of a process; subprocess.Popen has it."""

    pid: int

    def poll(self) -> int | None:
        """The exit status once it has ended."""

    def wait(self, timeout: float | None = None) -> int:
        """The exit status, waited for. Raises subprocess.TimeoutExpired."""

    def terminate(self) -> None:
        """Send SIGTERM."""


class Forked:
    """A part that the nursery forked."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.status: int | None = None
        self.ended = threading.Event()

    def poll(self) -> int | None:
        """The exit status once it has ended; minus the signal's number when one ended it."""
        return self.status

    def wait(self, timeout: float | None = None) -> int:
        """The exit status, waited for. Raises subprocess.TimeoutExpired."""
        if not self.ended.wait(timeout):
            raise subprocess.TimeoutExpired(["part"], timeout or 0)
        return self.status or 0

    def terminate(self) -> None:
        """Send SIGTERM; nothing happens to one that has ended."""
        if self.status is None:
            try:
                os.kill(self.pid, signal.SIGTERM)
            except ProcessLookupError:
                return


class Nursery:
    """The supervisor's side: asks for forks, hears of ends."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._process: subprocess.Popen[bytes] | None = None
        if threading.active_count() == 1:  # no thread that could hold a lock over the fork
            self.pid = os.fork()
            if self.pid == 0:
                ours.close()
                _be_forked(theirs)
        else:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "workers.nursery", str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
                preexec_fn=die_with_parent,
            )
            self.pid = self._process.pid
        theirs.close()
        self._socket = ours
        self._asking = threading.Lock()
        self._born: list[Forked] = []
        self._heard = threading.Condition()
        self._running: dict[int, Forked] = {}
        self._lost = False
        threading.Thread(target=self._listen, name="nursery", daemon=True).start()

    @staticmethod
    def possible() -> bool:
        """Whether this system has what it takes: sockets that keep messages apart and pass file descriptors."""
        return sys.platform == "linux"

    def start(self, module: str, args: tuple[str, ...], environ: Mapping[str, str], output: int) -> Forked:
        """Fork a part that runs `module`'s main with `args`, its output to file descriptor `output`.

        Raises ConnectionError when the nursery has died.
        """
        request = json.dumps({"module": module, "args": args, "environ": dict(environ)}).encode()
        with self._asking:
            socket.send_fds(self._socket, [request], [output])
            with self._heard:
                self._heard.wait_for(lambda: self._born or self._lost)
                if self._lost:
                    raise ConnectionError("the nursery has died")
                return self._born.pop()

    def _listen(self) -> None:
        while message := self._receive():
            with self._heard:
                if "born" in message:
                    part = Forked(message["born"])
                    self._running[part.pid] = part
                    self._born.append(part)
                    self._heard.notify_all()
                else:
                    part = self._running.pop(message["ended"])
                    part.status = message["status"]
                    part.ended.set()
        with self._heard:
            self._lost = True
            self._heard.notify_all()
            for part in self._running.values():  # the kernel ended them with the nursery
                part.status = -signal.SIGTERM
                part.ended.set()

    def _receive(self) -> Any:
        try:
            message = self._socket.recv(LONGEST_MESSAGE)
        except OSError:
            return None
        return json.loads(message) if message else None

    def close(self) -> None:
        """End the nursery; its parts, should any be left, end with it."""
        self._socket.close()
        try:
            os.kill(self.pid, signal.SIGTERM)
        except ProcessLookupError:
            return
        if self._process is not None:
            self._process.wait()
        else:
            os.waitpid(self.pid, 0)


def _be_forked(requests: socket.socket) -> None:
    """In the fork: serve, then end without going back into the supervisor's code."""
    status = 1
    try:
        die_with_parent()
        _serve(requests)
        status = 0
    finally:
        os._exit(status)


def _serve(requests: socket.socket) -> None:
    """The nursery's side: one thread, one loop, until the supervisor closes the socket."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal's Ctrl-C is the supervisor's to handle
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    wake, woken = os.pipe()
    for end in (wake, woken):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    modules = {name: import_module(name) for name in MODULES}
    while True:
        ready, _, _ = select.select([requests.fileno(), wake], [], [])
        if wake in ready:
            os.read(wake, 4096)
            _report_ends(requests)
        if requests.fileno() in ready:
            message, fds, _flags, _address = socket.recv_fds(requests, LONGEST_MESSAGE, 1)
            if not message:
                return
            request = json.loads(message)
            module = modules.get(request["module"]) or import_module(request["module"])
            pid = os.fork()
            if pid == 0:
                _become(module, request, fds[0], requests)
            os.close(fds[0])
            requests.send(json.dumps({"born": pid}).encode())


def _report_ends(requests: socket.socket) -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        requests.send(json.dumps({"ended": pid, "status": os.waitstatus_to_exitcode(status)}).encode())


def _become(module: ModuleType, request: dict[str, Any], output: int, requests: socket.socket) -> None:
    """In the fork: be a fresh process that runs the module. Never returns."""
    status = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        requests.close()
        os.setsid()
        die_with_parent()
        nothing = os.open(os.devnull, os.O_RDONLY)
        for source, target in ((nothing, 0), (output, 1), (output, 2)):
            os.dup2(source, target)
        os.close(output)
        os.environ.clear()
        os.environ.update(request["environ"])
        sys.argv = [request["module"], *request["args"]]
        module.main()
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
    except BaseException:  # as the interpreter does at its end: the trace, and status 1
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
