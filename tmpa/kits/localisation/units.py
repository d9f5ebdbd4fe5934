"""A kit's texts with their translations in one locale, as translators and their tools see them."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from tmpa.kits.catalogue import plural_rule, read_catalogue
from tmpa.kits.localisation.placeholders import compare_forms
from tmpa.kits.localisation.po import REVIEWED, Entry, write
from tmpa.kits.localisation.usage import KitText, kit_texts
from tmpa.kits.localisation.workflow import entry_of, updated
from tmpa.kits.source import KitSource

State = Literal["missing", "fuzzy", "translated", "reviewed"]
RANK: dict[State, int] = {"missing": 0, "fuzzy": 1, "translated": 2, "reviewed": 3}


@dataclass(frozen=True, slots=True)
class Unit:
    """One text of the kit in one locale. `forms` are its translations, one or one for each plural form."""

    key: str
    text: KitText
    entry: Entry

    @property
    def source(self) -> str:
        """The text in the source locale (the singular)."""
        return self.text.source

    @property
    def state(self) -> State:
        """How far its translation is."""
        return state_of(self.entry)

    @property
    def broken(self) -> bool:
        """Whether the translation lost or added placeholders or tags."""
        return bool(compare_forms(self.source, self.text.plural, self.entry.forms))

    def source_of(self, form: int) -> str:
        """The source text that stands beside a plural form."""
        return self.text.plural if self.text.plural and (form or len(self.entry.forms) == 1) else self.source


@dataclass(frozen=True, slots=True)
class Incoming:
    """A translation that somebody brings: a file of an agency, or a person at the page. `where` is for sentences."""

    source: str
    forms: tuple[str, ...]
    state: State
    plural: str = ""
    key: str = ""
    notes: tuple[str, ...] = ()
    previous: str = ""
    where: int = field(default=0, compare=False)


def state_of(entry: Entry) -> State:
    """The state that a catalogue's entry has."""
    if not any(entry.forms) or not (entry.fuzzy or all(entry.forms)):
        return "missing"
    if entry.fuzzy:
        return "fuzzy"
    return "reviewed" if entry.reviewed else "translated"


def unit_key(source: str, plural: str = "") -> str:
    """A unit's id in exchanged files: made of its source text, so that a changed text is another unit."""
    return "t" + hashlib.sha256(f"{source}\0{plural}".encode()).hexdigest()[:20]


def units(source: KitSource, locale: str) -> list[Unit]:
    """Every text of the kit in its order, with what the locale's own catalogue says. Raises KitRefused."""
    file = read_catalogue(source, locale)
    count, _rule = plural_rule(locale, file.value("Plural-Forms"))
    entries = {entry.id: entry for entry in file.active() if entry.context is None}
    found = []
    for text in kit_texts(source).values():
        fresh = entry_of(text, count)
        old = entries.get(text.source)
        if old is not None and len(old.forms) == len(fresh.forms):
            fresh = replace(
                fresh, forms=old.forms, flags=old.flags, notes=old.notes, previous=old.previous, line=old.line
            )
        found.append(Unit(unit_key(text.source, text.plural), text, fresh))
    return found


def with_state(entry: Entry, forms: tuple[str, ...], state: State) -> Entry:
    """The entry with a translation in a state."""
    flags = {"fuzzy": state == "fuzzy", REVIEWED: state == "reviewed"}
    made = replace(entry, forms=forms).flagged(**flags)
    return made if state == "fuzzy" else replace(made, previous="")


def with_entries(source: KitSource, locale: str, changes: Mapping[str, Entry]) -> bytes | None:
    """The locale's catalogue with some entries changed (by source text); None when nothing changes.

    Texts that the catalogue lacks come into their place in the kit's order. Raises KitRefused.
    """
    file = read_catalogue(source, locale)
    known = {entry.id for entry in file.active() if entry.context is None}
    if not set(changes) <= known:
        file, _update = updated(source, locale, file)
    entries = tuple(
        entry if entry.obsolete or entry.context is not None else changes.get(entry.id, entry)
        for entry in file.entries
    )
    if entries == read_catalogue(source, locale).entries:
        return None
    return write(replace(file, entries=entries))
