"""Where a command finds its kit, its brand and its vendor."""

import re
import sys
import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from tmpa.accounts.models import Organization
from tmpa.db import Database
from tmpa.kernel.errors import Refused
from tmpa.kernel.objects import open_store
from tmpa.kernel.scope import Scope, load
from tmpa.kits import service
from tmpa.kits.brand import Brand
from tmpa.kits.findings import Finding, KitRefused
from tmpa.kits.manifest import NAME
from tmpa.kits.models import Kit, KitVersion
from tmpa.kits.source import KitSource, read_folder, read_zip
from tmpa.settings import load_settings

BRAND_OPTION = click.option(
    "--brand",
    "brand_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="TOML with name, legal_name, address, and where wanted primary, website, phone, email, country, disclaimer,"
    " logo (a file beside it), logo_alt.",
)


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


def known_locales(source: KitSource, wanted: Sequence[str]) -> list[str]:
    """The locales that are wanted, all of the kit's when none is named. Raises Refused for one that it lacks."""
    unknown = set(wanted) - set(source.manifest.locales)
    if unknown:
        raise Refused(f"The kit has no locale {', '.join(sorted(unknown))}.")
    return list(wanted or source.manifest.locales)


def find_vendor(session: Session, named: str) -> Organization:
    """The vendor of that public id or exact name. Raises NotFound or Refused."""
    if named.startswith("org_"):
        return load(session, Organization, named)
    query = select(Organization).where(Organization.name == named, Organization.kind == "vendor")
    owners = list(session.scalars(query))
    if len(owners) != 1:
        raise Refused(f"There is no one vendor called {named}; `tmpa organization list` shows the ids.")
    return owners[0]


def read_published(reference: str, vendor: str) -> tuple[KitVersion, KitSource]:
    """A published version by `name@1.2.0`, or the newest one by `name`; withdrawn and expired ones too.

    Raises Refused when the vendor has no such version.
    """
    name, _at, number = reference.partition("@")
    settings = load_settings()
    database = Database(settings)
    try:
        with database.unit_of_work(Scope.system(), write=False) as session:
            owner = find_vendor(session, vendor)
            query = select(KitVersion).join(Kit).where(Kit.vendor_id == owner.id, Kit.name == name)
            versions = sorted(
                session.scalars(query), key=lambda each: service.rank(each.version), reverse=True
            )
            found = next((each for each in versions if number in ("", each.version)), None)
            if found is None:
                known = ", ".join(each.version for each in versions)
                has = f"it has {known}" if known else "it has no kit of that name"
                raise Refused(f"{owner.name} has not published {reference}: {has}.")
            return found, service.load_source(open_store(settings), found)
    finally:
        database.dispose()


def read_any(named: str, vendor: str) -> KitSource:
    """The kit that an argument names: a folder, a zip, or a published version as `name@1.2.0`. Raises Refused."""
    place = Path(named)
    if place.exists():
        return read_kit(place)
    if not re.fullmatch(rf"{NAME.strip('^$')}@\S+", named):
        raise Refused(
            f"There is no folder or zip {named}. A published version is named like calm-backup@1.2.0."
        )
    if not vendor:
        raise Refused(f"Say with --vendor who has published {named}.")
    return read_published(named, vendor)[1]
