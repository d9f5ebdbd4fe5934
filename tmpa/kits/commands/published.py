"""Where a command finds a vendor and what it has published."""

import re
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from tmpa.accounts.models import Organization
from tmpa.db import Database
from tmpa.kernel.errors import Refused
from tmpa.kernel.objects import open_store
from tmpa.kernel.scope import Scope, load
from tmpa.kits import service
from tmpa.kits.commands.places import read_kit
from tmpa.kits.manifest import NAME
from tmpa.kits.models import Kit, KitVersion
from tmpa.kits.source import KitSource
from tmpa.settings import load_settings


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
