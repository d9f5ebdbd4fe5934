"""`tmpa kit`: make, check, render and publish kits from the command line."""

import json
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from tmpa.accounts.models import Organization
from tmpa.db import Database
from tmpa.kernel.errors import Refused
from tmpa.kernel.objects import open_store
from tmpa.kernel.scope import Scope, load
from tmpa.kits import checking, service
from tmpa.kits.brand import SAMPLE_BRAND, Brand
from tmpa.kits.document import render_document
from tmpa.kits.findings import Finding, KitRefused, has_errors
from tmpa.kits.manifest import NAME, MailPiece, PagePiece, Piece, SocialPiece
from tmpa.kits.render import recipient_values, render_mail, render_page, render_post
from tmpa.kits.samples import PAGE_URL, sample_values
from tmpa.kits.slots import SlotValues, validate_slots
from tmpa.kits.source import KitSource, read_folder, read_zip
from tmpa.settings import load_settings

SKELETON = Path(__file__).resolve().parent / "skeleton"


@click.group("kit")
def kit() -> None:
    """Kits: a vendor's campaigns as folders of text (docs/kit-format.md)."""


@kit.command("init")
@click.argument("folder", type=click.Path(path_type=Path))
def init_command(folder: Path) -> None:
    """Make a small kit in FOLDER to start from; the folder's name becomes the kit's."""
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
    click.echo(f"{folder} is ready. Next: tmpa kit check {folder}")


@kit.command("check")
@click.argument("place", type=click.Path(exists=True, path_type=Path))
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def check_command(place: Path, form: str) -> None:
    """Check the kit in PLACE, a folder or zip: `file:line: severity rule: message (mend)`. Status 1 on errors."""
    found = checking.check_folder(place) if place.is_dir() else checking.check_zip(place.read_bytes())
    if form == "json":
        click.echo(json.dumps([finding.to_json() for finding in found], ensure_ascii=False, indent=2))
    else:
        _print_findings(found)
    if has_errors(found):
        sys.exit(1)


def _print_findings(found: list[Finding]) -> None:
    for finding in found:
        click.echo(str(finding))
    errors = sum(finding.severity == "error" for finding in found)
    warnings = len(found) - errors
    click.echo("No findings." if not found else f"{errors} errors, {warnings} warnings.", err=bool(found))


def _read(place: Path) -> KitSource:
    try:
        return read_folder(place) if place.is_dir() else read_zip(place.read_bytes())
    except KitRefused as refusal:
        _print_findings(list(refusal.findings))
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


@kit.command("render")
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
    source = _read(place)
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
                _print_findings(list(refusal.findings))
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
    else:
        yield f"{name}.pdf", render_document(source, name, locale, brand, slots, page_url=PAGE_URL).pdf


@kit.command("publish")
@click.argument("place", type=click.Path(exists=True, path_type=Path))
@click.option("--vendor", required=True, help="The vendor's public id (org_…) or its exact name.")
@click.option("--notes", default="", help="What is new, for partners.")
def publish_command(place: Path, vendor: str, notes: str) -> None:
    """Check the kit in PLACE (a folder or zip) and publish it. Publishing the same content again changes nothing."""
    source = _read(place)
    found = checking.check(source)
    _print_findings(found)
    if has_errors(found):
        sys.exit(1)
    settings = load_settings()
    database = Database(settings)
    try:
        with database.unit_of_work(Scope.system()) as session:
            owner = _vendor(session, vendor)
            version = service.publish(
                session, open_store(settings), source, notes=notes, vendor_id=owner.id, findings=found
            )
            click.echo(
                f"{version.public_id}: {version.kit.name} {version.version} is published for {owner.name}."
            )
    finally:
        database.dispose()


def _vendor(session: Session, named: str) -> Organization:
    """The vendor of that public id or exact name. Raises NotFound or Refused."""
    if named.startswith("org_"):
        return load(session, Organization, named)
    query = select(Organization).where(Organization.name == named, Organization.kind == "vendor")
    owners = list(session.scalars(query))
    if len(owners) != 1:
        raise Refused(f"There is no one vendor called {named}; `tmpa organization list` shows the ids.")
    return owners[0]
