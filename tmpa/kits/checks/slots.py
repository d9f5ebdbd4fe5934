"""Rules over slots: their defaults fit, and pieces use them."""

import re
from collections.abc import Iterator

from tmpa.kernel.i18n import gettext as _
from tmpa.kits.catalogue import JINJA_SUFFIXES
from tmpa.kits.findings import Finding, error, warning
from tmpa.kits.manifest import FILE
from tmpa.kits.samples import sample_values
from tmpa.kits.slots import validate_slots
from tmpa.kits.source import KitSource
from tmpa.kits.toml_lines import key_lines, line_of


def check_slots(source: KitSource) -> Iterator[Finding]:
    """Defaults fit their own limits, in every locale; every declared slot is used."""
    lines = key_lines(source.text(FILE))
    for locale in source.manifest.locales:
        errors = validate_slots(source, sample_values(source, locale), locale, partial=True).errors
        for name, sentence in errors.items():
            place = ("slots", [slot.name for slot in source.manifest.slots].index(name))
            message = _("%(name)s in %(locale)s: %(problem)s", name=name, locale=locale, problem=sentence)
            mend = _("Change the default or the limit.")
            yield error("slot-default", FILE, line_of(lines, (*place, "default")), message, mend)
    everything = "\n".join(
        source.text(path) for path in source.files if path.endswith((*JINJA_SUFFIXES, ".typ", ".toml"))
    )
    for number, slot in enumerate(source.manifest.slots):
        if not re.search(rf"\bslot\.{slot.name}\b|\bslot\[\"{slot.name}\"\]", everything):
            message = _("No piece uses the slot “%(name)s”.", name=slot.name)
            mend = _("Use it or remove it: people would fill it for nothing.")
            yield warning("slot-unused", FILE, line_of(lines, ("slots", number, "name")), message, mend)
