"""`tmpa kit publish`."""

import sys
from pathlib import Path

import click

from tmpa.db import Database
from tmpa.kernel.objects import open_store
from tmpa.kernel.scope import Scope
from tmpa.kits import checking, service
from tmpa.kits.commands.places import read_kit
from tmpa.kits.commands.printing import print_findings
from tmpa.kits.commands.published import find_vendor
from tmpa.kits.findings import has_errors
from tmpa.settings import load_settings


@click.command("publish")
@click.argument("place", type=click.Path(exists=True, path_type=Path))
@click.option("--vendor", required=True, help="The vendor's public id (org_…) or its exact name.")
@click.option("--notes", default="", help="What is new, for partners.")
def publish_command(place: Path, vendor: str, notes: str) -> None:
    """Check the kit in PLACE (a folder or zip) and publish it. Publishing the same content again changes nothing."""
    source = read_kit(place)
    settings = load_settings()
    database = Database(settings)
    try:
        with database.unit_of_work(Scope.system(), write=False) as session:
            owner = find_vendor(session, vendor)  # before the check: a wrong name is said at once
        found = checking.check(source)  # outside of any transaction: it takes seconds
        print_findings(found)
        if has_errors(found):
            sys.exit(1)
        with database.unit_of_work(Scope.system()) as session:
            version = service.publish(
                session, open_store(settings), source, notes=notes, vendor_id=owner.id, findings=found
            )
            click.echo(
                f"{version.public_id}: {version.kit.name} {version.version} is published for {owner.name}."
            )
    finally:
        database.dispose()
