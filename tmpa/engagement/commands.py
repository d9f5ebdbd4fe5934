"""`tmpa proof` and `tmpa evidence`: verifying dossiers offline, auditing the log."""

import sys
from pathlib import Path

import click
from sqlalchemy import select

from tmpa.accounts.models import Organization
from tmpa.db import Database
from tmpa.engagement.evidence import log, proof
from tmpa.engagement.evidence.keys import verifier_key
from tmpa.engagement.models import EvidenceKey
from tmpa.kernel.errors import Refused
from tmpa.kernel.i18n import gettext as _
from tmpa.kernel.scope import Scope
from tmpa.settings import load_settings


@click.group("proof")
def proof_group() -> None:
    """Dossiers that prove what a campaign did."""


@proof_group.command("verify")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--key", help="The vendor's key (`tmpa evidence keys`): proves who signed, too.")
def verify(file: Path, key: str | None) -> None:
    """Verify the dossier FILE, offline. Exit status 1 at the first thing that is false."""
    try:
        report = proof.verify_file(file, key)
    except OSError as error:
        raise Refused(_("%(file)s can't be read: %(why)s.", file=file, why=error.strerror or error)) from None
    for sentence in report.holds:
        click.echo(f"✓ {sentence}")
    if not report.ok:
        click.echo(f"✗ {report.problem}", err=True)
        sys.exit(1)
    if key is None:
        click.echo(
            _(
                "Nothing was changed since it was signed. To be sure who signed, compare the key: %(key)s",
                key=report.key,
            )
        )


@click.group("evidence")
def evidence_group() -> None:
    """The vendors' evidence logs."""


@evidence_group.command("audit")
def audit() -> None:
    """Check every vendor's log in the database. Exit status 1 when one doesn't hold, naming the first bad position."""
    bad = False
    with Database(load_settings()).unit_of_work(Scope.system(), write=False) as session:
        for vendor in session.scalars(select(Organization).where(Organization.kind == "vendor")):
            finding = log.audit(session, vendor.id)
            size = log.size_of(session, vendor.id)
            if finding is None:
                click.echo(f"✓ {vendor.name}: {size}")
            else:
                bad = True
                click.echo(f"✗ {vendor.name}, {finding.position}: {finding.message}", err=True)
    if bad:
        sys.exit(1)


@evidence_group.command("keys")
def keys() -> None:
    """The public keys that verify dossiers, one a line."""
    with Database(load_settings()).unit_of_work(Scope.system(), write=False) as session:
        for row in session.scalars(select(EvidenceKey).order_by(EvidenceKey.name, EvidenceKey.created_at)):
            click.echo(str(verifier_key(row)))
