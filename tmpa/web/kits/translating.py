"""What the translator's page shows: its rows, the text at hand, and who may help with it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from tmpa.kernel.i18n import direction
from tmpa.kernel.i18n import gettext as _
from tmpa.kits.catalogue import load_catalogue, read_catalogue
from tmpa.kits.localisation.coverage import LocaleCoverage, locale_coverage
from tmpa.kits.localisation.glossary import Wanted, terms_in
from tmpa.kits.localisation.memory import Match, lookup
from tmpa.kits.localisation.placeholders import codes, split
from tmpa.kits.localisation.translating import length_limit, stamp
from tmpa.kits.localisation.units import State, Unit, units
from tmpa.kits.localisation.xliff_write import form_note
from tmpa.kits.manifest import Piece
from tmpa.kits.models import KitDraft
from tmpa.kits.source import KitSource

FILTERS = ("todo", "missing", "fuzzy", "stale", "all")
TONES: dict[State, str] = {"missing": "bad", "fuzzy": "warn", "translated": "good", "reviewed": "good"}


@dataclass(frozen=True, slots=True)
class Form:
    """One field of the text at hand: a translation, or one plural form of it."""

    number: int
    source: str
    text: str
    note: str
    error: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """A stretch of the source as it is shown. `kind`: "text", "code" or "term"; `title` says what becomes of a term."""

    kind: str
    text: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class Stale:
    """A translation of something that the kit no longer says."""

    source: str
    text: str


@dataclass(frozen=True, slots=True)
class Page:
    """Everything that the page of one locale shows."""

    draft: KitDraft
    source: KitSource
    locale: str
    show: str
    rows: Sequence[Unit]
    stale: Sequence[Stale]
    unit: Unit | None
    coverage: LocaleCoverage
    counts: dict[str, int]

    @property
    def direction(self) -> str:
        """Writing direction of the translation."""
        return direction(self.locale)

    @property
    def source_locale(self) -> str:
        return self.source.manifest.source_locale

    @property
    def source_direction(self) -> str:
        return direction(self.source_locale)

    @property
    def tones(self) -> dict[State, str]:
        return TONES

    def next_key(self) -> str:
        """The key of the text after the one at hand in this view; "" at the end."""
        keys = [row.key for row in self.rows]
        if self.unit is None or self.unit.key not in keys:
            return keys[0] if keys else ""
        at = keys.index(self.unit.key)
        return keys[at + 1] if at + 1 < len(keys) else ""

    def previous_key(self) -> str:
        """The key of the text before it; "" at the beginning."""
        keys = [row.key for row in self.rows]
        if self.unit is None or self.unit.key not in keys:
            return ""
        at = keys.index(self.unit.key)
        return keys[at - 1] if at else ""

    def stand_in(self, unit: Unit) -> str | None:
        """What people read while this text has no translation of its own: another locale's. None: the source."""
        origin = load_catalogue(self.source, self.locale).origin(unit.source)
        return origin if origin != self.locale else None


def page_of(draft: KitDraft, source: KitSource, locale: str, show: str, key: str) -> Page:
    """The page of one locale in one view. An unknown text or view falls back to the first. Raises KitRefused."""
    found = units(source, locale)
    covered = locale_coverage(source, locale)
    counts = {
        "todo": sum(_waits(unit, covered) for unit in found),
        "missing": sum(unit.state == "missing" for unit in found),
        "fuzzy": sum(unit.state == "fuzzy" for unit in found),
        "stale": len(covered.stale),
        "all": len(found),
    }
    if show not in FILTERS:
        show = "todo" if counts["todo"] else "all"
    rows = [
        unit for unit in found if (_waits(unit, covered) if show == "todo" else show in ("all", unit.state))
    ]
    by_key = {unit.key: unit for unit in found}
    unit = by_key.get(key) or (rows[0] if rows else None)
    if show == "stale":
        unit = None
    entries = {entry.id: entry for entry in read_catalogue(source, locale).active()}
    stale = [Stale(text, " / ".join(entries[text].forms)) for text in covered.stale if text in entries]
    return Page(draft, source, locale, show, rows, stale, unit, covered, counts)


def _waits(unit: Unit, covered: LocaleCoverage) -> bool:
    """Whether somebody must work on it. What another language stands in for may stay as it is."""
    if unit.state == "missing":
        return unit.source not in covered.inherited
    return unit.state == "fuzzy" or unit.broken


def forms_of(page: Page, typed: Sequence[str] = (), errors: dict[int, str] | None = None) -> list[Form]:
    """The fields of the text at hand, with what was typed and what is wrong with it."""
    unit = page.unit
    if unit is None:
        return []
    header = read_catalogue(page.source, page.locale).value("Plural-Forms")
    told = errors or {}
    return [
        Form(
            number,
            unit.source_of(number),
            typed[number] if number < len(typed) else text,
            form_note(page.locale, header, number) if unit.text.plural else "",
            told.get(number, ""),
        )
        for number, text in enumerate(unit.entry.forms)
    ]


def marked(page: Page, text: str) -> list[Mark]:
    """A source text with its placeholders, tags and glossary terms marked."""
    found = []
    for piece in split(text):
        if piece.kind == "text":
            found += list(_terms(page, piece.text))
        else:
            found.append(Mark("code", piece.text))
    return found


def _terms(page: Page, text: str) -> Iterator[Mark]:
    end = 0
    for wanted in terms_in(page.source.manifest.terms, text, page.locale):
        if wanted.start > end:
            yield Mark("text", text[end : wanted.start])
        yield Mark("term", text[wanted.start : wanted.end], _becomes(wanted))
        end = wanted.end
    if end < len(text):
        yield Mark("text", text[end:])


def _becomes(wanted: Wanted) -> str:
    return wanted.translation or _("stays as it is")


def glossary_of(page: Page, unit: Unit) -> dict[str, str]:
    """The terms of the text at hand and what they become."""
    found = terms_in(page.source.manifest.terms, f"{unit.source} {unit.text.plural}", page.locale)
    return {wanted.term: wanted.translation or wanted.term for wanted in found}


def codes_of(unit: Unit) -> tuple[str, ...]:
    """The placeholders and tags that a translation must have."""
    return codes(f"{unit.source} {unit.text.plural}")


def limit_of(page: Page, unit: Unit) -> int | None:
    """The most characters that fit; None where there is no limit."""
    return length_limit(page.source, unit, page.locale)


def seen_of(unit: Unit) -> str:
    """The stamp of what stands in the draft now."""
    return stamp(unit)


def matches_of(session: Session, page: Page, unit: Unit) -> list[Match]:
    """What the translation memory knows, without what stands there already."""
    found = lookup(session, page.source_locale, page.locale, unit.source, limit=6)
    wanted = len(unit.entry.forms)
    if unit.state == "missing" and wanted == 1 and page.stand_in(unit):
        text = load_catalogue(page.source, page.locale).gettext(unit.source)
        found.insert(0, Match(unit.source, (text,), 1.0, "kit", page.source.manifest.name))
    return [match for match in found if len(match.forms) == wanted and match.forms != unit.entry.forms][:5]


def pieces_of(page: Page, unit: Unit | None) -> list[Piece]:
    """The pieces that show the text at hand; every piece where none does."""
    named = unit.text.pieces if unit else ()
    pieces = [piece for piece in page.source.manifest.pieces if piece.name in named]
    return pieces or list(page.source.manifest.pieces)
