"""`tmpa kit translations`: a kit folder's texts out to translators and back."""

import json
import sys
from pathlib import Path

import click

from tmpa.kernel.errors import Refused
from tmpa.kits.catalogue import catalogue_path, read_catalogue
from tmpa.kits.commands.places import read_kit
from tmpa.kits.localisation.coverage import LocaleCoverage, coverage, locale_coverage
from tmpa.kits.localisation.exchange import Form, Imported, export, file_name, import_file
from tmpa.kits.localisation.fallback import stand_in
from tmpa.kits.localisation.po import write
from tmpa.kits.localisation.workflow import TEMPLATE, template, updated
from tmpa.kits.source import KitSource

FORMS: dict[str, Form] = {"xliff": "xliff", "xliff-1.2": "xliff12", "po": "po"}
_FOLDER = click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))


@click.group("translations")
def translations_command() -> None:
    """Bring a kit's catalogues up to date, count them, and exchange them with translation agencies."""


def _targets(source: KitSource, asked: tuple[str, ...]) -> list[str]:
    """The locales asked for, else every one but the source. Raises Refused."""
    offered = [tag for tag in source.manifest.locales if tag != source.manifest.source_locale]
    if unknown := [tag for tag in asked if tag not in offered]:
        raise Refused(
            f"The kit translates into {', '.join(offered) or 'no locale'}, not into {', '.join(unknown)}."
        )
    return [tag for tag in offered if not asked or tag in asked]


def _one_locale(source: KitSource, locale: str | None) -> str:
    offered = _targets(source, (locale,) if locale else ())
    if len(offered) != 1:
        raise Refused(f"Say which locale is meant: --locale {'|'.join(offered)}.")
    return offered[0]


@translations_command.command("extract")
@_FOLDER
@click.option("--out", help=f"File to write instead of FOLDER/{TEMPLATE}; - prints it.")
def extract_command(folder: Path, out: str | None) -> None:
    """Write every text of the kit in FOLDER, with where it is used, as a .pot template."""
    source = read_kit(folder)
    made = template(source)
    if out == "-":
        click.echo(write(made).decode(), nl=False)
        return
    target = Path(out) if out else folder / TEMPLATE
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(write(made))
    click.echo(f"{len(made.entries)} texts in {target}.")


@translations_command.command("update")
@_FOLDER
@click.option("--locale", "locales", multiple=True, help="Only these locales; may be given several times.")
def update_command(folder: Path, locales: tuple[str, ...]) -> None:
    """Give every catalogue in FOLDER all the kit's texts. Texts that changed a little are marked fuzzy."""
    source = read_kit(folder)
    for locale in _targets(source, locales):
        file, done = updated(source, locale, read_catalogue(source, locale))
        target = folder / catalogue_path(locale)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(write(file))
        parts = [
            f"{len(texts)} {name}"
            for name, texts in (
                ("new", done.added),
                ("kept", done.kept),
                ("fuzzy", done.fuzzy),
                ("back again", done.revived),
                ("obsolete", done.obsolete),
            )
            if texts
        ]
        click.echo(f"{target}: {', '.join(parts) or 'no texts'}.")


@translations_command.command("stats")
@_FOLDER
@click.option("--locale", "locales", multiple=True, help="Only these locales; also ones that the kit lacks.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def stats_command(folder: Path, locales: tuple[str, ...], form: str) -> None:
    """How much of the kit in FOLDER each locale has: translated, reviewed, missing, fuzzy, stale, words."""
    source = read_kit(folder)
    found = [locale_coverage(source, tag) for tag in locales] if locales else coverage(source)
    if form == "json":
        click.echo(json.dumps([each.to_json() for each in found], ensure_ascii=False, indent=2))
        return
    click.echo(
        f"{'locale':<12}{'done':>6}{'texts':>7}{'reviewed':>10}{'missing':>9}{'fuzzy':>7}{'stale':>7}{'words left':>12}"
    )
    for each in found:
        click.echo(
            f"{each.locale:<12}{each.percent:>5}%{each.translated:>7}{len(each.reviewed):>10}"
            f"{len(each.missing):>9}{len(each.fuzzy):>7}{len(each.stale):>7}{each.words_left:>12}"
        )
        if standing := _standing(source, each):
            click.echo(f"            {standing}")


def _standing(source: KitSource, each: LocaleCoverage) -> str:
    whole = stand_in(source, each.locale)
    if whole is not None:
        return f"{each.locale} uses {whole}: the kit has no catalogue of its own for it."
    return f"{len(each.inherited)} texts are read in {each.stand_in}." if each.inherited else ""


@translations_command.command("export")
@_FOLDER
@click.option("--locale", help="The locale to translate into; not needed where the kit has only one.")
@click.option("--format", "form", type=click.Choice(list(FORMS)), default="xliff", show_default=True)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="File to write.")
def export_command(folder: Path, locale: str | None, form: str, out: Path | None) -> None:
    """Write all texts of the kit in FOLDER with one locale's translations: XLIFF 2.1, XLIFF 1.2 or PO."""
    source = read_kit(folder)
    chosen = _one_locale(source, locale)
    target = out or Path(file_name(source, chosen, FORMS[form]))
    target.write_bytes(export(source, chosen, FORMS[form]))
    click.echo(f"{target} is ready for translation into {chosen}.")


@translations_command.command("import")
@_FOLDER
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--locale", help="The locale that the file translates into; not needed where the kit has only one."
)
@click.option("--dry-run", is_flag=True, help="Say what would happen, write nothing.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def import_command(folder: Path, file: Path, locale: str | None, dry_run: bool, form: str) -> None:
    """Take FILE (XLIFF or PO) into the kit in FOLDER. Status 1 where a translation was refused."""
    source = read_kit(folder)
    chosen = _one_locale(source, locale)
    done = import_file(source, chosen, file.name, file.read_bytes())
    if done.catalogue is not None and not dry_run:
        target = folder / catalogue_path(chosen)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(done.catalogue)
    if form == "json":
        click.echo(json.dumps(done.to_json(), ensure_ascii=False, indent=2))
    else:
        _tell(done, file.name)
    if done.of("refused"):
        sys.exit(1)


def _tell(done: Imported, name: str) -> None:
    for outcome in done.of("refused", "stale", "kept"):
        click.echo(f"{name}:{outcome.line}: {outcome.verdict}: {outcome.reason} (“{outcome.source[:60]}”)")
    counts = done.counts()
    click.echo(", ".join(f"{number} {verdict}" for verdict, number in counts.items() if number) + ".")
