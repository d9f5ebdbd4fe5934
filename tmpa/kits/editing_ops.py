"""What the editor asks for: a list of operations, checked by schema, applied to a kit's files all or none.

``apply(source, piece, request)`` gives the files that change; `Applied.changes` goes to ``drafts.save``. A new source
text carries its translations along, marked fuzzy; nothing outside the piece's template, the catalogues and kit.toml is
written.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from tmpa.kernel.errors import Refused
from tmpa.kernel.i18n import gettext as _
from tmpa.kits import editing_changes as changing
from tmpa.kits import editing_po, editing_toml
from tmpa.kits.brand import SAMPLE_BRAND
from tmpa.kits.catalogue import catalogue_path, used_texts
from tmpa.kits.compile import compile_piece, shape_of
from tmpa.kits.editing import parse
from tmpa.kits.editing_places import component
from tmpa.kits.editing_tree import Document, Node, Words, typst_messages
from tmpa.kits.manifest import FILE, MailPiece, PagePiece, Piece, SnippetPiece, SocialPiece
from tmpa.kits.samples import sample_values
from tmpa.kits.slots import validate_slots
from tmpa.kits.source import MAX_TEXT_BYTES, KitSource, build_source

MAX_OPERATIONS = 50
MAX_TEXT = 20_000
Id = Annotated[int, Field(ge=0, le=10**6)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
Said = Annotated[str, Field(max_length=MAX_TEXT)]

# The attributes and style properties that the panel offers, by element; nothing else is written.
_BOX = ("padding", "background-color")
ATTRIBUTES: Mapping[str, tuple[str, ...]] = {
    "mj-body": ("background-color", "width"),
    "mj-wrapper": _BOX,
    "mj-section": (*_BOX, "text-align"),
    "mj-hero": (*_BOX, "height"),
    "mj-column": (*_BOX, "width", "vertical-align", "border-radius"),
    "mj-text": ("align", "color", "font-size", "line-height", "font-weight", "padding"),
    "mj-button": (
        "href", "align", "background-color", "color", "border-radius", "font-size", "inner-padding", "padding",
    ),
    "mj-image": ("src", "alt", "href", "width", "align", "padding"),
    "mj-divider": ("border-color", "border-width", "padding"),
    "mj-spacer": ("height",),
    "mj-social-element": ("href", "alt"),
    "mj-navbar-link": ("href", "color"),
    "a": ("href",),
    "img": ("src", "alt", "width", "height"),
}  # fmt: skip
_TEXT_STYLES = ("color", "font-size", "line-height", "font-weight", "text-align")
STYLES: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("h1", "h2", "h3", "h4", "p", "a", "span", "strong", "b", "em"), _TEXT_STYLES),
    **dict.fromkeys(("div", "li", "dt", "dd"), _TEXT_STYLES),
    **dict.fromkeys(("td", "th"), (*_TEXT_STYLES, "padding", "background-color")),
    **dict.fromkeys(("section", "header", "footer", "main"), ("padding", "background-color")),
}  # fmt: skip


class Operation(BaseModel):
    """One wish. Ids are those of the tree before it."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class SetWords(Operation):
    op: Literal["words"]
    words: Id
    value: Said


class SetAttribute(Operation):
    op: Literal["attribute"]
    node: Id
    name: Name
    value: Annotated[str, Field(max_length=2000)] | None


class SetStyle(Operation):
    op: Literal["style"]
    node: Id
    name: Name
    value: Annotated[str, Field(max_length=200)] | None


class SetAlternative(Operation):
    """Alternative text where there is none yet: it is translated like any other text."""

    op: Literal["alternative"]
    node: Id
    value: Annotated[str, Field(max_length=500)]


class Move(Operation):
    op: Literal["move"]
    node: Id
    parent: Id
    before: Id | None


class Insert(Operation):
    op: Literal["insert"]
    component: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_:-]{0,60}$")]
    parent: Id
    before: Id | None


class Duplicate(Operation):
    op: Literal["duplicate"]
    node: Id


class Delete(Operation):
    op: Literal["delete"]
    node: Id


class SetKey(Operation):
    """A key of a slot or of a piece in kit.toml."""

    op: Literal["key"]
    table: Literal["slots", "pieces"]
    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
    key: Annotated[str, Field(pattern=r"^[a-z_]{1,40}$")]
    value: Said | bool | Annotated[int, Field(ge=0, le=10**6)] | None


class Translate(Operation):
    """The translation of a text of the kit, set by a person."""

    op: Literal["translate"]
    text: Said
    locale: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{2,20}$")]
    value: Said


class Code(Operation):
    """The piece's template as a whole."""

    op: Literal["code"]
    value: Annotated[str, Field(max_length=MAX_TEXT_BYTES)]


AnyOperation = Annotated[
    SetWords | SetAttribute | SetStyle | SetAlternative | Move | Insert | Duplicate | Delete | SetKey | Translate
    | Code,
    Field(discriminator="op"),
]  # fmt: skip


class Request(BaseModel):
    """What the editor posts: the revision that it shows, and the operations."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    revision: Annotated[int, Field(ge=1)]
    operations: Annotated[list[AnyOperation], Field(min_length=1, max_length=MAX_OPERATIONS)]


@dataclass(slots=True)
class Applied:
    """`changes` are whole new files; `source` the kit with them; `focus` the offset of the part that was changed.

    `reviewed` names the locales whose translation of a changed text has to be looked at.
    """

    changes: dict[str, bytes]
    source: KitSource
    focus: int = -1
    reviewed: tuple[str, ...] = ()


def is_markup(piece: Piece) -> bool:
    """Whether a piece's template is MJML or HTML, so that its parts can be chosen and moved."""
    return isinstance(piece, MailPiece | PagePiece | SnippetPiece)


def document_of(source: KitSource, piece: Piece) -> Document:
    """The tree of a piece's template. Typst files have only their words."""
    text = source.files[piece.template].decode("utf-8") if piece.template in source.files else ""
    if not piece.template.endswith(".typ"):
        return parse(text, markup=is_markup(piece))
    root = Node(0, "root", "", 0, len(text), 0, len(text))
    words = (Words(at, "message", *found, 0) for at, found in enumerate(typst_messages(text)))
    return Document(text, root, {0: root}, tuple(words))


@dataclass(slots=True)
class _Work:
    """Files while the operations are applied one after the other."""

    source: KitSource
    piece: Piece
    files: dict[str, bytes]
    renamed: list[tuple[str, str]] = field(default_factory=list)
    focus: int = -1

    def document(self) -> Document:
        held = KitSource(self.files, self.source.manifest, "")
        return document_of(held, self.piece)


def apply(
    source: KitSource, piece: Piece, operations: list[AnyOperation], *, compiled: bool = True
) -> Applied:
    """Apply operations to a kit; all or none. Raises Refused, and KitRefused with findings when the kit or one of its
    pieces could no longer be read or compiled. Without `compiled` nothing is compiled: for code that somebody typed,
    which is tried in a process that may die first.
    """
    work = _Work(source, piece, dict(source.files))
    for operation in operations:
        _one(work, operation)
    changed = build_source(work.files)
    reviewed: list[str] = []
    if work.renamed:
        used = used_texts(changed)
        for locale in source.manifest.locales:
            path = catalogue_path(locale)
            if path not in work.files or locale == source.manifest.source_locale:
                continue
            book = before = work.files[path].decode("utf-8")
            for old, new in work.renamed:
                book = editing_po.rename(book, old, new, keep=old in used)
            if book != before:
                work.files[path] = book.encode()
                reviewed.append(locale)
        changed = build_source(work.files)
    changes = {path: data for path, data in work.files.items() if source.files.get(path) != data}
    if compiled:
        quick_check(changed, piece, everything=FILE in changes)
    return Applied(changes, changed, work.focus, tuple(reviewed))


def quick_check(source: KitSource, piece: Piece, *, everything: bool = False) -> None:
    """Compile what changed in every locale, full and bare. Raises KitRefused with findings."""
    pieces = source.manifest.pieces if everything else [source.manifest.piece(piece.name)]
    for each in pieces:
        if not isinstance(each, MailPiece | PagePiece | SocialPiece | SnippetPiece):
            continue
        for locale in source.manifest.locales:
            for full in (True, False) if locale == source.manifest.source_locale else (True,):
                values = sample_values(source, locale, full=full)
                shape = shape_of(SAMPLE_BRAND, validate_slots(source, values, locale, partial=True))
                compile_piece(source, each.name, locale, shape)


def _node(document: Document, number: int) -> Node:
    node = document.nodes.get(number)
    if node is None:
        raise Refused(_("This part isn't there any more. Load the page again."), code="gone")
    return node


def _one(work: _Work, operation: AnyOperation) -> None:
    match operation:
        case SetKey():
            _key(work, operation)
        case Translate():
            _translate(work, operation)
        case Code():
            work.files[work.piece.template] = _same_ends(work, operation.value).encode()
        case _:
            document = work.document()
            change = _change(work, document, operation)
            work.files[work.piece.template] = changing.splice(document.text, change.edits).encode()
            work.focus = change.focus


def _same_ends(work: _Work, text: str) -> str:
    """A form's text with the line ends that the file has."""
    old = work.files.get(work.piece.template, b"")
    text = text.replace("\r\n", "\n")
    if old.endswith(b"\n") and not text.endswith("\n"):
        text += "\n"
    return text.replace("\n", "\r\n") if b"\r\n" in old else text


def _change(work: _Work, document: Document, operation: AnyOperation) -> changing.Change:
    match operation:
        case SetWords():
            return _words(work, document, operation)
        case SetAttribute():
            node = _node(document, operation.node)
            if operation.name not in ATTRIBUTES.get(node.name, ()):
                raise Refused(_("This can't be set here."), code="attribute")
            return changing.set_attribute(document, node, operation.name, operation.value or None)
        case SetStyle():
            node = _node(document, operation.node)
            if operation.name not in STYLES.get(node.name, ()):
                raise Refused(_("This can't be set here."), code="attribute")
            return changing.set_style(document, node, operation.name, operation.value or None)
        case SetAlternative():
            node = _node(document, operation.node)
            if "alt" not in ATTRIBUTES.get(node.name, ()) or node.attribute("alt"):
                raise Refused(_("This can't be set here."), code="attribute")
            return changing.set_said(document, node, "alt", operation.value)
        case Move():
            return changing.move(document, _node(document, operation.node), *_target(document, operation))
        case Insert():
            block = component(work.source, work.piece.kind, operation.component)
            if block is None:
                raise Refused(_("There is no such block."), code="component")
            return changing.insert(document, block, *_target(document, operation))
        case Duplicate():
            return changing.duplicate(document, _node(document, operation.node))
        case Delete():
            return changing.delete(document, _node(document, operation.node))
        case _:
            raise Refused(_("This can't be set here."), code="attribute")


def _target(document: Document, operation: Move | Insert) -> tuple[Node, Node | None]:
    before = None if operation.before is None else _node(document, operation.before)
    return _node(document, operation.parent), before


def _words(work: _Work, document: Document, operation: SetWords) -> changing.Change:
    if operation.words >= len(document.words):
        raise Refused(_("This part isn't there any more. Load the page again."), code="gone")
    words = document.words[operation.words]
    value = operation.value.replace("\r\n", "\n")
    if not value.strip():
        raise Refused(_("A text can't be empty. Remove the part instead."), code="empty")
    if words.kind == "message" and value != words.value:
        work.renamed.append((words.value, value))
    return changing.set_words(document, words, value, markup=is_markup(work.piece))


def _key(work: _Work, operation: SetKey) -> None:
    allowed = editing_toml.SLOT_KEYS if operation.table == "slots" else editing_toml.PIECE_KEYS
    wanted = allowed.get(operation.key)
    value = operation.value.replace("\r\n", "\n") if isinstance(operation.value, str) else operation.value
    value = None if value == "" else value
    if wanted is None or (value is not None and type(value) is not wanted):
        raise Refused(_("This can't be set here."), code="key")
    text = work.files[FILE].decode("utf-8")
    try:
        new = editing_toml.set_key(text, operation.table, operation.name, operation.key, value)
    except KeyError:
        raise Refused(_("This part isn't there any more. Load the page again."), code="gone") from None
    manifest = work.source.manifest
    row = manifest.slot(operation.name) if operation.table == "slots" else manifest.piece(operation.name)
    old = getattr(row, operation.key, None)
    is_translated = operation.key not in {"default", "example"} or row.kind in {"text", "richtext"}
    if isinstance(old, str) and old and isinstance(value, str) and is_translated:
        work.renamed.append((old, value))
    work.files[FILE] = new.encode()


def _translate(work: _Work, operation: Translate) -> None:
    manifest = work.source.manifest
    path = catalogue_path(operation.locale)
    if (
        operation.locale not in manifest.locales
        or operation.locale == manifest.source_locale
        or path not in work.files
    ):
        raise Refused(_("The kit has no such language."), code="locale")
    if not operation.text or operation.text not in used_texts(work.source):
        raise Refused(_("The kit doesn't say this any more. Load the page again."), code="gone")
    book = work.files[path].decode("utf-8")
    work.files[path] = editing_po.translate(
        book, operation.text, operation.value.replace("\r\n", "\n")
    ).encode()
