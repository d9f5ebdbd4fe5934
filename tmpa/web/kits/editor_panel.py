"""The fields beside the canvas: what can be changed of the part that was chosen, or of the piece as a whole."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from typing import Any

from tmpa.kernel.i18n import gettext as _
from tmpa.kernel.i18n import language_name
from tmpa.kernel.i18n import lazy_gettext as _l
from tmpa.kits import editing_po
from tmpa.kits.catalogue import Catalogue, catalogue_path, load_catalogue
from tmpa.kits.editing_changes import declarations, is_simple
from tmpa.kits.editing_ops import ATTRIBUTES, STYLES, is_markup
from tmpa.kits.editing_places import pictures
from tmpa.kits.editing_toml import PIECE_KEYS
from tmpa.kits.editing_tree import Document, Node, Words
from tmpa.kits.manifest import MailPiece, Piece, Slot
from tmpa.kits.source import KitSource

NAMES = {
    "align": _l("Alignment"), "text-align": _l("Alignment"), "color": _l("Text colour"), "font-size": _l("Text size"),
    "background-color": _l("Background"), "line-height": _l("Line height"), "font-weight": _l("Weight"),
    "padding": _l("Space around"), "inner-padding": _l("Space inside"), "href": _l("Leads to"), "src": _l("Picture"),
    "alt": _l("Alternative text"), "width": _l("Width"), "height": _l("Height"), "border-radius": _l("Rounded corners"),
    "border-color": _l("Line colour"), "border-width": _l("Line width"), "vertical-align": _l("Vertical alignment"),
}  # fmt: skip
KEY_NAMES = {
    "title": _l("Name of the piece"), "subject": _l("Subject"), "preheader": _l("Preview line"),
    "page_title": _l("Title of the page"), "description": _l("Description for search engines"),
    "button": _l("Button of the form"), "thanks_title": _l("Thanks: heading"), "thanks_text": _l("Thanks: text"),
    "alt": _l("Alternative text"), "label": _l("Name"), "help": _l("Help"), "default": _l("Text until it is filled"),
    "example": _l("Example"), "max_length": _l("Longest, in characters"), "required": _l("Must be filled"),
}  # fmt: skip
_COLOURS = frozenset(("color", "background-color", "border-color"))
_ALIGNED = frozenset(("align", "text-align"))
_LONG = frozenset(("help", "default", "example", "description", "thanks_text"))
FEW = 6
_HEX = re.compile(r"#[0-9a-fA-F]{6}\b")
_SLOT = re.compile(r"slot\.([a-z]\w*)")


@dataclass(frozen=True, slots=True)
class Field:
    """A control. `op` is the operation that it posts, less the value; without one it is only shown."""

    id: str
    label: str
    kind: str
    value: Any = ""
    op: dict[str, Any] | None = None
    choices: tuple[tuple[str, str], ...] = ()
    note: str = ""
    lang: str = ""
    inherited: str = ""


@dataclass(slots=True)
class Section:
    """Fields under a heading; `folded` ones are opened by who looks for them."""

    title: str
    fields: list[Field] = field(default_factory=list)
    folded: bool = False


class Panel:
    """What can be changed, for one piece shown in one locale."""

    def __init__(self, source: KitSource, piece: Piece, document: Document, locale: str) -> None:
        self.source, self.piece, self.document, self.locale = source, piece, document, locale
        self.book: Catalogue = load_catalogue(source, locale)
        self.is_source = locale == source.manifest.source_locale
        path = catalogue_path(locale)
        self._translated = editing_po.translations(source.text(path)) if path in source.files else {}

    def of_node(self, node: Node) -> list[Section]:
        """The sections for a part."""
        own = list(self._words_of(node)) or self._words_within(node)
        texts = [made for words in own for made in self._words(words)]
        sections = [Section(_("Texts"), texts)] if texts else []
        for slot in self._slots_of(node):
            sections.append(Section(_("Slot: %(label)s", label=slot.label), list(self._slot(slot))))
        looks = [*self._attributes(node), *self._styles(node)]
        if looks:
            sections.append(Section(_("Look and link"), looks))
        return sections

    def of_piece(self) -> list[Section]:
        """The sections for the piece as a whole: its own texts, every text in it, its code."""
        own = []
        for key in PIECE_KEYS:
            value = getattr(self.piece, key, None)
            if value is None:
                continue
            kind = "area" if key in _LONG else "text"
            op = {"op": "key", "table": "pieces", "name": self.piece.name, "key": key}
            own.append(Field(f"piece-{key}", str(KEY_NAMES[key]), kind, value, op, lang=self._lang))
            own += self._translation(value, f"piece-{key}")
        sections = [Section(_("This piece"), own)]
        texts = [made for words in self.document.words for made in self._words(words, numbered=True)]
        sections.append(Section(_("All texts"), texts, folded=is_markup(self.piece)))
        code = Field("code", _("Template"), "code", self.document.text, {"op": "code"})
        sections.append(Section(_("Code"), [code], folded=is_markup(self.piece)))
        return sections

    @property
    def _lang(self) -> str:
        return self.source.manifest.source_locale

    def _words_of(self, node: Node) -> Iterator[Words]:
        """The words that stand in a part itself, not in an element within it."""
        for words in self.document.words:
            if node.start <= words.start < node.end:
                owner: Node | None = self.document.nodes[words.node]
                while owner is not None and owner.kind not in {"element", "root"} and owner is not node:
                    owner = owner.parent
                if owner is node:
                    yield words

    def _words_within(self, node: Node) -> list[Words]:
        """All words of a part that has none of its own, if they are few."""
        found = [words for words in self.document.words if node.start <= words.start < node.end]
        return found if len(found) <= FEW else []

    def _words(self, words: Words, *, numbered: bool = False) -> Iterator[Field]:
        key = f"words-{words.id}" if numbered else f"own-{words.id}"
        label = str(NAMES.get(words.attribute, words.attribute)) if words.attribute else _("Text")
        if numbered:
            label = f"{label} {words.id + 1}"
        note = _("This text is the same in every language.") if words.kind == "run" else ""
        op = {"op": "words", "words": words.id}
        yield Field(key, label, "area", words.value, op, note=note, lang=self._lang)
        if words.kind == "message":
            yield from self._translation(words.value, key)

    def _translation(self, text: str, key: str) -> list[Field]:
        if self.is_source or not text:
            return []
        note = ""
        if text in self.book.fuzzy:
            note = _(
                "The source text has changed since this was translated. Saving it here marks it as reviewed."
            )
        elif text not in self.book.translations:
            note = _("Not translated yet: people read the source text.")
        label = _("Translation: %(language)s", language=language_name(self.locale))
        op = {"op": "translate", "text": text, "locale": self.locale}
        return [
            Field(f"{key}-tr", label, "area", self._translated.get(text, ""), op, note=note, lang=self.locale)
        ]

    def _slots_of(self, node: Node) -> list[Slot]:
        text = "".join(self.document.of(child) for child in node.children if child.kind == "output")
        text += "".join(self.document.value(each) for each in node.attributes)
        names = list(dict.fromkeys(_SLOT.findall(text) or _SLOT.findall(self.document.of(node))))
        if len(names) > FEW // 2:
            return []
        return [slot for slot in self.source.manifest.slots if slot.name in names]

    def _slot(self, slot: Slot) -> Iterator[Field]:
        def made(key: str, kind: str, value: Any) -> Field:
            op = {"op": "key", "table": "slots", "name": slot.name, "key": key}
            return Field(f"slot-{slot.name}-{key}", str(KEY_NAMES[key]), kind, value, op, lang=self._lang)

        if slot.kind in {"text", "richtext"}:
            yield made("default", "area", slot.default)
            yield from self._translation(slot.default, f"slot-{slot.name}-default")
            yield made("max_length", "number", slot.max_length or "")
        yield made("label", "text", slot.label)
        yield made("help", "area", slot.help)
        yield made("required", "flag", slot.required)

    def _attributes(self, node: Node) -> Iterator[Field]:
        for name in ATTRIBUTES.get(node.name, ()):
            found = node.attribute(name)
            raw = self.document.value(found) if found else ""
            op: dict[str, Any] = {"op": "attribute", "node": node.id, "name": name}
            if name == "alt" and not is_simple(raw):
                continue  # its words stand among the texts
            if name == "alt" and found is None:
                op = {"op": "alternative", "node": node.id}
            yield self._value(f"attribute-{name}", name, raw, op, self._inherited(node, name))

    def _styles(self, node: Node) -> Iterator[Field]:
        names = STYLES.get(node.name, ())
        style = node.attribute("style")
        given: dict[str, str] = {}
        if style is not None:
            for name, start, end in declarations(self.document, style):
                given[name] = self.document.text[start:end].replace("!important", "").strip()
        for name in names:
            yield self._value(
                f"style-{name}", name, given.get(name, ""), {"op": "style", "node": node.id, "name": name}
            )

    def _inherited(self, node: Node, name: str) -> str:
        """What mj-attributes sets for every element of this kind."""
        given = ""
        for each in self.document.nodes.values():
            inside = each.parent is not None and each.parent.name == "mj-attributes"
            if inside and each.name in {"mj-all", node.name} and (found := each.attribute(name)):
                given = self.document.value(found)
        return given if is_simple(given) else ""

    def _value(self, key: str, name: str, raw: str, op: dict[str, Any], inherited: str = "") -> Field:
        label = str(NAMES.get(name, name))
        if not is_simple(raw):
            note = _("A rule of the template decides this. Change it in the code.")
            return Field(key, label, "locked", raw, note=note)
        value = unescape(raw)
        if name in _COLOURS:
            swatches = tuple((each, each) for each in self._colours())
            return Field(key, label, "colour", value, op, swatches, inherited=inherited)
        if name in _ALIGNED:
            choices = [
                ("", _("As set for all")),
                ("{{ start }}", _("Start")),
                ("center", _("Centre")),
                ("{{ end }}", _("End")),
            ]
            return Field(key, label, "choice", value, op, _with(choices, value))
        if name == "href":
            return Field(key, label, "link", value, op, _with(self._links(), value, _("Another address")))
        if name == "src":
            value = value.replace('"', "'")  # asset("…") and asset('…') are the same picture
            return Field(key, label, "picture", value, op, _with(self._pictures(), value))
        if name == "font-weight":
            weights = [
                ("", _("As set for all")),
                ("400", _("Regular")),
                ("600", _("Semibold")),
                ("700", _("Bold")),
            ]
            return Field(key, label, "choice", value, op, _with(weights, value))
        return Field(key, label, "text", value, op, inherited=inherited)

    def _colours(self) -> list[str]:
        used = Counter(colour.lower() for colour in _HEX.findall(self.document.text))
        own = ["{{ brand.primary }}", "{{ brand.on_primary }}", self.source.manifest.accent.lower()]
        return list(dict.fromkeys([*own, *(colour for colour, _n in used.most_common(9))]))

    def _links(self) -> list[tuple[str, str]]:
        found = [
            ("{{ link.page }}", _("The campaign’s page")),
            ("{{ link.privacy }}", _("The vendor’s privacy page")),
        ]
        if isinstance(self.piece, MailPiece):
            found.append(("{{ link.unsubscribe }}", _("Unsubscribing")))
        found.append(("{{ brand.website }}", _("The partner’s website")))
        slots = [slot for slot in self.source.manifest.slots if slot.kind == "link"]
        return found + [
            (f"{{{{ slot.{slot.name} }}}}", _("Slot: %(label)s", label=slot.label)) for slot in slots
        ]

    def _pictures(self) -> list[tuple[str, str]]:
        found = [
            (f"{{{{ asset('{path}') }}}}", path.removeprefix("images/"))
            for path in pictures(self.source, self.piece.kind)
        ]
        found.append(("{{ brand.logo_url }}", _("The partner’s logo")))
        slots = [slot for slot in self.source.manifest.slots if slot.kind == "image"]
        return found + [
            (f"{{{{ slot.{slot.name} }}}}", _("Slot: %(label)s", label=slot.label)) for slot in slots
        ]


def _with(choices: list[tuple[str, str]], value: str, other: str = "") -> tuple[tuple[str, str], ...]:
    """The choices, with the present value where it is none of them."""
    known = {each for each, _label in choices}
    if value in known:
        return tuple(choices)
    return (*choices, (value, other or value))
