"""A kit's texts: the message catalogues of its locales, and how far they cover what the kit says."""

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from babel.messages.pofile import PoFileError, read_po
from jinja2 import Environment, TemplateSyntaxError, nodes

from tmpa.kernel.i18n import gettext as _
from tmpa.kits.findings import Finding, KitRefused, error, warning
from tmpa.kits.manifest import FILE
from tmpa.kits.source import KitSource
from tmpa.kits.toml_lines import key_lines, line_of

JINJA_SUFFIXES = (".mjml", ".html", ".txt")
PLACEHOLDER = re.compile(r"%\([A-Za-z_][A-Za-z0-9_]*\)s")
EXPRESSION = re.compile(r"\{\{\s*([a-z_.]+)\s*\}\}")
_TYPST_TEXT = re.compile(r'(?<![\w.-])t\(\s*"((?:[^"\\]|\\.)*)"\s*\)')
_TYPST_COMMENT = re.compile(r"(?<![:\\])//[^\n]*")
_TAG = re.compile(r"</?[a-zA-Z][a-zA-Z0-9]*")


@dataclass(frozen=True, slots=True)
class Catalogue:
    """One locale's translations. `fuzzy` are not used; `lines` say where an entry stands in the .po file."""

    locale: str
    path: str
    translations: Mapping[str, str]
    fuzzy: frozenset[str]
    untranslated: frozenset[str]
    lines: Mapping[str, int]

    def gettext(self, text: str) -> str:
        """`text` in this locale; the source text where there is no translation."""
        return self.translations.get(text, text)


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of a kit's texts one locale has."""

    locale: str
    total: int
    missing: tuple[str, ...]
    fuzzy: tuple[str, ...]
    stale: tuple[str, ...]

    @property
    def translated(self) -> int:
        """Number of texts that people of this locale read in their language."""
        return self.total - len(self.missing) - len(self.fuzzy)


def catalogue_path(locale: str) -> str:
    """Where a locale's catalogue lies in a kit."""
    return f"locales/{locale}.po"


@lru_cache(maxsize=512)
def load_catalogue(source: KitSource, locale: str) -> Catalogue:
    """A locale's catalogue; empty for the source locale and where the file is missing. Raises KitRefused."""
    path = catalogue_path(locale)
    nothing: Mapping[str, int] = MappingProxyType({})
    if locale == source.manifest.source_locale or path not in source.files:
        return Catalogue(locale, path, MappingProxyType({}), frozenset(), frozenset(), nothing)
    try:
        content = read_po(io.BytesIO(source.files[path]), charset="utf-8", abort_invalid=True)
    except (PoFileError, ValueError, KeyError, LookupError, AttributeError) as problem:
        line = int(getattr(problem, "lineno", 0) or 0)
        message = _("The catalogue can't be read: %(problem)s.", problem=str(problem)[:200])
        raise KitRefused([error("catalogue", path, line, message, _("Correct the .po file."))]) from None
    texts: dict[str, str] = {}
    fuzzy, empty, lines = set(), set(), {}
    for entry in content:
        if not entry.id or not isinstance(entry.id, str) or not isinstance(entry.string, str):
            continue
        lines[entry.id] = int(entry.lineno or 0)
        if entry.fuzzy:
            fuzzy.add(entry.id)
        elif entry.string:
            texts[entry.id] = entry.string
        else:
            empty.add(entry.id)
    return Catalogue(
        locale, path, MappingProxyType(texts), frozenset(fuzzy), frozenset(empty), MappingProxyType(lines)
    )


def _unescape(text: str) -> str:
    return re.sub(r"\\(.)", lambda match: {"n": "\n", "t": "\t"}.get(match[1], match[1]), text)


@lru_cache(maxsize=64)
def used_texts(source: KitSource) -> Mapping[str, tuple[str, int]]:
    """Every text that the kit shows (msgid), with the file and line of its first use."""
    found: dict[str, tuple[str, int]] = {}
    lines = key_lines(source.text(FILE))
    for text, place in source.manifest.texts():
        found.setdefault(text, (FILE, line_of(lines, place)))
    for path in sorted(source.files):
        for text, line in texts_in(source, path):
            found.setdefault(text, (path, line))
    return MappingProxyType(found)


def texts_in(source: KitSource, path: str) -> list[tuple[str, int]]:
    """The texts (msgids) that one template of the kit shows, in its order, with their lines; none for other files."""
    if path.endswith(JINJA_SUFFIXES):
        parser = Environment()  # noqa: S701 - parses only, nothing is rendered
        try:
            return _template_texts(parser.parse(source.text(path)))
        except TemplateSyntaxError:
            return []  # the rule "template" names it with its line
    if path.endswith(".typ"):
        content = _TYPST_COMMENT.sub("", source.text(path))
        return [
            (_unescape(match[1]), content.count("\n", 0, match.start()) + 1)
            for match in _TYPST_TEXT.finditer(content)
        ]
    return []


def _template_texts(tree: nodes.Template) -> list[tuple[str, int]]:
    return [
        (call.args[0].value, call.lineno)
        for call in tree.find_all(nodes.Call)
        if isinstance(call.node, nodes.Name)
        and call.node.name == "_"
        and call.args
        and isinstance(call.args[0], nodes.Const)
        and isinstance(call.args[0].value, str)
    ]


def coverage(source: KitSource) -> list[Coverage]:
    """Coverage of every declared locale but the source locale, in the manifest's order."""
    used = used_texts(source)
    result = []
    for locale in source.manifest.locales:
        if locale == source.manifest.source_locale:
            continue
        book = load_catalogue(source, locale)
        fuzzy = tuple(text for text in used if text in book.fuzzy)
        missing = tuple(text for text in used if text not in book.translations and text not in book.fuzzy)
        stale = tuple(text for text in book.lines if text not in used)
        result.append(Coverage(locale, len(used), missing, fuzzy, stale))
    return result


def check_catalogues(source: KitSource) -> list[Finding]:
    """Findings: missing catalogues and texts, fuzzy and stale entries, placeholders and tags that got lost."""
    findings: list[Finding] = []
    used = used_texts(source)
    declared = {catalogue_path(locale) for locale in source.manifest.locales}
    for path in source.files:
        if path.startswith("locales/") and path not in declared:
            message = _("The kit doesn't declare this locale.")
            mend = _("Add it to locales in kit.toml or remove the file.")
            findings.append(warning("catalogue", path, 0, message, mend))
    for report in coverage(source):
        path = catalogue_path(report.locale)
        if path not in source.files:
            message = _("The kit declares the locale %(locale)s without a catalogue.", locale=report.locale)
            findings.append(error("translation", path, 0, message, _("Add the file.")))
            continue
        book = load_catalogue(source, report.locale)
        for text in report.missing:
            file, line = used[text]
            message = _("“%(entry)s” has no translation (used in %(place)s).", entry=_short(text),
                        place=f"{file}:{line}")  # fmt: skip
            findings.append(
                error("translation", path, book.lines.get(text, 0), message, _("Add the translation."))
            )
        for text in report.fuzzy:
            message = _("The translation of “%(entry)s” is marked fuzzy.", entry=_short(text))
            mend = _("Review it and remove the mark.")
            findings.append(error("translation", path, book.lines.get(text, 0), message, mend))
        for text in report.stale:
            message = _("The kit doesn't use “%(entry)s” any more.", entry=_short(text))
            findings.append(
                warning("translation-stale", path, book.lines.get(text, 0), message, _("Remove the entry."))
            )
        findings += _kept(book)
    return findings


def _kept(book: Catalogue) -> list[Finding]:
    """Placeholders, holes and tags that a translation lost, added or misspelt."""
    findings = []
    for text, translation in book.translations.items():
        for pattern in (PLACEHOLDER, EXPRESSION, _TAG):
            wanted, given = sorted(set(pattern.findall(text))), sorted(set(pattern.findall(translation)))
            if wanted != given:
                message = _(
                    "The translation of “%(entry)s” has the placeholders %(given)s instead of %(wanted)s.",
                    entry=_short(text),
                    given=", ".join(given) or "–",
                    wanted=", ".join(wanted) or "–",
                )
                mend = _("Keep every placeholder exactly as in the source.")
                findings.append(error("placeholder", book.path, book.lines.get(text, 0), message, mend))
    return findings


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "…"
