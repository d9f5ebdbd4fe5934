"""The child process of `checking`: called with LOCALE and a folder (or - for a zip on stdin); prints JSON findings."""

import json
import resource
import sys
from pathlib import Path

from tmpa.kernel.i18n import use_locale
from tmpa.kits.checks import run
from tmpa.kits.findings import Finding, KitRefused
from tmpa.kits.source import read_folder, read_zip

MEMORY_BYTES = 3 * 1024**3
CPU_SECONDS = 100


def findings_of(place: str, data: bytes) -> list[Finding]:
    """Findings of the kit in a folder, or of the zip in `data` for "-"."""
    try:
        return run(read_zip(data) if place == "-" else read_folder(Path(place)))
    except KitRefused as refusal:
        return list(refusal.findings)


def main() -> None:
    """Check under limits and print."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    locale, place = sys.argv[1:3]
    data = sys.stdin.buffer.read() if place == "-" else b""
    with use_locale(locale):
        found = findings_of(place, data)
    json.dump([finding.to_json() for finding in found], sys.stdout)


if __name__ == "__main__":
    main()
