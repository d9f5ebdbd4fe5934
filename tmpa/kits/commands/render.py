"""`tmpa kit render`."""

import sys
from pathlib import Path

import click

from tmpa.kernel.errors import Refused
from tmpa.kits.brand import SAMPLE_BRAND
from tmpa.kits.commands.brands import BRAND_OPTION, read_brand
from tmpa.kits.commands.places import known_locales, read_kit
from tmpa.kits.commands.printing import print_findings
from tmpa.kits.findings import KitRefused
from tmpa.kits.outputs import piece_files
from tmpa.kits.samples import sample_values
from tmpa.kits.slots import validate_slots


@click.command("render")
@click.argument("place", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder to write into."
)
@BRAND_OPTION
@click.option("--locale", "locales", multiple=True, help="Only these locales; may be given several times.")
@click.option(
    "--piece", "pieces", multiple=True, help="Only these pieces, by name; may be given several times."
)
def render_command(
    place: Path, out: Path, brand_file: Path | None, locales: tuple[str, ...], pieces: tuple[str, ...]
) -> None:
    """Write every piece of the kit in PLACE, a folder or zip, in every locale as OUT/LOCALE/PIECE….

    Mails become .html and .txt, pages and snippets .html, posts .txt, documents .pdf, banners a .png in each size.
    Slots hold their defaults, else their examples; the brand is made up unless one is given.
    """
    source = read_kit(place)
    brand = read_brand(brand_file) if brand_file else SAMPLE_BRAND
    unknown = set(pieces) - {piece.name for piece in source.manifest.pieces}
    if unknown:
        raise Refused(f"The kit has no piece {', '.join(sorted(unknown))}.")
    count = 0
    for locale in known_locales(source, locales):
        slots = validate_slots(source, sample_values(source, locale), locale)
        for piece in source.manifest.pieces:
            if pieces and piece.name not in pieces:
                continue
            try:
                files = list(piece_files(source, piece, locale, brand, slots))
            except KitRefused as refusal:
                print_findings(refusal.findings)
                sys.exit(1)
            for name, data in files:
                target = out / locale / name
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(data)
                count += 1
    click.echo(f"{count} files in {out}.")
