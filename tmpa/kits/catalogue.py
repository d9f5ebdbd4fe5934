"""A kit's texts in one locale: its catalogue, and the catalogues that stand in where it has nothing."""

import gettext as stdlib_gettext
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from babel.messages.plurals import get_plural

from tmpa.kernel.i18n import gettext as _
from tmpa.kits.findings import KitRefused, error
from tmpa.kits.localisation.fallback import fallback_chain
from tmpa.kits.localisation.po import PoError, PoFile, read
from tmpa.kits.localisation.usage import JINJA_SUFFIXES, kit_texts
from tmpa.kits.source import KitSource

__all__ = ["JINJA_SUFFIXES", "Catalogue", "catalogue_path", "load_catalogue", "plural_rule", "used_texts"]

_NOTHING: Mapping[str, int] = MappingProxyType({})
PluralRule = Callable[[int], int]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """One locale's translations. `fuzzy` are not used; `lines` say where an entry stands in the .po file.

    `plurals` has the forms of texts that count, by their singular. `fallback` is the catalogue that stands in for
    what this one lacks (fr for fr-CA); None where the source text does.
    """

    locale: str
    path: str
    translations: Mapping[str, str]
    fuzzy: frozenset[str]
    untranslated: frozenset[str]
    lines: Mapping[str, int]
    plurals: Mapping[str, tuple[str, ...]]
    plural_rule: PluralRule
    fallback: "Catalogue | None" = None

    def gettext(self, text: str) -> str:
        """`text` in this locale, in the one that stands in for it, or as in the source."""
        return self._find(text)[0]

    def origin(self, text: str) -> str | None:
        """The locale whose translation people read; None where it is the source text."""
        return self._find(text)[1]

    def _find(self, text: str) -> tuple[str, str | None]:
        book: Catalogue | None = self
        while book is not None:
            if text in book.translations:
                return book.translations[text], book.locale
            book = book.fallback
        return text, None

    def ngettext(self, singular: str, plural: str, number: int) -> str:
        """The form that `number` wants; the source's own forms where there is no translation."""
        book: Catalogue | None = self
        while book is not None:
            forms = book.plurals.get(singular)
            if forms:
                return forms[min(book.plural_rule(number), len(forms) - 1)]
            book = book.fallback
        return singular if number == 1 else plural


def catalogue_path(locale: str) -> str:
    """Where a locale's catalogue lies in a kit."""
    return f"locales/{locale}.po"


@lru_cache(maxsize=128)
def plural_rule(locale: str, header: str = "") -> tuple[int, PluralRule]:
    """Number of plural forms and which one a number takes, from a PO file's Plural-Forms (or CLDR without one).

    Raises ValueError for a rule that can't be read.
    """
    if not header:
        known = get_plural(locale.replace("-", "_"))
        return known.num_plurals, _compiled(known.plural_expr, known.num_plurals)
    parts = dict(part.strip().partition("=")[::2] for part in header.split(";") if "=" in part)
    count = parts.get("nplurals", "").strip()
    if not count.isdigit() or not 1 <= int(count) <= 6 or not parts.get("plural", "").strip():
        raise ValueError(header)
    return int(count), _compiled(parts["plural"].strip(), int(count))


def _compiled(expression: str, count: int) -> PluralRule:
    rule = stdlib_gettext.c2py(expression)  # reads C's operators on n, nothing else

    def form(number: int) -> int:
        try:
            return max(0, min(count - 1, int(rule(abs(number)))))
        except ArithmeticError:
            return 0

    return form


def _unreadable(path: str, line: int, problem: str) -> KitRefused:
    message = _("The catalogue can't be read: %(problem)s", problem=problem)
    return KitRefused([error("catalogue", path, line, message, _("Correct the .po file."))])


@lru_cache(maxsize=512)
def read_catalogue(source: KitSource, locale: str) -> PoFile:
    """A locale's own catalogue as it is written; an empty one where the file is missing. Raises KitRefused."""
    path = catalogue_path(locale)
    if path not in source.files:
        return PoFile()
    try:
        return read(source.files[path])
    except PoError as problem:
        raise _unreadable(path, problem.line, problem.message) from None


@lru_cache(maxsize=512)
def load_catalogue(source: KitSource, locale: str) -> Catalogue:
    """What people of `locale` read, with what stands in for it; empty for the source locale. Raises KitRefused."""
    path = catalogue_path(locale)
    chain = fallback_chain(source, locale)
    rest = chain[1:] if chain[0] == locale else chain
    fallback = load_catalogue(source, rest[0]) if rest and rest[0] != source.manifest.source_locale else None
    file = read_catalogue(source, locale) if locale != source.manifest.source_locale else PoFile()
    try:
        _count, rule = plural_rule(locale, file.value("Plural-Forms"))
    except ValueError:
        raise _unreadable(path, 1, _("its plural rule is not in the form that gettext wants.")) from None
    texts: dict[str, str] = {}
    plurals: dict[str, tuple[str, ...]] = {}
    fuzzy, empty, lines = set(), set(), {}
    for entry in file.active():
        if entry.context is not None:
            continue  # templates name no context
        lines[entry.id] = entry.line
        if entry.fuzzy and any(entry.forms):
            fuzzy.add(entry.id)
        elif not entry.translated:
            empty.add(entry.id)
        else:
            texts[entry.id] = entry.forms[0]
            if entry.plural:
                plurals[entry.id] = entry.forms
    return Catalogue(
        locale,
        path,
        MappingProxyType(texts),
        frozenset(fuzzy),
        frozenset(empty),
        MappingProxyType(lines),
        MappingProxyType(plurals),
        rule,
        fallback,
    )


@lru_cache(maxsize=64)
def used_texts(source: KitSource) -> Mapping[str, tuple[str, int]]:
    """Every text that the kit shows (msgid), with the file and line of its first use."""
    found = {text: (each.uses[0].file, each.uses[0].line) for text, each in kit_texts(source).items()}
    return MappingProxyType(found)
