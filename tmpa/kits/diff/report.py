"""The report of `kit diff --out`: one HTML page with the changes in words, and pictures beside it."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from tmpa.kernel.i18n import current_locale, direction, format_percent, gettext, language_name, ngettext
from tmpa.kits.diff.changes import SECTIONS, Change
from tmpa.kits.diff.looks import Look
from tmpa.kits.source import KitSource

FILE_NAME = "index.html"


def by_section(changes: Sequence[Change]) -> list[tuple[str, list[Change]]]:
    """The changes under the heading of their section, sections without any left out."""
    found = [
        (str(heading), [each for each in changes if each.section == name])
        for name, heading in SECTIONS.items()
    ]
    return [(heading, listed) for heading, listed in found if listed]


def write_report(
    folder: Path, old: KitSource, new: KitSource, changes: Sequence[Change], found: Iterable[Look], note: str
) -> Path:
    """Write index.html and its pictures into `folder` and return the page. `note` is shown above the pictures."""
    pictures = []
    for look in found:
        names = {}
        for name in ("before", "after", "marked"):
            png: bytes | None = getattr(look, name)
            if png:
                size = f"-{look.size}" if look.size else ""
                path = Path("pictures") / look.locale / f"{look.piece}{size}-{name}.png"
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_bytes(png)
                names[name] = path.as_posix()
        pictures.append((look, names))
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined
    )
    page = environment.get_template("report.html").render(
        _=gettext,
        ngettext=ngettext,
        locale=current_locale(),
        direction=direction(current_locale()),
        old=old.manifest,
        new=new.manifest,
        changes=by_section(changes),
        count=len(changes),
        pictures=pictures,
        note=note,
        language=language_name,
        percent=lambda share: format_percent(share, 2),
    )
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / FILE_NAME
    target.write_text(page, encoding="utf-8")
    return target
