"""The keys of kit.toml that stand alone, and its tables but for slots, pieces and their texts."""

from collections.abc import Mapping
from typing import Any

from tmpa.kernel.i18n import gettext as _
from tmpa.kernel.i18n import lazy_gettext as _l
from tmpa.kits.diff.changes import Changes, Section, kind_of, narrowing, reordered, rising
from tmpa.kits.manifest import BrandRules, Manifest, Part
from tmpa.kits.source import KitSource

_KEYS: Mapping[str, tuple[Section, Any]] = {
    "version": ("kit", _l("The version number changed.")),
    "name": ("kit", _l("The kit has another name: it is no longer the same kit.")),
    "title": ("kit", _l("The title changed.")),
    "summary": ("kit", _l("The summary changed.")),
    "audience": ("kit", _l("The description of the audience changed.")),
    "products": ("kit", _l("The list of products changed.")),
    "accent": ("kit", _l("The kit's own colour changed.")),
    "source_locale": ("kit", _l("The language that texts are translated from changed.")),
    "clients": ("kit", _l("The mail programs that the mails are checked for changed.")),
    "valid_from": ("access", _l("The day from which campaigns may start changed.")),
    "valid_until": ("access", _l("The day until which campaigns may start changed.")),
}
_OPEN_LISTS: Mapping[str, Any] = {
    "territories": _l("The territories whose partners may use the kit changed."),
    "tiers": _l("The tiers whose partners may use the kit changed."),
    "certifications": _l("The certifications that a partner needs changed."),
}
_VENDOR: Mapping[str, Any] = {
    "name": _l("The vendor's name changed."),
    "legal_name": _l("The vendor's legal name changed."),
    "address": _l("The vendor's address changed."),
    "privacy_url": _l("The link to the vendor's privacy page changed."),
}
_MDF: Mapping[str, Any] = {
    "activity_types": _l("The activities as which the campaign counts for funding changed."),
    "suggested_budget_minor": _l("The suggested budget changed (in minor units of the currency)."),
    "currency": _l("The currency of the suggested budget changed."),
}
_BRAND: Mapping[str, Any] = {
    "min_logo_width": _l("The smallest width of a logo changed (in pixels)."),
    "clear_space": _l("The space that must stay clear around a logo changed (in pixels)."),
    "min_contrast": _l("The smallest contrast changed."),
    "colours": _l("The colours that a partner's main colour may become changed."),
    "backgrounds": _l("The backgrounds that a logo may stand on changed."),
}
_STEP: Mapping[str, Any] = {
    "piece": _l("The step “%(step)s” sends another mail."),
    "day": _l("The step “%(step)s” is sent on another day."),
    "only": _l("The step “%(step)s” goes to other people."),
}
_ELSEWHERE = {"format", "locales", "slots", "pieces"}


def compare_keys(found: Changes, old: KitSource, new: KitSource) -> None:
    """Add what changed in the manifest as a whole."""
    before, after = old.manifest, new.manifest
    _top(found, before, after)
    _table(found, "vendor", "kit", before.vendor, after.vendor, _VENDOR)
    _table(found, "mdf", "money", before.mdf, after.mdf, _MDF)
    _brand(found, before.brand, after.brand)
    _severities(found, before.severity, after.severity)
    _legal(found, before, after)
    _terms(found, before, after)
    _journey(found, before, after)


def _top(found: Changes, before: Manifest, after: Manifest) -> None:
    tables = {"vendor", "mdf", "brand", "severity", "legal", "terms", "journey"}
    for key in Manifest.model_fields:
        was, now = getattr(before, key), getattr(after, key)
        if was == now or key in tables or key in _ELSEWHERE:
            continue
        if key in _OPEN_LISTS:
            found.add("access", narrowing(was, now), key, _OPEN_LISTS[key], was, now)
        elif key in _KEYS:
            section, sentence = _KEYS[key]
            found.add(section, kind_of(was, now), key, sentence, was, now)
        else:
            found.add("kit", kind_of(was, now), key, _("The key %(key)s changed.", key=key), was, now)


def _table(
    found: Changes, name: str, section: Section, before: Part, after: Part, sentences: Mapping[str, Any]
) -> None:
    for key in type(after).model_fields:
        was, now = getattr(before, key), getattr(after, key)
        if was != now:
            place = f"{name}.{key}"
            sentence = sentences.get(key) or _("The key %(key)s changed.", key=place)
            found.add(section, kind_of(was, now), place, sentence, was, now)


def _brand(found: Changes, before: BrandRules, after: BrandRules) -> None:
    for key in BrandRules.model_fields:
        was, now = getattr(before, key), getattr(after, key)
        if was == now:
            continue
        place = f"brand.{key}"
        if key == "forbidden_words":
            for word in now:
                if word not in was:
                    sentence = _("Partners may no longer write “%(word)s”.", word=word)
                    found.add("brand", "tightened", place, sentence, "", word)
            for word in was:
                if word not in now:
                    found.add(
                        "brand", "loosened", place, _("Partners may write “%(word)s”.", word=word), word
                    )
            continue
        sentence = _BRAND.get(key) or _("The key %(key)s changed.", key=place)
        if isinstance(was, list):
            kind = narrowing(was, now)
        else:
            kind = rising(was, now) if isinstance(was, int | float) else kind_of(was, now)
        found.add("brand", kind, place, sentence, was, now)


def _severities(found: Changes, before: Mapping[str, str], after: Mapping[str, str]) -> None:
    for rule in sorted(after.keys() - before.keys()):
        sentence = _("What the rule %(rule)s finds now stops publishing.", rule=rule)
        found.add("kit", "tightened", f"severity.{rule}", sentence, "", after[rule])
    for rule in sorted(before.keys() - after.keys()):
        sentence = _("What the rule %(rule)s finds no longer stops publishing.", rule=rule)
        found.add("kit", "loosened", f"severity.{rule}", sentence, before[rule])


def _legal(found: Changes, before: Manifest, after: Manifest) -> None:
    """Legal texts are told apart by their country and their place among that country's."""
    was = _numbered([(entry.country, entry.text) for entry in before.legal])
    now = _numbered([(entry.country, entry.text) for entry in after.legal])
    for key in was | now:
        if was.get(key) != now.get(key):
            country = key[0]
            if country == "*":
                sentence = _("The legal text for every country changed.")
            else:
                sentence = _("The legal text for the country %(country)s changed.", country=country)
            kind = kind_of(was.get(key), now.get(key))
            found.add("legal", kind, f"legal.{country}", sentence, was.get(key), now.get(key))


def _numbered(entries: list[tuple[str, str]]) -> dict[tuple[str, int], str]:
    seen: dict[str, int] = {}
    result = {}
    for country, text in entries:
        seen[country] = seen.get(country, 0) + 1
        result[country, seen[country]] = text
    return result


def _terms(found: Changes, before: Manifest, after: Manifest) -> None:
    was = {entry.term: entry.translations for entry in before.terms}
    now = {entry.term: entry.translations for entry in after.terms}
    for term in was | now:
        place = f"terms.{term}"
        if term not in was:
            sentence = _("The glossary now has the term “%(term)s”.", term=term)
            found.add("legal", "added", place, sentence, "", now[term])
        elif term not in now:
            sentence = _("The glossary no longer has the term “%(term)s”.", term=term)
            found.add("legal", "removed", place, sentence, was[term])
        elif was[term] != now[term]:
            sentence = _("The glossary's translations of “%(term)s” changed.", term=term)
            found.add("legal", "changed", place, sentence, was[term], now[term])


def _journey(found: Changes, before: Manifest, after: Manifest) -> None:
    was = {step.step: step for step in before.journey}
    now = {step.step: step for step in after.journey}
    for name, step in was.items():
        if name not in now:
            sentence = _("The journey no longer has the step “%(step)s”.", step=name)
            found.add("journey", "removed", f"journey.{name}", sentence, step)
    for name, step in now.items():
        if name not in was:
            sentence = _("The journey has a new step “%(step)s”.", step=name)
            found.add("journey", "added", f"journey.{name}", sentence, "", step)
            continue
        for key in type(step).model_fields:
            old, fresh = getattr(was[name], key), getattr(step, key)
            if old != fresh:
                template = _STEP.get(key)
                place = f"journey.{name}.{key}"
                sentence = str(template) % {"step": name} if template else _(
                    "The key %(key)s changed.", key=place
                )  # fmt: skip
                found.add("journey", "changed", place, sentence, old, fresh)
    if reordered(list(was), list(now)):
        found.add("journey", "changed", "journey", _("The journey's steps stand in another order."),
                  list(was), list(now))  # fmt: skip
