"""From a kit to its catalogues: the template of all texts, and each locale's catalogue brought up to date."""

from dataclasses import dataclass, replace

from babel.messages.plurals import get_plural

from tmpa.kits.catalogue import plural_rule
from tmpa.kits.localisation.po import Entry, PoFile
from tmpa.kits.localisation.similarity import most_similar
from tmpa.kits.localisation.usage import KitText, kit_texts
from tmpa.kits.source import KitSource

TEMPLATE = "locales/messages.pot"
"""Where `extract` writes it beside a kit; a .pot is no part of a kit."""
MAX_WORK = 200_000_000
"""Pairs of letters compared in search of changed texts, some ten seconds; beyond, texts are new."""


@dataclass(frozen=True, slots=True)
class Update:
    """What an update did, as source texts."""

    added: tuple[str, ...]
    kept: tuple[str, ...]
    fuzzy: tuple[str, ...]
    revived: tuple[str, ...]
    obsolete: tuple[str, ...]

    @property
    def changed(self) -> bool:
        """Whether any text came, went or changed."""
        return bool(self.added or self.fuzzy or self.revived or self.obsolete)


def header_lines(source: KitSource, locale: str) -> tuple[str, ...]:
    """The header of a new catalogue; without dates, so that the same kit gives the same file."""
    manifest = source.manifest
    count, _rule = plural_rule(locale)
    return (
        f"Project-Id-Version: {manifest.name} {manifest.version}",
        f"Language: {locale}",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=UTF-8",
        "Content-Transfer-Encoding: 8bit",
        f"Plural-Forms: nplurals={count}; plural={_expression(locale)};",
    )


def _expression(locale: str) -> str:
    from_cldr = plural_expression(locale)
    return from_cldr if from_cldr.isdigit() or from_cldr.startswith("(") else f"({from_cldr})"


def plural_expression(locale: str) -> str:
    """gettext's expression of a locale's plural rule."""
    return str(get_plural(locale.replace("-", "_")).plural_expr)


def entry_of(text: KitText, forms: int) -> Entry:
    """A text without translation, with what a translator should know."""
    return Entry(
        text.source,
        ("",) * (forms if text.plural else 1),
        text.plural,
        hints=tuple(dict.fromkeys(use.hint for use in text.uses)),
        places=tuple(dict.fromkeys(use.place for use in text.uses)),
    )


def template(source: KitSource) -> PoFile:
    """Every text of the kit without translations: what translators start from (a .pot file)."""
    locale = source.manifest.source_locale
    count, _rule = plural_rule(locale)
    entries = tuple(entry_of(text, count) for text in kit_texts(source).values())
    return PoFile(header_lines(source, locale), (), entries)


def updated(source: KitSource, locale: str, file: PoFile) -> tuple[PoFile, Update]:
    """A locale's catalogue with every text of the kit, in the kit's order.

    Good translations stay. A text that changed a little takes over the translation of the old one, marked fuzzy,
    with the old source as `previous`. Translations of texts that are gone stay as obsolete entries.
    """
    if not file.header:
        file = replace(file, header=header_lines(source, locale))
    project = f"{source.manifest.name} {source.manifest.version}"
    file = file.with_value("Project-Id-Version", project).with_value("Language", locale)
    if not file.value("Plural-Forms"):
        count, _rule = plural_rule(locale)
        file = file.with_value("Plural-Forms", f"nplurals={count}; plural={_expression(locale)};")
    count, _rule = plural_rule(locale, file.value("Plural-Forms"))
    texts = kit_texts(source)
    active = {entry.id: entry for entry in file.active() if entry.context is None}
    obsolete = {entry.id: entry for entry in file.entries if entry.obsolete and any(entry.forms)}
    gone = {text: entry for text, entry in active.items() if text not in texts and any(entry.forms)}
    reusable = {**{text: entry for text, entry in obsolete.items() if text not in texts}, **gone}
    log: dict[str, list[str]] = {"added": [], "kept": [], "fuzzy": [], "revived": []}
    entries: list[Entry] = []
    work, size = MAX_WORK, sum(map(len, reusable))
    for text, used in texts.items():
        fresh = entry_of(used, count)
        old = active.get(text) or obsolete.get(text)
        if old is None:
            work -= len(text) * size
        if old is not None:
            kept = _fitted(old, fresh)
            log["kept" if text in active else "revived"].append(text)
            if kept.fuzzy and not old.fuzzy:
                log["fuzzy"].append(text)
            entries.append(kept)
        elif work >= 0 and (found := most_similar(text, reusable)) is not None:
            old = reusable.pop(found[0])
            gone.pop(found[0], None)
            entries.append(replace(_fitted(old, fresh).flagged(fuzzy=True, reviewed=False), previous=old.id))
            log["fuzzy"].append(text)
        else:
            entries.append(fresh)
            log["added"].append(text)
    contexts = tuple(entry for entry in file.active() if entry.context is not None)
    left = [replace(entry, obsolete=True, hints=(), places=()) for entry in gone.values()]
    past = [entry for entry in file.entries if entry.obsolete and reusable.get(entry.id) is entry]
    done = replace(file, entries=(*entries, *contexts, *left, *past))
    return done, Update(
        tuple(log["added"]), tuple(log["kept"]), tuple(log["fuzzy"]), tuple(log["revived"]), tuple(gone)
    )


def _fitted(old: Entry, fresh: Entry) -> Entry:
    """The old translation under the fresh text; fuzzy where the number of its forms had to change."""
    entry = replace(fresh, notes=old.notes, flags=old.flags, previous=old.previous if old.fuzzy else "")
    if len(old.forms) == len(fresh.forms) and bool(old.plural) == bool(fresh.plural):
        same = replace(entry, forms=old.forms)
        return same if old.plural == fresh.plural else same.flagged(fuzzy=True, reviewed=False)
    forms = (old.forms + old.forms[-1:] * len(fresh.forms))[: len(fresh.forms)]
    return replace(entry, forms=forms).flagged(fuzzy=any(forms), reviewed=False)
