"""`tmpa kit check`."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import click

from tmpa.kits import checking
from tmpa.kits.commands.printing import print_findings
from tmpa.kits.findings import KIT_FILE, Finding, has_errors
from tmpa.kits.sarif import to_sarif


@click.command("check")
@click.argument("place", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "sarif"]),
    default="text",
    show_default=True,
    help="Lines for people, a list of objects, or SARIF 2.1.0 for editors and code hosts.",
)
def check_command(place: Path, form: str) -> None:
    """Check the kit in PLACE, a folder or zip.

    Each finding is a line `file:line: severity rule: message (how to mend it)`. Errors stop publishing, warnings don't;
    docs/kit-rules.md explains each rule. The status is 1 when there is an error, 0 otherwise.
    """
    found = checking.check_folder(place) if place.is_dir() else checking.check_zip(place.read_bytes())
    found = [located(finding) for finding in found]
    if form == "text":
        print_findings(found)
    elif form == "json":
        click.echo(_json([finding.to_json() for finding in found]))
    else:
        click.echo(_json(to_sarif(found, _base(place))))
    if has_errors(found):
        sys.exit(1)


def located(finding: Finding) -> Finding:
    """The finding with a file and a line: what concerns the whole kit is said of the first line of kit.toml."""
    return replace(finding, file=finding.file or KIT_FILE, line=finding.line or 1)


def _base(place: Path) -> str:
    """Where the kit lies from here: results name files as the repository does, when called at its root."""
    if not place.is_dir():
        return ""
    folder, here = place.resolve(), Path.cwd()
    return folder.relative_to(here).as_posix() if folder.is_relative_to(here) else folder.as_posix()


def _json(data: object) -> str:
    return json.dumps(data, ensure_ascii=False, indent=2)
