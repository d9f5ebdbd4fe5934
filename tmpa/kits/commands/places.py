"""Where a command finds its kit."""

import sys
from collections.abc import Sequence
from pathlib import Path

from tmpa.kernel.errors import Refused
from tmpa.kits.commands.printing import print_findings
from tmpa.kits.findings import KitRefused
from tmpa.kits.source import KitSource, read_folder, read_zip


def read_kit(place: Path) -> KitSource:
    """The kit in a folder or zip. One that can't be read ends the command with its findings, status 1."""
    try:
        return read_folder(place) if place.is_dir() else read_zip(place.read_bytes())
    except KitRefused as refusal:
        print_findings(refusal.findings)
        sys.exit(1)


def known_locales(source: KitSource, wanted: Sequence[str]) -> list[str]:
    """The locales that are wanted, all of the kit's when none is named. Raises Refused for one that it lacks."""
    unknown = set(wanted) - set(source.manifest.locales)
    if unknown:
        raise Refused(f"The kit has no locale {', '.join(sorted(unknown))}.")
    return list(wanted or source.manifest.locales)
