"""`tmpa kit diff`."""

import json
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import click

from tmpa.kernel.errors import Refused
from tmpa.kernel.i18n import gettext as _
from tmpa.kits.brand import SAMPLE_BRAND, Brand
from tmpa.kits.commands.brands import BRAND_OPTION, read_brand
from tmpa.kits.commands.published import read_any
from tmpa.kits.diff import Change, compare
from tmpa.kits.diff.looks import looks
from tmpa.kits.diff.report import by_section, write_report
from tmpa.kits.pictures import camera, find_chromium
from tmpa.kits.source import KitSource
from tmpa.settings import load_settings


@click.command("diff")
@click.argument("old")
@click.argument("new")
@click.option("--vendor", default="", help="Who has published name@version: public id (org_…) or exact name.")
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), help="Also write a report with pictures here."
)
@BRAND_OPTION
@click.option(
    "--locale", "locales", multiple=True, help="Pictures in these locales only; may be given several times."
)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--exit-code", is_flag=True, help="Status 1 when anything changed.")
def diff_command(
    old: str,
    new: str,
    vendor: str,
    out: Path | None,
    brand_file: Path | None,
    locales: tuple[str, ...],
    form: str,
    exit_code: bool,
) -> None:
    """Say what changed from OLD to NEW, for partners and for readers.

    Each is a folder, a zip, or a published version such as calm-backup@1.2.0 (with --vendor). Named are keys of
    kit.toml, slots and their limits, pieces, their texts and layout, translations, the journey, brand rules and files.
    With --out, OUT/index.html also shows the pieces that look different: before, now, and the differing pixels
    marked. Mails and pages need Chromium for that (TMPA_CHROMIUM, or on the PATH).
    """
    before, after = read_any(old, vendor), read_any(new, vendor)
    changes = compare(before, after)
    if out:
        brand = read_brand(brand_file) if brand_file else SAMPLE_BRAND
        report = _report(out, before, after, changes, _locales(before, after, locales), brand)
        click.echo(f"{report} shows it.", err=True)
    if form == "json":
        click.echo(json.dumps([change.to_json() for change in changes], ensure_ascii=False, indent=2))
    else:
        _print(changes)
    if exit_code and changes:
        sys.exit(1)


def _print(changes: Sequence[Change]) -> None:
    if not changes:
        click.echo(_("Nothing changed."))
    for heading, listed in by_section(changes):
        click.echo(heading)
        for change in listed:
            click.echo(f"  {change.what} [{change.place}]")
            for sign, value in (("-", change.before), ("+", change.after)):
                if value:
                    click.echo(f"    {sign} " + value.replace("\n", "\n      "))


def _locales(before: KitSource, after: KitSource, wanted: tuple[str, ...]) -> list[str]:
    known = list(dict.fromkeys((*after.manifest.locales, *before.manifest.locales)))
    unknown = set(wanted) - set(known)
    if unknown:
        raise Refused(f"Neither kit has the locale {', '.join(sorted(unknown))}.")
    return list(wanted) or known


def _report(
    out: Path,
    before: KitSource,
    after: KitSource,
    changes: Sequence[Change],
    locales: Sequence[str],
    brand: Brand,
) -> Path:
    program = find_chromium(load_settings().chromium)
    note = "" if program else _(
        "Chromium was not found, so only documents and banners have pictures. Install it, or name it in %(name)s.",
        name="TMPA_CHROMIUM",
    )  # fmt: skip
    with ExitStack() as open_things:
        taking = open_things.enter_context(camera(program)) if program and changes else None
        found = looks(before, after, locales, brand, taking) if changes else ()
        return write_report(out, before, after, changes, found, note)
