"""What a person typed into a kit's slots, as a campaign keeps it. Nothing typed is thrown away.

Texts are written for one locale; pictures, choices, dates, prices and links serve every locale and lie under "*".
"""

from collections.abc import Iterable, Mapping
from typing import Any

from tmpa.kernel.errors import Refused
from tmpa.kernel.money import parse_amount
from tmpa.kits.catalogue import load_catalogue
from tmpa.kits.manifest import Manifest, Slot
from tmpa.kits.slots import SlotValues, validate_slots
from tmpa.kits.source import KitSource

EVERY = "*"
SHARED_KINDS = frozenset({"image", "choice", "date", "money", "link"})
Values = dict[str, dict[str, Any]]


def place(slot: Slot, locale: str) -> str:
    """Where a slot's value lies in `Campaign.slots`: under its locale, or under every locale."""
    return EVERY if slot.kind in SHARED_KINDS else locale


def field_name(slot: Slot, locale: str) -> str:
    """The name and id of a slot's form field."""
    return f"slot-{'all' if slot.kind in SHARED_KINDS else locale}-{slot.name}"


def read(manifest: Manifest, locales: Iterable[str], form: Mapping[str, str], reader_locale: str) -> Values:
    """The values of the slot fields that a form brought, by place; amounts are read as `reader_locale` writes them.

    A field that the form doesn't have is not in the result: it stays as it was.
    """
    values: Values = {}
    for slot in manifest.slots:
        for locale in [EVERY] if slot.kind in SHARED_KINDS else locales:
            name = field_name(slot, locale)
            if slot.kind == "image":
                found = _picture(name, form, manifest.locales)
            else:
                found = _read_one(slot, name, form, reader_locale)
            if found is not None:
                values.setdefault(place(slot, locale), {})[slot.name] = found
    return values


def _read_one(slot: Slot, name: str, form: Mapping[str, str], reader_locale: str) -> Any:
    if slot.kind == "money":
        return _money(name, form, reader_locale)
    if name not in form:
        return None
    text = form[name].replace("\r\n", "\n")
    return text if slot.kind == "richtext" else text.strip()


def _picture(name: str, form: Mapping[str, str], locales: Iterable[str]) -> Any:
    """A chosen picture with its middle and its descriptions; `tmpa.campaigns.pictures` makes an address of it."""
    if f"{name}-picture" not in form:
        return None
    chosen = form[f"{name}-picture"].strip()[:60]
    if not chosen:
        return ""
    alts = {tag: form[f"{name}-alt-{tag}"].strip() for tag in locales if f"{name}-alt-{tag}" in form}
    value: dict[str, Any] = {"picture": chosen, "alt": alts}
    value["focal"] = [_share(form.get(f"{name}-x", "")), _share(form.get(f"{name}-y", ""))]
    if f"{name}-decorative" in form:
        value["decorative"] = True
    return value


def _share(percent: str) -> float:
    try:
        return min(100, max(0, int(percent))) / 100
    except ValueError:
        return 0.5


def _money(name: str, form: Mapping[str, str], reader_locale: str) -> Any:
    if f"{name}-amount" not in form:
        return None
    typed, currency = form[f"{name}-amount"].strip(), form.get(f"{name}-currency", "").strip().upper()
    if not typed:
        return ""
    try:
        return {"amount_minor": parse_amount(typed, currency, reader_locale), "currency": currency}
    except Refused as refusal:
        return {"typed": typed, "currency": currency, "problem": str(refusal)}


def merged(kept: Mapping[str, Any], brought: Values, defaults: Mapping[str, Mapping[str, str]]) -> Values:
    """`kept` with what a form brought; a text equal to the kit's own is not kept, so that it stays the kit's."""
    result: Values = {where: dict(values) for where, values in kept.items()}
    for where, values in brought.items():
        here = result.setdefault(where, {})
        for name, value in values.items():
            if value == "" or value == defaults.get(where, {}).get(name):
                here.pop(name, None)
            else:
                here[name] = value
    return {where: values for where, values in result.items() if values}


def for_locale(slots: Mapping[str, Any], locale: str) -> dict[str, Any]:
    """The raw values that one locale's pieces are rendered with."""
    return {**slots.get(EVERY, {}), **slots.get(locale, {})}


def problems(raw: Mapping[str, Any]) -> dict[str, str]:
    """Slot → sentence for amounts that could not be read and pictures that can't be used."""
    return {
        name: value["problem"]
        for name, value in raw.items()
        if isinstance(value, dict) and "problem" in value
    }


def cleaned(raw: Mapping[str, Any]) -> dict[str, Any]:
    """`raw` without the amounts that could not be read and the pictures that can't be used."""
    return {
        name: value for name, value in raw.items() if not (isinstance(value, dict) and "problem" in value)
    }


def checked(source: KitSource, slots: Mapping[str, Any], locale: str) -> tuple[SlotValues, dict[str, str]]:
    """A locale's slot values as far as they can be used, and a sentence for each that is missing or can't be."""
    raw = for_locale(slots, locale)
    values = validate_slots(source, cleaned(raw), locale, partial=True)
    return values, {**values.errors, **problems(raw)}


def default_of(source: KitSource, slot: Slot, locale: str) -> str:
    """A slot's own text in one locale; empty when it has none."""
    if slot.kind not in {"text", "richtext"} or not slot.default:
        return slot.default
    return load_catalogue(source, locale).gettext(slot.default)


def defaults(source: KitSource) -> dict[str, dict[str, str]]:
    """The kit's own slot texts by place and slot, translated."""
    result: dict[str, dict[str, str]] = {}
    for locale in source.manifest.locales:
        for slot in source.manifest.slots:
            result.setdefault(place(slot, locale), {})[slot.name] = default_of(source, slot, locale)
    return result
