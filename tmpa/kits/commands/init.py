"""`tmpa kit init`."""

import re
from pathlib import Path

import click

from tmpa.kernel.errors import Refused
from tmpa.kits.commands import SKELETON
from tmpa.kits.manifest import NAME
from tmpa.kits.schema import FILE_NAME, schema_text


@click.command("init")
@click.argument("folder", type=click.Path(path_type=Path))
def init_command(folder: Path) -> None:
    """Make a small kit in FOLDER to start from; the folder's name becomes the kit's.

    It has a piece of every kind and a slot of every kind, and passes `tmpa kit check`. docs/kit-format.md explains
    the rest. kit.schema.json is for your editor and no part of the kit.
    """
    name = folder.resolve().name
    if not re.fullmatch(NAME, name):
        raise Refused(f"“{name}” can't name a kit: use 3 to 60 small letters, digits and dashes.")
    if folder.exists() and any(folder.iterdir()):
        raise Refused(f"{folder} is not empty.")
    for path in sorted(SKELETON.rglob("*")):
        if path.is_file():
            target = folder / path.relative_to(SKELETON)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes().replace(b"KIT-NAME", name.encode()))
    (folder / FILE_NAME).write_text(schema_text(), encoding="utf-8")
    click.echo(f"{folder} is ready. Next: tmpa kit check {folder}")
