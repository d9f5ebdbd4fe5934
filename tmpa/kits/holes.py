"""Holes: the places in a piece that are not the vendor's, and the escaping that each context wants."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape as html_escape
from typing import Any, Literal

Context = Literal["text", "attribute", "url", "mailto", "tel", "colour", "block", "plain"]
HoleKind = Literal[
    "slot", "brand", "recipient", "link", "unsubscribe", "privacy", "pixel", "form", "page", "asset", "beacon"
]
RECIPIENT_NAMES = ("first_name", "company", "greeting")
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_URL = re.compile(r"(https?://|mailto:|tel:|data:image/|/)[^\s\"'<>\\`]*|#?", re.IGNORECASE)
_NEWLINES = re.compile(r"[\r\n\t\x0b\x0c\u2028\u2029]+")


@dataclass(frozen=True, slots=True)
class Hole:
    """A typed hole of a compiled piece.

    `name` says which value: a slot ("headline", "photo.alt"), a brand field, a recipient field, an asset's path. For
    links it is the constant address, or "page", "slot:<name>", "brand:website", and `kind` is "link".
    """

    kind: HoleKind
    name: str
    context: Context

    @property
    def key(self) -> str:
        """The name under which a value is given."""
        return f"{self.kind}.{self.name}" if self.name else self.kind

    def mark(self) -> str:
        """What stands for the hole in a digest."""
        return f"{self.kind}|{self.name}|{self.context}"


def escape(context: Context, value: str) -> str:
    """`value` made harmless for its context.

    An address or colour that isn't one becomes empty, so a caller that forgot to check still can't break out.
    """
    match context:
        case "text":
            return html_escape(value, quote=False)
        case "attribute":
            return html_escape(_NEWLINES.sub(" ", value), quote=True)
        case "url" | "mailto" | "tel":
            if context == "url" and not _URL.fullmatch(value):
                return ""
            return html_escape(_NEWLINES.sub("", value), quote=True)
        case "colour":
            return value if _COLOUR.fullmatch(value) else ""
        case "block" | "plain":
            return value


@dataclass(frozen=True, slots=True)
class Marker:
    """A hole that stays open in a rendered mail: it differs by recipient or is numbered for tracking."""

    kind: Literal["recipient", "link", "unsubscribe", "pixel"]
    name: str
    context: Context

    @property
    def key(self) -> str:
        """The key of `Stretches.fill`: "recipient.first_name", "link.1", "unsubscribe", "pixel"."""
        return f"{self.kind}.{self.name}" if self.name else self.kind


@dataclass(frozen=True, slots=True)
class Stretches:
    """Constant text with holes between: `len(parts) == len(holes) + 1`."""

    parts: tuple[str, ...]
    holes: tuple[Marker, ...]

    def fill(self, values: Mapping[str, str]) -> str:
        """The text with every hole filled, escaped by context; a key that is missing gives an empty value."""
        pieces = [self.parts[0]]
        for hole, part in zip(self.holes, self.parts[1:], strict=True):
            pieces.append(escape(hole.context, values.get(hole.key, "")))
            pieces.append(part)
        return "".join(pieces)

    def to_json(self) -> dict[str, Any]:
        """Plain values that `from_json` reads."""
        return {
            "parts": list(self.parts),
            "holes": [[hole.kind, hole.name, hole.context] for hole in self.holes],
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Stretches":
        """The stretches that `to_json` gave."""
        return cls(tuple(data["parts"]), tuple(Marker(*hole) for hole in data["holes"]))


class StretchesBuilder:
    """Collects constants and markers in order; neighbouring constants become one part."""

    def __init__(self) -> None:
        self._parts: list[list[str]] = [[]]
        self._holes: list[Marker] = []

    def text(self, constant: str) -> None:
        """Append constant text."""
        self._parts[-1].append(constant)

    def marker(self, marker: Marker) -> None:
        """Append an open hole."""
        self._holes.append(marker)
        self._parts.append([])

    def done(self) -> Stretches:
        """What was collected."""
        return Stretches(tuple("".join(part) for part in self._parts), tuple(self._holes))
