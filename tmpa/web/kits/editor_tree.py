"""A template's tree as the editor lists it: what can be seen in the piece, in the words of people who design."""

from bisect import bisect_left
from dataclasses import dataclass, field

from tmpa.kernel.i18n import gettext as _
from tmpa.kernel.i18n import lazy_gettext as _l
from tmpa.kits.editing_places import accepted, in_body, movable, names_of
from tmpa.kits.editing_tree import Document, Node
from tmpa.kits.manifest import Manifest

LABELS = {
    "mj-body": _l("Mail"), "mj-wrapper": _l("Wrapper"), "mj-section": _l("Section"), "mj-group": _l("Group"),
    "mj-column": _l("Column"), "mj-hero": _l("Hero"), "mj-text": _l("Text"), "mj-button": _l("Button"),
    "mj-image": _l("Picture"), "mj-divider": _l("Line"), "mj-spacer": _l("Space"), "mj-table": _l("Table"),
    "mj-social": _l("Social links"), "mj-social-element": _l("Social link"), "mj-navbar": _l("Navigation"),
    "mj-navbar-link": _l("Link"), "mj-accordion": _l("Accordion"), "mj-carousel": _l("Carousel"),
    "mj-raw": _l("HTML"), "body": _l("Page"), "main": _l("Main part"), "header": _l("Header"),
    "footer": _l("Footer"), "section": _l("Section"), "article": _l("Article"), "nav": _l("Navigation"),
    "aside": _l("Aside"), "div": _l("Box"), "h1": _l("Main heading"), "h2": _l("Heading"), "h3": _l("Smaller heading"),
    "p": _l("Paragraph"), "ul": _l("List"), "ol": _l("Numbered list"), "li": _l("List item"), "a": _l("Link"),
    "img": _l("Picture"), "figure": _l("Figure"), "table": _l("Table"), "tr": _l("Row"), "td": _l("Cell"),
    "th": _l("Head cell"), "strong": _l("Strong text"), "b": _l("Strong text"), "em": _l("Emphasis"),
    "span": _l("Words"), "dl": _l("List of terms"), "dt": _l("Term"), "dd": _l("Explanation"), "hr": _l("Line"),
    "time": _l("Time"), "form": _l("Form"),
}  # fmt: skip
_HIDDEN = frozenset(
    ("br", "wbr", "meta", "link", "mj-head", "head", "script", "style", "title", "path", "svg")
)
_SEEN_THROUGH = frozenset(("mjml", "html", "tbody", "thead"))
_LONGEST = 48
DEEPEST = 40  # a mail may nest 80 elements, a page any number; nobody designs that deep


@dataclass(slots=True)
class Row:
    """A line of the list of parts. `parent` and `place` are ids: where it stands, and where its children stand."""

    node: Node
    label: str
    excerpt: str
    parent: int
    place: int
    accepts: str
    names: str
    movable: bool
    path: str = ""
    children: list["Row"] = field(default_factory=list)


def label_of(node: Node) -> str:
    """An element or block in plain words."""
    if node.kind == "element":
        return str(LABELS.get(node.name, f"<{node.name}>"))
    if node.kind == "output":
        return _("Form") if node.name == "form" else _("Drawing")
    if node.kind == "block" and node.name == "macro":
        return _("Reusable part")
    if node.kind == "block" and node.name == "for":
        return _("Repeated")
    return _("Shown by a rule")


class Tree:
    """The rows of a document."""

    def __init__(self, document: Document, manifest: Manifest) -> None:
        self.document = document
        self._slots = {slot.name: slot.label for slot in manifest.slots}
        self._starts = [words.start for words in document.words]
        self._outputs = [node for node in document.nodes.values() if node.kind == "output"]
        self._output_starts = [node.start for node in self._outputs]
        self.by_id: dict[int, Row] = {}
        found = self._rows(document.root, document.root.id, "")
        self.rows = sorted(found, key=lambda row: row.node.name == "macro")  # what is seen comes first

    def _rows(self, parent: Node, place: int, path: str) -> list[Row]:
        found: list[Row] = []
        for node in parent.children:
            if node.kind == "element" and node.name in _SEEN_THROUGH:
                found += self._rows(node, node.id, path)
            elif self._is_shown(node):
                found.append(self._row(node, place, path))
        return found

    @staticmethod
    def _is_shown(node: Node) -> bool:
        if node.kind == "block":
            return bool(names_of(node) - _HIDDEN) and in_body(node)
        if node.kind == "output":
            return bool(names_of(node)) and in_body(node)
        return node.kind == "element" and node.name not in _HIDDEN and in_body(node)

    def _row(self, node: Node, parent: int, path: str, inside: Node | None = None) -> Row:
        branches = [each for each in node.children if each.kind == "branch"] if node.kind == "block" else []
        within = inside or (branches[0] if len(branches) == 1 else node)
        label = label_of(node) if node.kind != "branch" else _("When")
        takes = " ".join(sorted(accepted(within))) if within.kind in {"element", "branch"} else ""
        row = Row(
            node,
            label,
            self._excerpt(node),
            parent,
            within.id,
            takes,
            " ".join(sorted(names_of(node))),
            movable(node),
            f"{path} › {label}" if path else label,
        )
        self.by_id[node.id] = row
        if len(branches) > 1:
            row.children = [self._row(each, node.id, row.path, each) for each in branches]
        else:
            row.children = self._rows(within, within.id, row.path) if row.path.count("›") < DEEPEST else []
        return row

    def _excerpt(self, node: Node) -> str:
        if node.kind in {"block", "branch"}:
            text = node.name if node.kind == "branch" else node.children[0].name
            return _short(text)
        at = bisect_left(self._starts, node.start)
        if at < len(self._starts) and self._starts[at] < node.end:
            return _short(self.document.words[at].value)
        at = bisect_left(self._output_starts, node.start)
        if at < len(self._outputs) and self._outputs[at].end <= node.end:
            name = self._outputs[at].name
            kind, _dot, rest = name.partition(".")
            return _short(self._slots.get(rest, name) if kind == "slot" else name)
        return ""


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
