"""Slot values as people read them."""

from collections.abc import Callable
from datetime import date
from typing import Any

from tmpa.kernel.i18n import current_locale, format_date, format_money
from tmpa.kernel.i18n import gettext as _
from tmpa.kits.catalogue import load_catalogue
from tmpa.kits.plain import html_to_text
from tmpa.kits.slots import clean_richtext
from tmpa.kits.source import KitSource


def reader_words(source: KitSource) -> Callable[[str], str]:
    """The kit's texts in the reader's language, else in the source locale."""
    mine = current_locale().split("-")[0]
    offered = source.manifest.locales
    locale = next((tag for tag in offered if tag.split("-")[0] == mine), source.manifest.source_locale)
    return load_catalogue(source, locale).gettext


def in_words(source: KitSource, name: str, value: Any) -> str:
    """A slot's value as people read it: amounts, days and choices in their language, rich text without its tags."""
    slot = next((each for each in source.manifest.slots if each.name == name), None)
    if slot is None or value is None:
        return str(value or "")
    if isinstance(value, dict):
        if slot.kind == "money":
            is_read = "amount_minor" in value
            return (
                format_money(value["amount_minor"], value["currency"])
                if is_read
                else str(value.get("typed", ""))
            )
        alts = value.get("alt") or ""
        said = next(filter(None, alts.values()), "") if isinstance(alts, dict) else str(alts)
        return said or _("A picture")
    match slot.kind:
        case "choice":
            label = next((choice.label for choice in slot.choices if choice.value == value), "")
            return reader_words(source)(label) if label else str(value)
        case "richtext":
            return html_to_text(clean_richtext(str(value)), "%(label)s")[0].strip()
        case "date":
            try:
                return format_date(date.fromisoformat(str(value)))
            except ValueError:  # a draft keeps what was typed
                return str(value)
        case _:
            return str(value)
