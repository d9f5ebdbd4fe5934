"""Checking in a process that may die: a hostile kit can kill only the child, and a dead child is a finding."""

import json
import logging
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tmpa.kernel.i18n import current_locale
from tmpa.kernel.i18n import gettext as _
from tmpa.kits.findings import Finding, error
from tmpa.kits.packing import pack_files

if TYPE_CHECKING:  # the reading of kits is half a second of imports, which only the child needs
    from tmpa.kits.source import KitSource

log = logging.getLogger("tmpa.kits")
TIMEOUT_SECONDS = 120
MODULE = "tmpa.kits.checking_child"


def check(source: "KitSource") -> list[Finding]:
    """Findings of a kit in memory."""
    return check_zip(pack_files(source.files))


def check_zip(data: bytes) -> list[Finding]:
    """Findings of a zipped kit; one that can't be read has them too."""
    return _child(["-"], data)


def check_folder(folder: Path) -> list[Finding]:
    """Findings of a kit folder; one that can't be read has them too."""
    return _child([str(folder)], b"")


def _child(arguments: list[str], data: bytes, timeout: float = TIMEOUT_SECONDS) -> list[Finding]:
    command = [sys.executable, "-m", MODULE, current_locale(), *arguments]
    try:
        done = subprocess.run(command, input=data, capture_output=True, timeout=timeout, check=False)
    except subprocess.TimeoutExpired:
        message = _("The check took longer than %(seconds)s seconds.", seconds=int(timeout))
        return [error("check-died", "", 0, message, _("Look for endless loops in the templates."))]
    if done.returncode != 0:
        reason = (
            f"signal {signal.Signals(-done.returncode).name}" if done.returncode < 0 else str(done.returncode)
        )
        log.error("the check of a kit died of %s: %s", reason, done.stderr.decode("utf-8", "replace")[-2000:])
        message = _("The check of this kit ended abnormally (%(reason)s).", reason=reason)
        return [error("check-died", "", 0, message, _("Simplify the template that you changed last."))]
    return [Finding.from_json(item) for item in json.loads(done.stdout)]
