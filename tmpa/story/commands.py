"""`tmpa story`: the whole loop, on the real parts, with a report."""

import json
import shutil
import sys
from dataclasses import asdict
from pathlib import Path

import click
from jinja2 import Environment, PackageLoader, select_autoescape

from tmpa.demo.cast import DATA
from tmpa.kernel.errors import Refused
from tmpa.resources import data_dir
from tmpa.settings import load_settings
from tmpa.story import stage
from tmpa.story.run import tell
from tmpa.story.telling import Report, StepFailed, Telling
from workers.supervisor import CannotStart


@click.command()
@click.option(
    "--kit",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of a kit. Default: the shipped kit calm-backup.",
)
@click.option(
    "--contacts",
    "contact_files",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    multiple=True,
    help="A CSV list; may be given several times. Default: two shipped lists with the mess that real lists have.",
)
@click.option("--locale", default="en", show_default=True, help="Language of the campaign, one of the kit's.")
@click.option(
    "--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder for the results."
)
def story(kit: Path | None, contact_files: tuple[Path, ...], locale: str, out: Path) -> None:
    """Tell the whole story without a browser: from a vendor's kit to a paid claim.

    Starts an installation of its own on free ports (database, queue, workers, SMTP, HTTP; PostgreSQL, Redis and S3
    where TMPA_… names them), plays every role, and simulates only the people who read the mails. Leaves in OUT the
    delivered mails (mail/), the pages (pages/), dossier.zip, report.json and report.html. Exit status 0 only if every
    step held.
    """
    if out.exists() and any(out.iterdir()) and not (out / "report.json").exists():
        raise Refused(f"{out} is not empty and holds no earlier story; name another folder.")
    for part in ("mail", "pages", ".run"):
        shutil.rmtree(out / part, ignore_errors=True)
    out.mkdir(parents=True, exist_ok=True)
    kit = kit or data_dir("campaigns") / "calm-backup"
    contacts = list(contact_files) or [DATA / "contacts.csv", DATA / "kunden.csv"]
    report = _tell(kit, contacts, locale, out)
    (out / "report.json").write_text(json.dumps(asdict(report), ensure_ascii=False, indent=2) + "\n")
    templates = Environment(
        loader=PackageLoader("tmpa.story", "templates"), autoescape=select_autoescape(["html"])
    )
    (out / "report.html").write_text(templates.get_template("report.html").render(report=report))
    if not report.held:
        click.echo(report.failure, err=True)
        click.echo(f"What the processes said is in {out / '.run' / 'processes.log'}.", err=True)
        sys.exit(1)
    click.echo(f"Every step held. Report: {out / 'report.html'}")


def _tell(kit: Path, contacts: list[Path], locale: str, out: Path) -> Report:
    settings = stage.settings_of(load_settings(), out.resolve() / ".run")
    report = Report(kit=kit.name, locale=locale)
    try:
        with (
            stage.own_database(settings) as own,
            stage.running(own, out / ".run" / "processes.log") as services,
        ):
            telling = Telling(services, kit, contacts, locale, out)
            report = telling.report
            tell(telling, click.echo)
    except (StepFailed, CannotStart) as failure:
        report.failure = str(failure)
    return report
