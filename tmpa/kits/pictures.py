"""Pictures of finished HTML, taken by a Chromium that runs no script and reaches no network.

The HTML may be anybody's: scripts are off, addresses resolve to nothing, files can't be loaded, and everything has a
time limit. One launch serves many pictures.
"""

import json
import os
import select
import shutil
import signal
import tempfile
import time
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fcntl import F_DUPFD_CLOEXEC, fcntl
from pathlib import Path
from typing import Any

from tmpa.kernel.errors import Refused
from tmpa.kernel.i18n import gettext as _

PROGRAMS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
MAX_HEIGHT = 8000  # CSS pixels; what is below is cut off
TIMEOUT_SECONDS = 20.0  # for the start and for each picture
BLOCKED = ["http://*", "https://*", "file://*", "ftp://*", "ws://*", "wss://*", "filesystem:*", "blob:*"]
FLAGS = (
    "--headless",
    "--remote-debugging-pipe",
    "--disable-gpu",
    "--hide-scrollbars",
    "--mute-audio",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-crash-reporter",
    "--disable-default-apps",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--disable-sync",
    "--force-color-profile=srgb",
    "--font-render-hinting=none",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--proxy-server=127.0.0.1:9",  # the discard port: what the rule above lets through ends here
    "--proxy-bypass-list=<-loopback>",
)


class NoPicture(Refused):
    """Chromium didn't start, died, or took too long."""


def find_chromium(setting: str = "") -> str | None:
    """The program of TMPA_CHROMIUM, else the first known one on the PATH; None when there is none."""
    if setting:
        return shutil.which(setting)
    return next((found for name in PROGRAMS if (found := shutil.which(name))), None)


class Camera:
    """A running Chromium. Made by `camera()`, which ends it."""

    def __init__(self, reading: int, writing: int) -> None:
        self._reading, self._writing = reading, writing
        self._number = 0
        self._received = b""

    def take(self, html: str, width: int, height: int = 800) -> bytes:
        """A PNG of the whole page in a window of `width` × `height` CSS pixels, one pixel each. Raises NoPicture."""
        until = time.monotonic() + TIMEOUT_SECONDS
        target = self._call("Target.createTarget", {"url": "about:blank"}, until)["targetId"]
        attached = self._call("Target.attachToTarget", {"targetId": target, "flatten": True}, until)
        page = attached["sessionId"]
        try:
            return self._photograph(html, (width, height), page, until)
        finally:
            with suppress(NoPicture):
                self._call("Target.closeTarget", {"targetId": target}, until + 1)

    def _photograph(self, html: str, window: tuple[int, int], page: str, until: float) -> bytes:
        screen = {"width": window[0], "height": window[1], "deviceScaleFactor": 1, "mobile": False}
        self._call("Emulation.setDeviceMetricsOverride", screen, until, page)
        self._call("Emulation.setScriptExecutionDisabled", {"value": True}, until, page)
        self._call("Network.enable", {}, until, page)
        self._call("Network.setBlockedURLs", {"urls": BLOCKED}, until, page)
        frame = self._call("Page.getFrameTree", {}, until, page)["frameTree"]["frame"]["id"]
        self._call("Page.setDocumentContent", {"frameId": frame, "html": html}, until, page)
        while self._state(page, until) != "complete":  # pictures in the page are still being read
            time.sleep(0.02)
        size = self._call("Page.getLayoutMetrics", {}, until, page)["cssContentSize"]
        height = max(1, min(int(size["height"]), MAX_HEIGHT))
        clip = {"x": 0, "y": 0, "width": window[0], "height": height, "scale": 1}
        shot = {"format": "png", "captureBeyondViewport": True, "clip": clip}
        return b64decode(self._call("Page.captureScreenshot", shot, until, page)["data"])

    def _state(self, page: str, until: float) -> str:
        """The page's own readyState; asking for it runs none of its scripts."""
        asked = {"expression": "document.readyState", "returnByValue": True}
        return str(self._call("Runtime.evaluate", asked, until, page)["result"].get("value", ""))

    def _call(self, method: str, params: dict[str, Any], until: float, page: str = "") -> dict[str, Any]:
        """One command of the DevTools protocol and its result."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": params}
        if page:
            message["sessionId"] = page
        self._send(json.dumps(message).encode() + b"\0", until)
        while True:
            answer = json.loads(self._receive(until))
            if answer.get("id") == self._number:  # anything else is an event
                if "error" in answer:
                    raise NoPicture(_("Chromium can't take the picture: %(problem)s.",
                                      problem=str(answer["error"].get("message", ""))))  # fmt: skip
                result: dict[str, Any] = answer["result"]
                return result

    def _send(self, data: bytes, until: float) -> None:
        while data:
            self._wait(until, writing=True)
            try:
                data = data[os.write(self._writing, data) :]
            except BlockingIOError:
                continue
            except OSError:
                raise NoPicture(_("Chromium ended before its time.")) from None

    def _receive(self, until: float) -> bytes:
        while b"\0" not in self._received:
            self._wait(until, writing=False)
            more = os.read(self._reading, 1 << 20)
            if not more:
                raise NoPicture(_("Chromium ended before its time."))
            self._received += more
        message, _zero, self._received = self._received.partition(b"\0")
        return message

    def _wait(self, until: float, *, writing: bool) -> None:
        left = until - time.monotonic()
        reads, writes = ([], [self._writing]) if writing else ([self._reading], [])
        if left <= 0 or not any(select.select(reads, writes, [], left)):
            raise NoPicture(_("Chromium took longer than %(seconds)s seconds.", seconds=int(TIMEOUT_SECONDS)))


@contextmanager
def camera(program: str) -> Iterator[Camera]:
    """A Chromium for the pictures taken within. Raises NoPicture when it can't be started."""
    with tempfile.TemporaryDirectory(prefix="tmpa-chromium-", ignore_cleanup_errors=True) as folder:
        flags = [*FLAGS, f"--user-data-dir={folder}"]
        if os.geteuid() == 0:
            flags.append("--no-sandbox")  # Chromium's sandbox refuses to run as root
        theirs_in, ours_out = _pipe()
        ours_in, theirs_out = _pipe()
        try:
            child = _start(program, flags, Path(folder), theirs_in, theirs_out)
        except OSError as problem:
            for each in (ours_in, ours_out):
                os.close(each)
            raise NoPicture(_("Chromium can't be started: %(problem)s.", problem=str(problem))) from None
        finally:
            os.close(theirs_in)
            os.close(theirs_out)
        os.set_blocking(ours_out, False)
        try:
            yield Camera(ours_in, ours_out)
        finally:
            os.close(ours_out)
            os.close(ours_in)
            _end(child)


def _pipe() -> tuple[int, int]:
    """A pipe whose ends have high numbers, so that none is 3 or 4, which the child's ends become."""
    reading, writing = os.pipe()
    high = fcntl(reading, F_DUPFD_CLOEXEC, 10), fcntl(writing, F_DUPFD_CLOEXEC, 10)
    os.close(reading)
    os.close(writing)
    return high


def _start(program: str, flags: list[str], home: Path, reading: int, writing: int) -> int:
    environment = {"HOME": str(home), "PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LANG": "C.UTF-8"}
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
        (os.POSIX_SPAWN_DUP2, 1, 2),
        (os.POSIX_SPAWN_DUP2, reading, 3),
        (os.POSIX_SPAWN_DUP2, writing, 4),
    ]
    return os.posix_spawn(program, [program, *flags], environment, file_actions=actions, setpgroup=0)


def _end(child: int) -> None:
    """End the child and what it started; it leads a process group of its own."""
    with suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    with suppress(ChildProcessError):
        os.waitpid(child, 0)
