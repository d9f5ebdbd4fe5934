"""How much of what a kit says each locale has: the meter on the kit's page and `tmpa kit translations stats`."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import regex

from tmpa.kits.catalogue import load_catalogue, read_catalogue, used_texts
from tmpa.kits.localisation.fallback import stand_in
from tmpa.kits.source import KitSource

_SPACED = regex.compile(r"[\p{L}\p{N}]+(?:['’.-][\p{L}\p{N}]+)*")
_UNSPACED = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]")


def count_words(text: str) -> int:
    """Words as translation agencies count them; in scripts without spaces each character is one."""
    rest, characters = _UNSPACED.subn(" ", text)
    words: list[str] = _SPACED.findall(rest)
    return int(characters) + len(words)


@dataclass(frozen=True, slots=True)
class LocaleCoverage:
    """One locale's texts, as tuples of source texts in the kit's order.

    `missing` and `fuzzy` people would read in the source language; `inherited` they read in `stand_in`'s (fr for
    fr-CA). `reviewed` are translations that a second person has approved. `stale` are no longer used by the kit.
    `words` and `words_left` count the source's words, all and those without a translation.
    """

    locale: str
    total: int
    missing: tuple[str, ...]
    fuzzy: tuple[str, ...]
    stale: tuple[str, ...]
    inherited: tuple[str, ...] = ()
    reviewed: tuple[str, ...] = ()
    words: int = 0
    words_left: int = 0
    stand_in: str | None = None

    @property
    def translated(self) -> int:
        """Number of texts that people of this locale read in their language."""
        return self.total - len(self.missing) - len(self.fuzzy)

    @property
    def own(self) -> int:
        """Number of texts that the locale's own catalogue translates."""
        return self.translated - len(self.inherited)

    @property
    def own_percent(self) -> int:
        """`own` in whole percent."""
        return int(100 * self.own / self.total) if self.total else 100

    @property
    def share(self) -> float:
        """`translated` as a share of all, 0 to 1; 1 for a kit without texts."""
        return self.translated / self.total if self.total else 1.0

    @property
    def percent(self) -> int:
        """`share` in whole percent, never 100 before the last text is there."""
        return int(self.share * 100)

    def to_json(self) -> dict[str, Any]:
        """Plain figures."""
        return {
            "locale": self.locale,
            "total": self.total,
            "translated": self.translated,
            "reviewed": len(self.reviewed),
            "missing": len(self.missing),
            "fuzzy": len(self.fuzzy),
            "stale": len(self.stale),
            "inherited": len(self.inherited),
            "words": self.words,
            "words_left": self.words_left,
            "percent": self.percent,
            "stand_in": self.stand_in,
        }


def locale_coverage(source: KitSource, locale: str) -> LocaleCoverage:
    """Coverage of one locale, declared or not. Raises KitRefused for a catalogue that can't be read."""
    used = used_texts(source)
    book = load_catalogue(source, locale)
    inherited = tuple(t for t in used if t not in book.translations and book.origin(t) is not None)
    reads = {*book.translations, *inherited}
    fuzzy = tuple(text for text in used if text in book.fuzzy and text not in reads)
    missing = tuple(text for text in used if text not in reads and text not in book.fuzzy)
    stale = tuple(text for text in book.lines if text not in used)
    marked = {entry.id for entry in read_catalogue(source, locale).active() if entry.reviewed}
    reviewed = tuple(text for text in used if text in marked)
    left = sum(count_words(text) for text in (*missing, *fuzzy))
    words = sum(map(count_words, used))
    standing = stand_in(source, locale) or (book.fallback.locale if book.fallback else None)
    return LocaleCoverage(
        locale, len(used), missing, fuzzy, stale, inherited, reviewed, words, left, standing
    )


@lru_cache(maxsize=512)
def also_reads(source: KitSource, locale: str) -> str | None:
    """The other locale that people of `locale` read for some or all texts (fr for fr-CA); None: there is no such text.

    Show it wherever people choose a language: a fallback is never silent.
    """
    if locale == source.manifest.source_locale:
        return None
    found = locale_coverage(source, locale)
    return found.stand_in if found.inherited else None


def coverage(source: KitSource) -> list[LocaleCoverage]:
    """Coverage of every declared locale but the source locale, in the manifest's order. Raises KitRefused."""
    origin = source.manifest.source_locale
    return [locale_coverage(source, locale) for locale in source.manifest.locales if locale != origin]
