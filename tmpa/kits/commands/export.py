"""`tmpa kit export`."""

from pathlib import Path

import click

from tmpa.kernel.errors import Refused
from tmpa.kits.commands.published import read_published
from tmpa.kits.source import KitSource, pack, read_folder, read_zip


@click.command("export")
@click.argument("reference", metavar="NAME[@VERSION]")
@click.option("--vendor", required=True, help="The vendor's public id (org_…) or its exact name.")
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), help="A new folder, or a file that ends in .zip."
)
def export_command(reference: str, vendor: str, out: Path) -> None:
    """Write a published version back to a folder of text, or to a zip.

    Without @VERSION it is the newest; withdrawn and expired versions can be exported too. Every file is byte for byte
    what was published: what was written is read again and its content hash compared.
    """
    version, source = read_published(reference, vendor)
    if out.suffix == ".zip":
        if out.exists():
            raise Refused(f"{out} is there already.")
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_bytes(pack(source))
        written = read_zip(out.read_bytes())
    else:
        _write_folder(source, out)
        written = read_folder(out)
    if written.content_hash != version.content_hash:
        raise Refused(f"{out} doesn't hold what was published: its content hash is {written.content_hash}.")
    click.echo(f"{source.manifest.name} {version.version}: {len(source.files)} files in {out}.")
    click.echo(f"The content hash {written.content_hash} is that of the published version.")


def _write_folder(source: KitSource, folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Refused(f"{folder} is not empty.")
    for path, data in source.files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
