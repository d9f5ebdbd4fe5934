"""Where a command finds its kit, its brand and its vendor."""

import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from tmpa.accounts.models import Organization
from tmpa.kernel.errors import Refused
from tmpa.kernel.scope import load
from tmpa.kits.brand import Brand
from tmpa.kits.findings import Finding, KitRefused
from tmpa.kits.source import KitSource, read_folder, read_zip


def print_findings(found: Iterable[Finding]) -> None:
    """Each finding on a line of its own, then how many; "No findings." when there is none."""
    listed = list(found)
    for finding in listed:
        click.echo(str(finding))
    errors = sum(finding.severity == "error" for finding in listed)
    click.echo(
        f"{errors} errors, {len(listed) - errors} warnings." if listed else "No findings.", err=bool(listed)
    )


def read_kit(place: Path) -> KitSource:
    """The kit in a folder or zip. One that can't be read ends the command with its findings, status 1."""
    try:
        return read_folder(place) if place.is_dir() else read_zip(place.read_bytes())
    except KitRefused as refusal:
        print_findings(refusal.findings)
        sys.exit(1)


def read_brand(path: Path) -> Brand:
    """A brand from a TOML file whose keys are Brand's; `logo` is a path beside the file. Raises Refused."""
    try:
        values = tomllib.loads(path.read_text("utf-8"))
        if logo := values.pop("logo", ""):
            values["logo"] = (path.parent / str(logo)).read_bytes()
        return Brand(**values)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, TypeError, OSError, AttributeError) as problem:
        raise Refused(f"{path} can't be read as a brand: {problem}") from None
    except Refused as refusal:
        raise Refused(f"{path}: {refusal.field}: {refusal}") from None


def find_vendor(session: Session, named: str) -> Organization:
    """The vendor of that public id or exact name. Raises NotFound or Refused."""
    if named.startswith("org_"):
        return load(session, Organization, named)
    query = select(Organization).where(Organization.name == named, Organization.kind == "vendor")
    owners = list(session.scalars(query))
    if len(owners) != 1:
        raise Refused(f"There is no one vendor called {named}; `tmpa organization list` shows the ids.")
    return owners[0]
