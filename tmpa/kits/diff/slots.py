"""What partners fill in: slots that came or went, and limits that became tighter or looser."""

from collections.abc import Mapping
from typing import Any

from tmpa.kernel.i18n import gettext as _
from tmpa.kernel.i18n import language_name
from tmpa.kernel.i18n import lazy_gettext as _l
from tmpa.kits.diff.changes import Changes, kind_of, reordered, rising
from tmpa.kits.manifest import Slot
from tmpa.kits.source import KitSource

_WORDS: Mapping[str, Any] = {
    "label": _l("The slot “%(slot)s” has another label."),
    "help": _l("The help for the slot “%(slot)s” changed."),
    "default": _l("The text that stands in “%(slot)s” until the partner writes one changed."),
    "example": _l("The example for the slot “%(slot)s” changed."),
    "kind": _l("The slot “%(slot)s” takes another kind of value: what partners filled in may not fit."),
    "ratio": _l("The picture in “%(slot)s” is cropped to another shape."),
}


def compare_slots(found: Changes, old: KitSource, new: KitSource) -> None:
    """Add what changed in the slots, told apart by name."""
    was = {slot.name: slot for slot in old.manifest.slots}
    now = {slot.name: slot for slot in new.manifest.slots}
    for name, slot in was.items():
        if name not in now:
            sentence = _(
                "The slot “%(slot)s” is gone: what partners wrote there is no longer shown.", slot=slot.label
            )
            found.add("slots", "removed", f"slots.{name}", sentence, slot.label)
    for name, slot in now.items():
        if name not in was:
            if slot.required and not slot.default and slot.kind != "choice":
                sentence = _(
                    "There is a new slot “%(slot)s”, which every partner must fill in.", slot=slot.label
                )
            else:
                sentence = _("There is a new slot “%(slot)s”.", slot=slot.label)
            found.add("slots", "added", f"slots.{name}", sentence, "", slot.label)
        elif was[name] != slot:
            both = [locale for locale in new.manifest.locales if locale in old.manifest.locales]
            _one(found, was[name], slot, both)
    if reordered(list(was), list(now)):
        sentence = _("The slots are asked for in another order.")
        found.add("slots", "changed", "slots", sentence, list(was), list(now))


def _one(found: Changes, was: Slot, now: Slot, locales: list[str]) -> None:
    for key in Slot.model_fields:
        old, new = getattr(was, key), getattr(now, key)
        place = f"slots.{now.name}.{key}"
        if old == new or key in {"max_length", "max_lengths"}:
            continue
        if key == "required":
            _required(found, place, now.label, new)
        elif key == "choices":
            _choices(found, place, was, now)
        elif key == "domains":
            _domains(found, place, now.label, old, new)
        elif key == "min_width":
            sentence = _("The smallest width of a picture in “%(slot)s” changed (in pixels).", slot=now.label)
            found.add("slots", rising(old or 0, new or 0), place, sentence, old, new)
        elif key in _WORDS:
            found.add("slots", kind_of(old, new), place, str(_WORDS[key]) % {"slot": now.label}, old, new)
        else:
            sentence = _("The key %(key)s changed.", key=place)
            found.add("slots", kind_of(old, new), place, sentence, old, new)
    _limits(found, was, now, locales)


def _required(found: Changes, place: str, label: str, required: bool) -> None:
    if required:
        found.add("slots", "tightened", place, _("“%(slot)s” must now be filled in.", slot=label))
    else:
        found.add("slots", "loosened", place, _("“%(slot)s” may now stay empty.", slot=label))


def _choices(found: Changes, place: str, was: Slot, now: Slot) -> None:
    old = {choice.value: choice.label for choice in was.choices}
    new = {choice.value: choice.label for choice in now.choices}
    for value, label in old.items():
        if value not in new:
            sentence = _("“%(value)s” can no longer be chosen in “%(slot)s”.", value=value, slot=now.label)
            found.add("slots", "tightened", place, sentence, label)
    for value, label in new.items():
        if value not in old:
            sentence = _("“%(value)s” can now be chosen in “%(slot)s”.", value=value, slot=now.label)
            found.add("slots", "loosened", place, sentence, "", label)
        elif old[value] != label:
            sentence = _(
                "The choice “%(value)s” of “%(slot)s” has another label.", value=value, slot=now.label
            )
            found.add("slots", "changed", place, sentence, old[value], label)
    if reordered(list(old), list(new)):
        sentence = _("The choices of “%(slot)s” stand in another order.", slot=now.label)
        found.add("slots", "changed", place, sentence, list(old), list(new))


def _domains(found: Changes, place: str, label: str, old: list[str], new: list[str]) -> None:
    """ "*" stands for every domain."""
    every_old, every_new = "*" in old, "*" in new
    if every_new or (set(old) < set(new) and not every_old):
        kind = "changed" if every_old and every_new else "loosened"
    else:
        kind = "tightened" if every_old or set(new) < set(old) else "changed"
    sentence = _("The sites that a link in “%(slot)s” may lead to changed.", slot=label)
    found.add("slots", kind, place, sentence, old, new)  # type: ignore[arg-type]  # one of Kind by the lines above


def _limits(found: Changes, was: Slot, now: Slot, locales: list[str]) -> None:
    """The limits that hold in each locale; one change for all locales that agree."""
    changes: dict[tuple[int, int], list[str]] = {}
    for locale in locales:
        pair = was.limit(locale), now.limit(locale)
        if pair[0] != pair[1]:
            changes.setdefault(pair, []).append(locale)
    for (old, new), where in changes.items():
        everywhere = len(where) == len(locales)
        place = f"slots.{now.name}.{'max_length' if everywhere else 'max_lengths'}"
        languages = ", ".join(language_name(locale) for locale in where)
        if everywhere and new < old:
            sentence = _("Fewer characters fit into “%(slot)s”.", slot=now.label)
        elif everywhere:
            sentence = _("More characters fit into “%(slot)s”.", slot=now.label)
        elif new < old:
            sentence = _(
                "In %(languages)s fewer characters fit into “%(slot)s”.", slot=now.label, languages=languages
            )
        else:
            sentence = _(
                "In %(languages)s more characters fit into “%(slot)s”.", slot=now.label, languages=languages
            )
        found.add("slots", rising(new, old), place, sentence, old, new)
    keys = (was.max_length, was.max_lengths), (now.max_length, now.max_lengths)
    if not changes and keys[0] != keys[1]:
        sentence = _(
            "The limits of “%(slot)s” are written differently; what fits is the same.", slot=now.label
        )
        found.add("slots", "changed", f"slots.{now.name}.max_lengths", sentence)
