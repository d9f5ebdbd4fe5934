"""`tmpa kit render`."""

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from tmpa.kernel.errors import Refused
from tmpa.kits.banner import render_banner
from tmpa.kits.brand import SAMPLE_BRAND, Brand
from tmpa.kits.commands.places import print_findings, read_brand, read_kit
from tmpa.kits.document import render_document
from tmpa.kits.findings import KitRefused
from tmpa.kits.manifest import BannerPiece, MailPiece, PagePiece, Piece, SnippetPiece, SocialPiece
from tmpa.kits.render import recipient_values, render_mail, render_page, render_post, render_snippet
from tmpa.kits.samples import PAGE_URL, sample_values
from tmpa.kits.slots import SlotValues, validate_slots
from tmpa.kits.source import KitSource


@click.command("render")
@click.argument("place", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder to write into."
)
@click.option(
    "--brand", "brand_file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Brand TOML."
)
@click.option("--locale", "locales", multiple=True, help="Only these locales; may be given several times.")
def render_command(place: Path, out: Path, brand_file: Path | None, locales: tuple[str, ...]) -> None:
    """Write every piece in every locale, with a sample brand or the one given."""
    source = read_kit(place)
    brand = read_brand(brand_file) if brand_file else SAMPLE_BRAND
    unknown = set(locales) - set(source.manifest.locales)
    if unknown:
        raise Refused(f"The kit has no locale {', '.join(sorted(unknown))}.")
    count = 0
    for locale in locales or source.manifest.locales:
        slots = validate_slots(source, sample_values(source, locale), locale)
        for piece in source.manifest.pieces:
            try:
                files = list(_rendered(source, piece, locale, brand, slots))
            except KitRefused as refusal:
                print_findings(refusal.findings)
                sys.exit(1)
            for name, data in files:
                target = out / locale / name
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(data)
                count += 1
    click.echo(f"{count} files in {out}.")


def _rendered(
    source: KitSource, piece: Piece, locale: str, brand: Brand, slots: SlotValues
) -> Iterator[tuple[str, bytes]]:
    name = piece.name
    if isinstance(piece, MailPiece):
        mail = render_mail(source, name, locale, brand, slots, page_url=PAGE_URL)
        recipient = recipient_values(locale, "Alex", "Example")
        values = {
            **recipient,
            "unsubscribe": PAGE_URL,
            **{f"link.{link.number}": link.url for link in mail.links},
        }
        yield f"{name}.html", mail.preview(recipient).encode()
        yield f"{name}.txt", (mail.subject.fill(values) + "\n\n" + mail.text.fill(values) + "\n").encode()
    elif isinstance(piece, PagePiece):
        page = render_page(
            source, name, locale, brand, slots, page_url=PAGE_URL, form_action="#", form_token=""
        )
        yield f"{name}.html", page.html.encode()
    elif isinstance(piece, SocialPiece):
        yield f"{name}.txt", render_post(source, name, locale, brand, slots, page_url=PAGE_URL).text.encode()
    elif isinstance(piece, SnippetPiece):
        yield (
            f"{name}.html",
            render_snippet(source, name, locale, brand, slots, page_url=PAGE_URL).html.encode(),
        )
    elif isinstance(piece, BannerPiece):
        for banner in render_banner(source, name, locale, brand, slots, page_url=PAGE_URL):
            yield f"{name}-{banner.size}.png", banner.png
            yield f"{name}-{banner.size}@2x.png", banner.png_2x
    else:
        yield f"{name}.pdf", render_document(source, name, locale, brand, slots, page_url=PAGE_URL).pdf
