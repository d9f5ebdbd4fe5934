"""The kit with its parts marked, for the editor’s canvas: the server’s render in which each element names its node.

MJML elements get a class (which the compiler carries into the HTML), HTML elements an attribute. Only the canvas is
rendered from this; nothing of it is kept.
"""

from tmpa.kits.editing_changes import Edit, splice
from tmpa.kits.editing_places import in_body
from tmpa.kits.editing_tree import Document, Node
from tmpa.kits.manifest import Piece
from tmpa.kits.source import KitSource

CLASS = "tmpa-n"
ATTRIBUTE = "data-tmpa-n"
_UNMARKED = frozenset(("mjml", "mj-raw", "html", "head", "style", "script", "title"))


def marked(source: KitSource, piece: Piece, document: Document) -> KitSource:
    """The kit with the elements of one piece marked by the ids of `document`, the tree of its template."""
    classes = _default_classes(document)
    edits: list[Edit] = []
    for node in document.nodes.values():
        if node.kind != "element" or node.name in _UNMARKED or not in_body(node):
            continue
        at = node.start + 1 + len(node.name)
        if not node.name.startswith("mj-"):
            edits.append((at, at, f' {ATTRIBUTE}="{node.id}"'))
        elif found := node.attribute("css-class"):
            edits.append((found.value_start, found.value_start, f"{CLASS}{node.id} "))
        else:
            inherited = " ".join(classes[name] for name in ("mj-all", node.name) if name in classes)
            edits.append((at, at, f' css-class="{f"{CLASS}{node.id} {inherited}".strip()}"'))
    files = {**source.files, piece.template: splice(document.text, tuple(edits)).encode()}
    return KitSource(files, source.manifest, f"canvas {piece.name} {source.content_hash}")


def _default_classes(document: Document) -> dict[str, str]:
    """The css-class that mj-attributes gives each element: a class of its own would hide it."""
    found: dict[str, str] = {}
    for node in document.nodes.values():
        if node.kind == "element" and _parent_name(node) == "mj-attributes":
            given = node.attribute("css-class")
            if given is not None:
                found[node.name] = document.value(given)
    return found


def _parent_name(node: Node) -> str:
    return node.parent.name if node.parent else ""
