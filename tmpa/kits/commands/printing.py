"""How commands print findings."""

from collections.abc import Iterable

import click

from tmpa.kits.findings import Finding


def print_findings(found: Iterable[Finding]) -> None:
    """Each finding on a line of its own, then how many; "No findings." when there is none."""
    listed = list(found)
    for finding in listed:
        click.echo(str(finding))
    errors = sum(finding.severity == "error" for finding in listed)
    click.echo(
        f"{errors} errors, {len(listed) - errors} warnings." if listed else "No findings.", err=bool(listed)
    )
