"""Every text that a kit shows: where it stands, which pieces show it, and what a translator should know of it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath
from types import MappingProxyType

from jinja2 import TemplateSyntaxError, nodes

from tmpa.kits.manifest import FILE, Manifest
from tmpa.kits.parsing import parse_template
from tmpa.kits.source import KitSource
from tmpa.kits.toml_lines import key_lines, line_of

JINJA_SUFFIXES = (".mjml", ".html", ".txt")
_TYPST_TEXT = re.compile(r'(?<![\w.-])t\(\s*"((?:[^"\\]|\\.)*)"\s*\)')
_TYPST_COMMENT = re.compile(r"(?<![:\\])//[^\n]*")
_REFERS = re.compile(
    r"""(?:\{%[-+]?\s*(?:include|import|from|extends)|#(?:include|import))\s*['"]([^'"]+)['"]"""
)


@dataclass(frozen=True, slots=True)
class Use:
    """One place that shows a text. `hint` says in plain English what it is there; `pieces` show it."""

    file: str
    line: int
    hint: str
    pieces: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """`file:line`."""
        return f"{self.file}:{self.line}" if self.line else self.file


@dataclass(frozen=True, slots=True)
class KitText:
    """A text of the kit in the source locale, its plural ("" = none), and its uses in the kit's order."""

    source: str
    plural: str
    uses: tuple[Use, ...]

    @property
    def pieces(self) -> tuple[str, ...]:
        """The pieces that show it, each once."""
        return tuple(dict.fromkeys(piece for use in self.uses for piece in use.pieces))


@lru_cache(maxsize=64)
def kit_texts(source: KitSource) -> Mapping[str, KitText]:
    """Every text by its source, in the order of the manifest and then of the files."""
    found: dict[str, list[Use]] = {}
    plurals: dict[str, str] = {}
    for text, plural, use in (*_manifest_uses(source), *_template_uses(source)):
        found.setdefault(text, []).append(use)
        if plural:
            plurals.setdefault(text, plural)
    texts = {text: KitText(text, plurals.get(text, ""), tuple(uses)) for text, uses in found.items()}
    return MappingProxyType(texts)


def _unescape(text: str) -> str:
    return re.sub(r"\\(.)", lambda match: {"n": "\n", "t": "\t"}.get(match[1], match[1]), text)


def _manifest_uses(source: KitSource) -> Iterator[tuple[str, str, Use]]:
    manifest = source.manifest
    lines = key_lines(source.text(FILE))
    shown_in = _pieces_of_slots(source)
    for text, place in manifest.texts():
        pieces: tuple[str, ...] = ()
        if place[0] == "pieces":
            pieces = (manifest.pieces[int(place[1])].name,)
        elif place[0] == "slots" and place[-1] in ("default", "example"):
            pieces = shown_in.get(manifest.slots[int(place[1])].name, ())
        elif place[0] == "legal":
            pieces = tuple(piece.name for piece in manifest.pieces)
        yield text, "", Use(FILE, line_of(lines, place), describe(manifest, place), pieces)


def describe(manifest: Manifest, place: tuple[str | int, ...]) -> str:
    """What stands at a place of the manifest, for translators: `slot headline: default (at most 80 characters)`."""
    words: list[str] = []
    limit = ""
    if place[0] == "slots":
        slot = manifest.slots[int(place[1])]
        words.append(f"slot {slot.name}")
        if place[-1] in ("default", "example"):
            limit = f" (at most {slot.limit(manifest.source_locale)} characters)"
    elif place[0] == "pieces":
        piece = manifest.pieces[int(place[1])]
        words.append(f"{piece.kind} {piece.name}")
        if "fields" in place:
            words.append(f"field {getattr(piece, 'fields')[int(place[3])].name}")  # noqa: B009 - pages only
    elif place[0] == "legal":
        words.append(f"legal text for {manifest.legal[int(place[1])].country}")
    else:
        words.append("kit")
    names = {"choices": "choice", "alt": "alternative text", "page_title": "page title"}
    last = str(place[-1])
    return ": ".join([*words, names.get(last, last.replace("_", " "))]) + limit


def _pieces_of_slots(source: KitSource) -> dict[str, tuple[str, ...]]:
    """Which pieces show a slot, by its name."""
    found: dict[str, dict[str, None]] = {}
    for path, pieces in _pieces_of_files(source).items():
        for name in re.findall(r"\bslot\.([a-z][a-z0-9_]*)", source.text(path)):
            found.setdefault(name, {}).update(dict.fromkeys(pieces))
    return {name: tuple(pieces) for name, pieces in found.items()}


def _pieces_of_files(source: KitSource) -> dict[str, tuple[str, ...]]:
    """Which pieces a template serves, through includes too, in the manifest's order."""
    found: dict[str, dict[str, None]] = {}
    for piece in source.manifest.pieces:
        pending, seen = [piece.template], set()
        while pending:
            path = pending.pop()
            if path in seen or path not in source.files:
                continue
            seen.add(path)
            found.setdefault(path, {})[piece.name] = None
            for named in _REFERS.findall(source.text(path)):
                pending.append(named)
                if path.endswith(".typ"):
                    pending.append((PurePosixPath(path).parent / named).as_posix())
    return {path: tuple(pieces) for path, pieces in found.items()}


def _template_uses(source: KitSource) -> Iterator[tuple[str, str, Use]]:
    serves = _pieces_of_files(source)
    kinds = {piece.name: piece.kind for piece in source.manifest.pieces}
    for path in sorted(source.files):
        pieces = serves.get(path, ())
        hint = ", ".join(f"{kinds[name]} {name}" for name in pieces) or "template"
        if path.endswith(JINJA_SUFFIXES):
            try:
                tree = parse_template(source.text(path))
            except TemplateSyntaxError:
                continue  # the rule "template" names it with its line
            for text, plural, line in _calls(tree):
                yield text, plural, Use(path, line, hint, pieces)
        elif path.endswith(".typ"):
            content = _TYPST_COMMENT.sub("", source.text(path))
            for match in _TYPST_TEXT.finditer(content):
                line = content.count("\n", 0, match.start()) + 1
                yield _unescape(match[1]), "", Use(path, line, hint, pieces)


def _constant(node: nodes.Node) -> str:
    return node.value if isinstance(node, nodes.Const) and isinstance(node.value, str) else ""


def _calls(tree: nodes.Template) -> Iterator[tuple[str, str, int]]:
    """Text, plural and line of every `_("…")` and `ngettext("…", "…", n)`."""
    for call in tree.find_all(nodes.Call):
        if not isinstance(call.node, nodes.Name) or not call.args:
            continue
        text = _constant(call.args[0])
        if call.node.name == "_" and text:
            yield text, "", call.lineno
        elif call.node.name == "ngettext" and text and len(call.args) > 1:
            yield text, _constant(call.args[1]), call.lineno
