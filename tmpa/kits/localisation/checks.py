"""The rules of translations at publishing: catalogues, coverage, what stands in, placeholders and plural forms."""

from collections.abc import Iterator

from tmpa.kernel.i18n import gettext as _
from tmpa.kernel.i18n import language_name
from tmpa.kits.catalogue import catalogue_path, load_catalogue, plural_rule, read_catalogue, used_texts
from tmpa.kits.findings import Finding, error, warning
from tmpa.kits.localisation.coverage import LocaleCoverage, coverage
from tmpa.kits.localisation.placeholders import Mismatch, compare_forms
from tmpa.kits.localisation.po import PoFile
from tmpa.kits.localisation.usage import kit_texts
from tmpa.kits.source import KitSource


def short(text: str) -> str:
    """A text in a sentence about it."""
    return text if len(text) <= 60 else text[:57] + "…"


def check_catalogues(source: KitSource) -> list[Finding]:
    """Findings: missing catalogues and texts, fuzzy and stale entries, placeholders and plural forms that got lost."""
    findings: list[Finding] = []
    declared = {catalogue_path(locale) for locale in source.manifest.locales}
    for path in source.files:
        if path.startswith("locales/") and path not in declared:
            message = _("The kit doesn't declare this locale.")
            mend = _("Add it to locales in kit.toml or remove the file.")
            findings.append(warning("catalogue", path, 0, message, mend))
    for report in coverage(source):
        path = catalogue_path(report.locale)
        if report.inherited:
            findings.append(_fallback(report, path))
        if path in source.files:
            findings += _texts(source, report)
            findings += _kept(source, report.locale, read_catalogue(source, report.locale))
        elif not report.inherited:
            message = _("The kit declares the locale %(locale)s without a catalogue.", locale=report.locale)
            findings.append(error("translation", path, 0, message, _("Add the file.")))
    return findings


def _fallback(report: LocaleCoverage, path: str) -> Finding:
    message = _(
        "%(locale)s has no translation of its own for %(number)s texts; people read them in %(language)s.",
        locale=report.locale,
        number=len(report.inherited),
        language=language_name(report.stand_in or ""),
    )
    mend = _("Translate them, or remove the locale: its people then read the other one anyway.")
    return warning("translation-fallback", path, 0, message, mend)


def _texts(source: KitSource, report: LocaleCoverage) -> Iterator[Finding]:
    path, used = catalogue_path(report.locale), used_texts(source)
    lines = load_catalogue(source, report.locale).lines
    for text in report.missing:
        file, line = used[text]
        message = _(
            "“%(entry)s” has no translation (used in %(place)s).", entry=short(text), place=f"{file}:{line}"
        )
        yield error("translation", path, lines.get(text, 0), message, _("Add the translation."))
    for text in report.fuzzy:
        message = _("The translation of “%(entry)s” is marked fuzzy.", entry=short(text))
        yield error("translation", path, lines.get(text, 0), message, _("Review it and remove the mark."))
    for text in report.stale:
        message = _("The kit doesn't use “%(entry)s” any more.", entry=short(text))
        yield warning("translation-stale", path, lines.get(text, 0), message, _("Remove the entry."))


def sentence(entry: str, found: Mismatch) -> str:
    """What a translation did to the codes of its source."""
    if found.lost and found.added:
        return _(
            "The translation of “%(entry)s” lost %(lost)s and has %(added)s instead.",
            entry=short(entry),
            lost=", ".join(found.lost),
            added=", ".join(found.added),
        )
    if found.lost:
        return _(
            "The translation of “%(entry)s” lost %(lost)s.", entry=short(entry), lost=", ".join(found.lost)
        )
    return _(
        "The translation of “%(entry)s” has %(added)s, which its source has not.",
        entry=short(entry),
        added=", ".join(found.added),
    )


def _kept(source: KitSource, locale: str, file: PoFile) -> Iterator[Finding]:
    """Placeholders, tags and plural forms that a translation lost, added or misspelt."""
    path, texts = catalogue_path(locale), kit_texts(source)
    count, _rule = plural_rule(locale, file.value("Plural-Forms"))
    for entry in file.active():
        used = texts.get(entry.id)
        wants = count if used is not None and used.plural else 1
        if used is not None and (used.plural != entry.plural or len(entry.forms) != wants):
            message = _(
                "“%(entry)s” has %(given)s forms; this language wants %(wanted)s.",
                entry=short(entry.id),
                given=len(entry.forms),
                wanted=wants,
            )
            yield error("placeholder", path, entry.line, message, _("Run “tmpa kit translations update”."))
        elif entry.translated and (found := compare_forms(entry.id, entry.plural, entry.forms)):
            mend = _("Keep every placeholder and tag exactly as in the source.")
            yield error("placeholder", path, entry.line, sentence(entry.id, found), mend)
