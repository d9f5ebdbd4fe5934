"""`tmpa kit check`."""

import json
import sys
from pathlib import Path

import click

from tmpa.kits import checking
from tmpa.kits.commands.places import print_findings
from tmpa.kits.findings import has_errors


@click.command("check")
@click.argument("place", type=click.Path(exists=True, path_type=Path))
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def check_command(place: Path, form: str) -> None:
    """Check the kit in PLACE, a folder or zip: `file:line: severity rule: message (mend)`. Status 1 on errors."""
    found = checking.check_folder(place) if place.is_dir() else checking.check_zip(place.read_bytes())
    if form == "json":
        click.echo(json.dumps([finding.to_json() for finding in found], ensure_ascii=False, indent=2))
    else:
        print_findings(found)
    if has_errors(found):
        sys.exit(1)
