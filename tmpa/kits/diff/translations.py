"""Translations: locales that came or went, and in those that stayed each text that reads differently."""

from tmpa.kernel.i18n import gettext as _
from tmpa.kernel.i18n import language_name
from tmpa.kits.catalogue import Catalogue, catalogue_path, load_catalogue, used_texts
from tmpa.kits.diff.changes import Changes
from tmpa.kits.findings import KitRefused
from tmpa.kits.source import KitSource


def compare_translations(found: Changes, old: KitSource, new: KitSource) -> None:
    """Add what changed for the readers of each locale. Texts that left the kit are named with their piece only."""
    was, now = old.manifest.locales, new.manifest.locales
    for locale in was:
        if locale not in now:
            sentence = _("The kit no longer speaks %(language)s.", language=language_name(locale))
            found.add("translations", "removed", "locales", sentence, locale)
            found.explain(catalogue_path(locale))
    for locale in now:
        if locale not in was:
            used = used_texts(new)
            done = _count(new, locale)
            sentence = _(
                "The kit now speaks %(language)s; %(done)s of its %(total)s texts are translated.",
                language=language_name(locale),
                done=done,
                total=len(used),
            )
            found.add("translations", "added", "locales", sentence, "", locale)
            found.explain(catalogue_path(locale))
        elif locale != new.manifest.source_locale:
            _locale(found, old, new, locale)
    if [tag for tag in was if tag in now] != [tag for tag in now if tag in was]:
        sentence = _("The languages stand in another order.")
        found.add("translations", "changed", "locales", sentence, was, now)


def _count(source: KitSource, locale: str) -> int:
    """How many of the kit's texts a locale has."""
    used = used_texts(source)
    if locale == source.manifest.source_locale:
        return len(used)
    try:
        book = load_catalogue(source, locale)
    except KitRefused:
        return 0
    return sum(text in book.translations for text in used)


def _locale(found: Changes, old: KitSource, new: KitSource, locale: str) -> None:
    path = catalogue_path(locale)
    language = language_name(locale)
    try:
        before, after = load_catalogue(old, locale), load_catalogue(new, locale)
    except KitRefused as refusal:
        if old.files.get(path) != new.files.get(path):
            sentence = _("The translations into %(language)s can't be compared.", language=language)
            found.add("translations", "changed", path, sentence, "", refusal)
            found.explain(path)
        return
    known = used_texts(old)
    count = len(found.listed)
    for text in used_texts(new):
        was, now = _translated(before, text), _translated(after, text)
        place = f"{path}#{text}"
        if text not in known:
            was = ""
        if was == now and (was or text in known):
            continue
        if not now:
            sentence = _("A text has no translation into %(language)s.", language=language)
            found.add("translations", "missing", place, sentence, was, text)
        elif was:
            sentence = _("A translation into %(language)s changed.", language=language)
            found.add("translations", "changed", place, sentence, was, now)
        else:
            sentence = _("A text was translated into %(language)s.", language=language)
            found.add("translations", "added", place, sentence, "", now)
    if len(found.listed) > count or set(known) - set(used_texts(new)):
        found.explain(path)


def _translated(book: Catalogue, text: str) -> str:
    """A locale's own translation with every plural form; "" where it has none."""
    return " / ".join(book.plurals.get(text) or (book.translations.get(text, ""),))
