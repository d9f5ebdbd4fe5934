"""The kit's glossary (`[[terms]]`): names that stay as they are, and words with one right translation."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import regex

from tmpa.kernel.i18n import gettext as _
from tmpa.kits.catalogue import load_catalogue, read_catalogue, used_texts
from tmpa.kits.findings import Finding, error, warning
from tmpa.kits.localisation.fallback import parents
from tmpa.kits.manifest import Term
from tmpa.kits.source import KitSource

# Scripts that put no spaces between words: beside them a word of another script stands free.
_UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
_WORD = rf"[[\p{{L}}\p{{M}}\p{{N}}_]--[{_UNSPACED}]]"
_ENDING = 2  # letters that a language may hang on a name: Stillhavens, Stillhaven'en


@dataclass(frozen=True, slots=True)
class Wanted:
    """A glossary term that a text uses. `translation` is what it must become; None: it stays as it is."""

    term: str
    translation: str | None
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class TermProblem:
    """A term that a translation lost. `fixed` ones are names, which may not change at all."""

    wanted: Wanted

    @property
    def fixed(self) -> bool:
        return self.wanted.translation is None

    @property
    def sentence(self) -> str:
        """What is wrong, for the person who translates."""
        if self.wanted.translation is None:
            return _("“%(term)s” must stay as it is.", term=self.wanted.term)
        return _(
            "“%(term)s” is “%(translation)s” in this language.",
            term=self.wanted.term,
            translation=self.wanted.translation,
        )


def _script_class(char: str) -> str:
    return "unspaced" if regex.match(rf"[{_UNSPACED}]", char) else "spaced"


@lru_cache(maxsize=2048)
def _pattern(term: str, ending: int) -> "regex.Pattern[str]":
    """Finds a term as a word of its own; with `ending` letters hung on it."""
    before = rf"(?<!{_WORD})" if _script_class(term[0]) == "spaced" else ""
    after = rf"(?!{_WORD}{{{ending + 1}}})" if _script_class(term[-1]) == "spaced" else ""
    body = r"\s+".join(regex.escape(word) for word in term.split())
    return regex.compile(before + body + after, regex.V1)


@lru_cache(maxsize=2048)
def _loose(term: str) -> "regex.Pattern[str]":
    """Finds a term in any capitals, as the source text has it."""
    return regex.compile(_pattern(term, 0).pattern, regex.V1 | regex.IGNORECASE)


def _translation(term: Term, locale: str) -> str | None:
    """What a term becomes in a locale; None where the glossary says nothing of it."""
    return next(
        (term.translations[tag] for tag in (locale, *parents(locale)) if tag in term.translations), None
    )


def terms_in(terms: Iterable[Term], text: str, locale: str) -> list[Wanted]:
    """The terms that `text` uses and `locale` has a rule for, in the order of the text; longer ones come first
    where they overlap."""
    found: list[Wanted] = []
    taken = [False] * len(text)
    for term in sorted(terms, key=lambda each: -len(each.term)):
        translation = _translation(term, locale)
        pattern = _loose(term.term) if term.translations else _pattern(term.term, 0)
        for match in pattern.finditer(text):
            if any(taken[match.start() : match.end()]):
                continue
            taken[match.start() : match.end()] = [True] * (match.end() - match.start())
            if translation is not None or not term.translations:
                found.append(Wanted(term.term, translation, match.start(), match.end()))
    return sorted(found, key=lambda each: each.start)


def term_problems(terms: Iterable[Term], text: str, translation: str, locale: str) -> list[TermProblem]:
    """The terms of `text` that its translation doesn't keep, each once.

    A translation of a term may be inflected (it is looked for inside words too, in any capitals); a name may only
    get an ending of two letters.
    """
    problems: dict[str, TermProblem] = {}
    for wanted in terms_in(terms, text, locale):
        if wanted.translation is None:
            kept = _pattern(wanted.term, _ENDING).search(translation) is not None
        else:
            kept = wanted.translation.casefold() in translation.casefold()
        if not kept:
            problems.setdefault(wanted.term, TermProblem(wanted))
    return list(problems.values())


def check_terms(source: KitSource) -> Iterator[Finding]:
    """The rule "term" over every catalogue: names must stay (errors), other terms become what the glossary says."""
    if not source.manifest.terms:
        return
    used = used_texts(source)
    for locale in source.manifest.locales:
        if locale == source.manifest.source_locale:
            continue
        book = load_catalogue(source, locale)
        for entry in read_catalogue(source, locale).active():
            if entry.id not in used or not entry.translated:
                continue
            for form in entry.forms:
                for problem in term_problems(source.manifest.terms, entry.id, form, locale):
                    kind = error if problem.fixed else warning
                    mend = _("Correct the translation, or the glossary in kit.toml.")
                    yield kind("term", book.path, entry.line, problem.sentence, mend)
