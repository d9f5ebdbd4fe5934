"""Translating a kit's draft in the portal: one text at a time, or a whole file of an agency."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from tmpa.kernel.errors import NotFound, Refused
from tmpa.kernel.i18n import gettext as _
from tmpa.kernel.objects import ObjectStore
from tmpa.kernel.scope import session_scope
from tmpa.kits import drafts
from tmpa.kits.catalogue import catalogue_path, read_catalogue
from tmpa.kits.localisation.exchange import Imported, import_file, warnings, why_not
from tmpa.kits.localisation.memory import Origin, Remembered, remember
from tmpa.kits.localisation.placeholders import Mismatch, compare_forms
from tmpa.kits.localisation.po import write
from tmpa.kits.localisation.units import State, Unit, units, with_entries, with_state
from tmpa.kits.localisation.usage import kit_texts
from tmpa.kits.models import KitDraft
from tmpa.kits.source import KitSource, build_source
from tmpa.kits.values import count_characters

MAX_TEXT = 20_000
ATTEMPTS = 3  # another save may come between reading and writing; texts of different people don't collide


class FormsRefused(Refused):
    """Translations that can't be kept; `.errors` has a sentence by the number of the form.

    `.doubts` says that they may be kept all the same, when the translator insists.
    """

    def __init__(self, errors: Mapping[int, str], *, doubts: bool = False) -> None:
        self.errors, self.doubts = dict(errors), doubts
        super().__init__(next(iter(self.errors.values())), "forms", "translation")


@dataclass(frozen=True, slots=True)
class Typed:
    """What somebody typed for one text. `seen` is the stamp of what stood there when they began."""

    key: str
    forms: tuple[str, ...]
    state: State
    seen: str
    insist: bool = False


def stamp(unit: Unit) -> str:
    """Tells whether a translation has changed since somebody looked at it."""
    held = repr((unit.entry.forms, unit.state))
    return hashlib.sha256(held.encode()).hexdigest()[:16]


def unit_of(source: KitSource, locale: str, key: str) -> Unit:
    """The text with that key. Raises NotFound for one that the kit hasn't, or a locale that isn't translated."""
    if locale not in source.manifest.locales or locale == source.manifest.source_locale:
        raise NotFound
    found = next((unit for unit in units(source, locale) if unit.key == key), None)
    if found is None:
        raise NotFound
    return found


def tidy(text: str) -> str:
    """What a browser sends, as a catalogue holds it: plain line ends; the spaces around it are the source's."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def length_limit(source: KitSource, unit: Unit, locale: str) -> int | None:
    """The most characters that the text may have, where it is the default or example of a slot."""
    limits = [
        slot.limit(locale)
        for slot in source.manifest.slots
        if slot.kind in ("text", "richtext") and unit.source in (slot.default, slot.example)
    ]
    return min(limits, default=None)


def check_forms(source: KitSource, locale: str, unit: Unit, forms: tuple[str, ...], *, insist: bool) -> None:
    """Raise FormsRefused for what can't be kept; for doubts too, unless the translator insists."""
    errors: dict[int, str] = {}
    for number, form in enumerate(forms):
        alone = tuple(form if at == number else "" for at in range(len(forms)))
        if len(form) > MAX_TEXT:
            errors[number] = _(
                "This has %(length)s characters; %(limit)s fit.", length=len(form), limit=MAX_TEXT
            )
        elif found := compare_forms(unit.source, unit.text.plural, alone):
            errors[number] = _codes(found)
        elif problem := why_not(source, locale, unit, alone):
            errors[number] = problem
    if errors:
        raise FormsRefused(errors)
    if insist:
        return
    limit = length_limit(source, unit, locale)
    for number, form in enumerate(forms):
        doubts = warnings(source, locale, unit, (form,))
        if limit and count_characters(form) > limit:
            doubts.append(
                _(
                    "This has %(length)s characters; %(limit)s fit.",
                    length=count_characters(form),
                    limit=limit,
                )
            )
        if doubts:
            errors[number] = " ".join(doubts)
    if errors:
        raise FormsRefused(errors, doubts=True)


def _codes(found: Mismatch) -> str:
    """What a translation did to the placeholders, for somebody who has the source before their eyes."""
    told = []
    if found.lost:
        told.append(_("%(codes)s is missing.", codes=", ".join(found.lost)))
    if found.added:
        told.append(_("%(codes)s is not in the source.", codes=", ".join(found.added)))
    return " ".join(told)


def with_forms(source: KitSource, locale: str, unit: Unit, forms: tuple[str, ...], state: State) -> KitSource:
    """The kit with one translation changed, for a preview. Raises KitRefused."""
    changed = with_entries(source, locale, {unit.source: with_state(unit.entry, forms, state)})
    return source if changed is None else build_source({**source.files, catalogue_path(locale): changed})


def save_text(session: Session, store: ObjectStore, draft: KitDraft, locale: str, typed: Typed) -> Unit:
    """Keep one translation in the draft and in the memory; the unit as it is now.

    Raises FormsRefused, NotFound for a text that the kit no longer has, and Refused (code "text-changed") when
    somebody else has translated it meanwhile.
    """
    for attempt in range(1, ATTEMPTS + 1):
        session.refresh(draft)
        source = drafts.draft_source(store, draft)
        unit = unit_of(source, locale, typed.key)
        forms = tuple(tidy(form) for form in typed.forms)
        if len(forms) != len(unit.entry.forms):
            raise Refused(
                _("The language's plural forms have changed. Load the page again."), code="text-changed"
            )
        state: State = typed.state if any(forms) else "missing"
        if stamp(unit) != typed.seen and (forms, state) != (unit.entry.forms, unit.state):
            message = _(
                "Somebody else has translated this meanwhile: “%(text)s”. Save again to replace it.",
                text=" / ".join(unit.entry.forms),
            )
            raise Refused(message, code="text-changed")
        check_forms(source, locale, unit, forms, insist=typed.insist)
        changed = with_entries(source, locale, {unit.source: with_state(unit.entry, forms, state)})
        if changed is None:
            return unit
        try:
            _put(session, store, draft, locale, changed)
            break
        except Refused as refusal:
            if refusal.code != "draft-changed" or attempt == ATTEMPTS:
                raise
    _remember(
        session, draft, source, [Remembered(unit.source, forms, locale)] if state != "fuzzy" else [], "person"
    )
    return Unit(unit.key, unit.text, with_state(unit.entry, forms, state))


def _put(session: Session, store: ObjectStore, draft: KitDraft, locale: str, catalogue: bytes) -> None:
    """Save the catalogue. Its checked texts bring no code along, so pieces that could be drawn here still can."""
    was_safe = drafts.is_safe(store, draft)
    source = drafts.save(session, store, draft, draft.revision, {catalogue_path(locale): catalogue})
    if was_safe:
        drafts.note_safe(store, draft, source.content_hash)


def _remember(
    session: Session, draft: KitDraft, source: KitSource, items: list[Remembered], origin: Origin
) -> None:
    manifest = source.manifest
    person = session_scope(session).user_id
    remember(session, draft.vendor_id, manifest.source_locale, manifest.name, items, origin, person)


def import_upload(
    session: Session, store: ObjectStore, draft: KitDraft, locale: str, name: str, data: bytes
) -> Imported:
    """Take an agency's file into the draft and the memory. Raises ExchangeRefused, KitRefused and Refused."""
    session.refresh(draft)
    source = drafts.draft_source(store, draft)
    done = import_file(source, locale, name, data)
    if done.catalogue is not None:
        _put(session, store, draft, locale, done.catalogue)
        finished = [Remembered(entry.id, entry.forms, locale) for entry in done.entries if entry.translated]
        _remember(session, draft, source, finished, "import")
    return done


def remove_stale(session: Session, store: ObjectStore, draft: KitDraft, locale: str) -> int:
    """Take what the kit no longer says out of the catalogue; how many. They stay in the memory."""
    session.refresh(draft)
    source = drafts.draft_source(store, draft)
    file, texts = read_catalogue(source, locale), kit_texts(source)
    stale = [entry for entry in file.active() if entry.context is None and entry.id not in texts]
    if not stale:
        return 0
    kept = tuple(entry for entry in file.entries if entry not in stale)
    cleaned = write(replace(file, entries=kept))
    _put(session, store, draft, locale, cleaned)
    found = [Remembered(entry.id, entry.forms, locale) for entry in stale if entry.translated]
    _remember(session, draft, source, found, "person")
    return len(stale)
