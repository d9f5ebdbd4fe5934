"""Texts out to translators and back: XLIFF 2.1, XLIFF 1.2 and PO. What comes back is believed only where it fits.

`export(source, locale, form) -> bytes`; `import_file(source, locale, name, data) -> Imported` with the new catalogue
and a report of every text. A reviewed translation is never replaced by an empty or unreviewed one, a translation that
lost a placeholder or a name of the glossary is refused, and a text that the kit no longer says is reported as stale.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from tmpa.kernel.errors import Refused
from tmpa.kernel.i18n import gettext as _
from tmpa.kits.catalogue import read_catalogue
from tmpa.kits.localisation.checks import sentence, short
from tmpa.kits.localisation.glossary import term_problems
from tmpa.kits.localisation.inline import InlineError
from tmpa.kits.localisation.placeholders import compare_forms
from tmpa.kits.localisation.po import Entry, PoError, read, write
from tmpa.kits.localisation.units import Incoming, Unit, state_of, units, with_entries, with_state
from tmpa.kits.localisation.workflow import updated
from tmpa.kits.localisation.xliff_read import XliffFile, read_xliff
from tmpa.kits.localisation.xliff_write import export_xliff, original
from tmpa.kits.source import KitSource

Form = Literal["xliff", "xliff12", "po"]
SUFFIXES: dict[Form, str] = {"xliff": "xlf", "xliff12": "xlf", "po": "po"}
CONTENT_TYPES: dict[Form, str] = {
    "xliff": "application/xliff+xml", "xliff12": "application/x-xliff+xml", "po": "text/x-gettext-translation",
}  # fmt: skip
Verdict = Literal["added", "changed", "unchanged", "kept", "refused", "stale"]


class ExchangeRefused(Refused):
    """A file that can't be taken as a whole; the sentence begins with `file:line`."""

    def __init__(self, name: str, line: int, message: str) -> None:
        super().__init__(f"{name}:{line}: {message}" if line else f"{name}: {message}", "file", "exchange")
        self.line = line


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one text of the file. `reason` says why it was kept, refused or stale; `line` is the file's."""

    source: str
    verdict: Verdict
    reason: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class Imported:
    """The catalogue after an import (None: nothing changed) and what came of each text."""

    catalogue: bytes | None
    outcomes: tuple[Outcome, ...]
    entries: tuple[Entry, ...]

    def of(self, *verdicts: Verdict) -> list[Outcome]:
        """The outcomes with one of these verdicts, in the file's order."""
        return [outcome for outcome in self.outcomes if outcome.verdict in verdicts]

    def counts(self) -> dict[str, int]:
        """How many of each verdict."""
        names: tuple[Verdict, ...] = ("added", "changed", "unchanged", "kept", "refused", "stale")
        return {name: len(self.of(name)) for name in names}

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        told = self.of("added", "changed", "kept", "refused", "stale")
        return {"counts": self.counts(), "texts": [asdict(outcome) for outcome in told]}


def export(source: KitSource, locale: str, form: Form) -> bytes:
    """All texts of a kit with what `locale` has of them, as a file. Raises KitRefused."""
    if form == "po":
        file, _update = updated(source, locale, read_catalogue(source, locale))
        return write(file)
    return export_xliff(source, locale, "2.1" if form == "xliff" else "1.2")


def file_name(source: KitSource, locale: str, form: Form) -> str:
    """What an exported file is called."""
    return f"{source.manifest.name}-{source.manifest.version}.{locale}.{SUFFIXES[form]}"


def import_file(source: KitSource, locale: str, name: str, data: bytes) -> Imported:
    """Take over what an agency's file brings. Raises ExchangeRefused and KitRefused; nothing is kept then."""
    head = data[:4000].lstrip(b"\xef\xbb\xbf \t\r\n")
    try:
        if head.startswith((b"<", b"\xff\xfe", b"\xfe\xff")):
            incoming = _from_xliff(source, locale, name, read_xliff(data))
        else:
            incoming = _from_po(locale, name, data)
    except (InlineError, PoError) as problem:
        raise ExchangeRefused(name, problem.line, problem.message) from None
    result = take_over(source, locale, incoming)
    if result.outcomes and all(outcome.verdict == "stale" for outcome in result.outcomes):
        raise ExchangeRefused(name, 0, _("No text of this file is one of this kit's."))
    return result


def _from_xliff(source: KitSource, locale: str, name: str, file: XliffFile) -> tuple[Incoming, ...]:
    kit = file.original.split(" ")[0]
    if kit and kit != source.manifest.name:
        message = _(
            "The file was made from the kit %(kit)s, this is %(this)s.", kit=kit, this=original(source)
        )
        raise ExchangeRefused(name, 0, message)
    _same_language(name, source.manifest.source_locale, file.source_locale)
    _same_language(name, locale, file.locale)
    return file.units


def _same_language(name: str, wanted: str, given: str) -> None:
    if given and given.replace("_", "-").casefold() != wanted.casefold():
        message = _("The file is in “%(given)s”, not in “%(wanted)s”.", given=given[:40], wanted=wanted)
        raise ExchangeRefused(name, 0, message)


def _from_po(locale: str, name: str, data: bytes) -> tuple[Incoming, ...]:
    file = read(data)
    _same_language(name, locale, file.value("Language"))
    return tuple(
        Incoming(
            entry.id, entry.forms, state_of(entry), entry.plural, "", entry.notes, entry.previous, entry.line
        )
        for entry in file.active()
        if entry.context is None
    )


def take_over(source: KitSource, locale: str, incoming: Iterable[Incoming]) -> Imported:
    """Merge translations into the locale's catalogue by the rules above. Raises KitRefused."""
    held = units(source, locale)
    by_key = {unit.key: unit for unit in held}
    by_text = {unit.source: unit for unit in held}
    changes: dict[str, Entry] = {}
    outcomes = []
    for each in incoming:
        unit = by_key.get(each.key) or by_text.get(each.source)
        if unit is None or unit.source != each.source or unit.text.plural != each.plural:
            reason = _("The kit no longer says this; its text has changed since the file was made.")
            outcomes.append(Outcome(each.source, "stale", reason, each.where))
            continue
        outcome, entry = _one(source, locale, unit, each)
        outcomes.append(outcome)
        if entry is not None:
            changes[unit.source] = entry
    catalogue = with_entries(source, locale, changes) if changes else None
    return Imported(catalogue, tuple(outcomes), tuple(changes.values()))


def _one(source: KitSource, locale: str, unit: Unit, each: Incoming) -> tuple[Outcome, Entry | None]:
    """What comes of one translation, and the catalogue's entry where it changes."""

    def outcome(verdict: Verdict, reason: str = "") -> Outcome:
        return Outcome(unit.source, verdict, reason, each.where)

    old = unit.entry
    notes = (*old.notes, *(note for note in each.notes if note.strip() and note not in old.notes))
    if len(each.forms) != len(old.forms):
        reason = _(
            "It has %(given)s forms; this language wants %(wanted)s.",
            given=len(each.forms),
            wanted=len(old.forms),
        )
        return outcome("refused", reason), None
    if not any(each.forms) or (not all(each.forms) and all(old.forms)):
        noted = replace(old, notes=notes) if notes != old.notes else None
        if not any(old.forms):
            return outcome("unchanged"), noted
        return outcome("kept", _("The file has no translation; the one that was there stays.")), noted
    if each.forms == old.forms and each.state == unit.state:
        return outcome("unchanged"), replace(old, notes=notes) if notes != old.notes else None
    if unit.state == "reviewed" and each.state != "reviewed":
        if each.forms == old.forms:
            return outcome("unchanged"), None
        return outcome("kept", _("The translation that was there is reviewed; this one is not.")), None
    if problem := why_not(source, locale, unit, each.forms):
        return outcome("refused", problem), None
    entry = replace(with_state(old, each.forms, each.state), notes=notes)
    if each.state == "fuzzy" and each.previous:
        entry = replace(entry, previous=each.previous)
    return outcome("changed" if any(old.forms) else "added"), entry


def why_not(source: KitSource, locale: str, unit: Unit, forms: tuple[str, ...]) -> str:
    """Why a translation can't be taken: lost placeholders, tags or names. "" for a good one."""
    if found := compare_forms(unit.source, unit.text.plural, forms):
        return sentence(unit.source, found)
    if any("\0" in form for form in forms):
        return _("“%(entry)s” holds binary data.", entry=short(unit.source))
    for form in forms:
        for problem in term_problems(source.manifest.terms, unit.source, form, locale) if form else ():
            if problem.fixed:
                return problem.sentence
    return ""


def warnings(source: KitSource, locale: str, unit: Unit, forms: tuple[str, ...]) -> list[str]:
    """What a translator should look at again: terms that the glossary would put otherwise."""
    found: dict[str, None] = {}
    for form in forms:
        for problem in term_problems(source.manifest.terms, unit.source, form, locale) if form else ():
            if not problem.fixed:
                found[problem.sentence] = None
    return list(found)
