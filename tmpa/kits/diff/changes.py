"""One change between two versions of a kit, and how changes are collected."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Literal

from pydantic import BaseModel

from tmpa.kernel.i18n import gettext as _
from tmpa.kernel.i18n import lazy_gettext as _l

Section = Literal[
    "kit", "access", "slots", "brand", "legal", "pieces", "texts", "translations", "journey", "money", "files"
]
Kind = Literal["added", "removed", "changed", "tightened", "loosened", "missing"]

SECTIONS: Mapping[Section, Any] = {
    "kit": _l("The kit"),
    "access": _l("Who may use it, where and when"),
    "slots": _l("What partners fill in"),
    "brand": _l("Rules for the partner's brand and words"),
    "legal": _l("Legal texts and terms"),
    "pieces": _l("Pieces"),
    "texts": _l("Texts"),
    "translations": _l("Translations"),
    "journey": _l("The journey"),
    "money": _l("Money"),
    "files": _l("Files"),
}
"""The heading of each section, in the order in which people read them."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change. `what` is a whole sentence; `before` and `after` are values as people read them, "" for none.

    `place` is where it is written: a key of kit.toml such as "slots.headline.max_length", or a file, then "#" and
    a text where a catalogue is meant. `kind` "tightened" and "loosened" are said of rules: what was fine before
    may be refused now, or the other way round; "missing" of a text that a locale has no translation for.
    """

    section: Section
    kind: Kind
    place: str
    what: str
    before: str = ""
    after: str = ""

    def to_json(self) -> dict[str, Any]:
        """Plain values, as `kit diff --format json` prints them."""
        return asdict(self)


class Changes:
    """Collects changes, and which files they explain: a changed file that nothing explains is named itself."""

    def __init__(self) -> None:
        self.listed: list[Change] = []
        self.explained: set[str] = set()

    def add(
        self, section: Section, kind: Kind, place: str, what: object, before: object = "", after: object = ""
    ) -> None:
        """Add one change; lists, dates and the like are written out."""
        self.listed.append(Change(section, kind, place, str(what), shown(before), shown(after)))

    def explain(self, path: str) -> None:
        """The changes so far say what is new in this file."""
        self.explained.add(path)


def shown(value: object) -> str:
    """A value of the manifest as people read it."""
    match value:
        case None:
            return ""
        case bool():
            return _("yes") if value else _("no")
        case date():
            return value.isoformat()
        case BaseModel():
            return shown(value.model_dump())
        case Mapping():
            return ", ".join(
                f"{key}: {shown(item)}" for key, item in value.items() if item not in ("", [], {})
            )
        case list() | tuple():
            separator = "; " if any(isinstance(item, BaseModel | Mapping) for item in value) else ", "
            return separator.join(shown(item) for item in value)
        case _:
            return str(value)


def kind_of(before: object, after: object) -> Kind:
    """Whether a value came, went or became another."""
    if before in (None, "", [], {}):
        return "added"
    return "removed" if after in (None, "", [], {}) else "changed"


def narrowing(before: Collection[str], after: Collection[str]) -> Kind:
    """The kind of a change of a list that allows only what it names, and everything when it is empty."""
    old, new = set(before), set(after)
    if new and (not old or new < old):
        return "tightened"
    return "loosened" if old and (not new or old < new) else "changed"


def rising(before: float, after: float) -> Kind:
    """The kind of a change of a lower limit."""
    return "tightened" if after > before else "loosened"


def reordered(before: Sequence[str], after: Sequence[str]) -> bool:
    """Whether what both lists hold stands in another order."""
    both = set(before) & set(after)
    return [name for name in before if name in both] != [name for name in after if name in both]
