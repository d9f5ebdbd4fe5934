"""`tmpa kit verify-piece`."""

import json
import sys
from pathlib import Path

import click

from tmpa.kernel.errors import Refused
from tmpa.kernel.i18n import gettext as _
from tmpa.kits.commands.places import read_kit
from tmpa.kits.compile import compile_piece
from tmpa.kits.locked import changed_region, shape_in, verify_finished


@click.command("verify-piece")
@click.argument("place", type=click.Path(exists=True, path_type=Path))
@click.argument("record", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def verify_piece_command(place: Path, record: Path, file: Path) -> None:
    """Prove that FILE, a finished mail, page, post or snippet, is the kit's in PLACE but for a partner's values.

    RECORD is what the platform keeps with the piece (locked/….json in the object store). It says which piece it is and
    which optional values are filled; it is not trusted for anything else. Exit status 1 names the first region that
    differs.
    """
    source = read_kit(place)
    try:
        kept = json.loads(record.read_bytes())
        compiled = compile_piece(source, kept["piece"], kept["locale"], shape_in(kept))
        region = changed_region(kept, compiled)
    except (ValueError, KeyError, TypeError):
        raise Refused(
            _("%(file)s is not the record of a piece of this kit.", file=record.name), "record"
        ) from None
    if region:
        click.echo(
            _("The kit gives another “%(region)s” than when the piece was made.", region=region), err=True
        )
        sys.exit(1)
    found = verify_finished(file.read_bytes(), compiled, source)
    if found is not None:
        click.echo(
            _("%(file)s differs from the kit, first in “%(region)s”.", file=file.name, region=found), err=True
        )
        sys.exit(1)
    click.echo(_("%(file)s is the kit's but for the partner's values.", file=file.name))
