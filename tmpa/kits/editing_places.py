"""Which parts of a template may stand where, and the blocks that a designer can put in."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tmpa.kernel.i18n import gettext as _
from tmpa.kits.editing_tree import Document, Node, literal
from tmpa.kits.manifest import Slot
from tmpa.kits.source import KitSource

_CONTENT = frozenset(
    (
        "mj-text", "mj-button", "mj-image", "mj-divider", "mj-spacer", "mj-table", "mj-social", "mj-navbar",
        "mj-accordion", "mj-carousel", "mj-raw",
    )
)  # fmt: skip
_FLOW = frozenset(
    (
        "a", "address", "article", "aside", "blockquote", "div", "dl", "figure", "footer", "form", "h1", "h2", "h3",
        "h4", "h5", "h6", "header", "hr", "img", "main", "nav", "ol", "p", "section", "table", "ul",
    )
)  # fmt: skip
_SECTIONS = frozenset(
    ("article", "aside", "blockquote", "dd", "div", "figure", "footer", "header", "li", "section", "td")
)

# What an element takes in, by its name (MJML 4 and HTML). Anything else keeps its children where they are.
CHILDREN: dict[str, frozenset[str]] = {
    "mj-body": frozenset(("mj-section", "mj-wrapper", "mj-hero", "mj-raw")),
    "mj-wrapper": frozenset(("mj-section", "mj-raw")),
    "mj-section": frozenset(("mj-column", "mj-group", "mj-raw")),
    "mj-group": frozenset(("mj-column",)),
    "mj-column": _CONTENT,
    "mj-hero": _CONTENT,
    "mj-text": _FLOW,
    "mj-social": frozenset(("mj-social-element",)),
    "mj-navbar": frozenset(("mj-navbar-link",)),
    "mj-accordion": frozenset(("mj-accordion-element",)),
    "mj-carousel": frozenset(("mj-carousel-image",)),
    "body": _FLOW,
    "main": _FLOW,
    **dict.fromkeys(_SECTIONS, _FLOW),
    "ul": frozenset(("li",)),
    "ol": frozenset(("li",)),
    "dl": frozenset(("dt", "dd", "div")),
    "table": frozenset(("tr", "tbody", "thead")),
    "tbody": frozenset(("tr",)),
    "thead": frozenset(("tr",)),
    "tr": frozenset(("td", "th")),
}
_FIXED = frozenset(("mjml", "mj-head", "mj-body", "html", "head", "body"))


def names_of(node: Node) -> frozenset[str]:
    """The elements that a node brings to the place where it stands."""
    if node.kind == "element":
        return frozenset((node.name,))
    if node.kind == "output":  # what prints a whole part stands where such a part may stand
        return (
            frozenset(("form",))
            if node.name == "form"
            else frozenset(("figure",) * node.name.startswith("inline("))
        )
    found: set[str] = set()
    for child in node.children:
        if child.kind in {"element", "block", "branch", "output"}:
            found |= names_of(child)
    return frozenset(found)


def accepts(place: Node, names: Iterable[str]) -> bool:
    """Whether all of `names` may stand in an element, or in a branch within one."""
    container = place if place.kind == "element" else place.container
    allowed = CHILDREN.get(container.name, frozenset())
    return all(name in allowed for name in names)


def accepted(place: Node) -> frozenset[str]:
    """The elements that may stand in an element or branch."""
    container = place if place.kind == "element" else place.container
    return CHILDREN.get(container.name, frozenset())


def in_body(node: Node) -> bool:
    """Whether a node stands in the visible part of a mail or page (or of a macro that is printed there)."""
    at: Node | None = node
    while at is not None:
        if at.name in {"mj-head", "head", "style", "script"} and at.kind == "element":
            return False
        at = at.parent
    return True


def movable(node: Node) -> bool:
    """Whether a node can be moved, copied and removed as a whole."""
    if node.kind == "block":
        return node.name in {"if", "for"} and node.whole and in_body(node) and bool(names_of(node))
    if node.kind == "output":
        return (
            bool(names_of(node))
            and in_body(node)
            and names_of(node) <= CHILDREN.get(node.container.name, frozenset())
        )
    if node.kind != "element" or node.name in _FIXED or not node.whole or not in_body(node):
        return False
    return node.container.name in CHILDREN and node.name in CHILDREN[node.container.name]


@dataclass(frozen=True, slots=True)
class Component:
    """A block of the palette: `text` is what it writes, two spaces a level; `names` the elements it brings."""

    key: str
    label: str
    group: str
    text: str
    names: frozenset[str]


def palette(source: KitSource, piece_kind: str) -> Iterator[Component]:
    """The blocks for a mail or an HTML piece: layouts, contents, and one for each slot."""
    if piece_kind == "mail":
        yield from _mail_blocks(source)
    else:
        yield from _page_blocks(source)
    group = _("Slots")
    for slot in source.manifest.slots:
        text = _slot_text(slot, piece_kind)
        if text:
            name = text.split("<", 1)[1].split(">", 1)[0].split(" ", 1)[0]
            if not slot.required:
                text = f"{{% if slot.{slot.name} %}}\n{text}\n{{% endif %}}"
            yield Component(f"slot:{slot.name}", slot.label, group, text, frozenset((name,)))


def component(source: KitSource, piece_kind: str, key: str) -> Component | None:
    """A block of the palette by its key."""
    return next((each for each in palette(source, piece_kind) if each.key == key), None)


def pictures(source: KitSource, piece_kind: str) -> list[str]:
    """The kit's pictures that a piece can show: mail clients don't show SVG."""
    return [
        path
        for path in sorted(source.files)
        if path.startswith("images/") and not (piece_kind == "mail" and path.endswith(".svg"))
    ]


def _said(text: str) -> str:
    return "{{ _(" + literal(text) + ") }}"


def _columns(number: int) -> str:
    column = f"  <mj-column>\n    <mj-text>{_said('New text')}</mj-text>\n  </mj-column>\n"
    return f"<mj-section>\n{column * number}</mj-section>"


_LOGO = (
    '{% set mark = logo(180, 48) %}{% if mark %}<img src="{{ mark.url }}" alt="{{ mark.alt }}" '
    'width="{{ mark.width }}" height="{{ mark.height }}" />{% else %}<strong>{{ brand.name }}</strong>{% endif %}'
)
_BUTTON = (
    'href="{{ link.page }}" background-color="{{ brand.primary }}" color="{{ brand.on_primary }}" '
    'border="1px solid {{ brand.on_primary }}"'
)


def _mail_blocks(source: KitSource) -> Iterator[Component]:
    layout, content = _("Layout"), _("Content")

    def block(key: str, label: str, group: str, text: str, name: str = "") -> Component:
        return Component(key, label, group, text, frozenset((name or key.split(":")[0],)))

    yield block("mj-section", _("Section"), layout, _columns(1))
    yield block("mj-section:2", _("Two columns"), layout, _columns(2))
    yield block("mj-section:3", _("Three columns"), layout, _columns(3))
    yield block(
        "mj-column",
        _("Column"),
        layout,
        f"<mj-column>\n  <mj-text>{_said('New text')}</mj-text>\n</mj-column>",
    )
    hero = (
        f'<mj-hero background-color="#f3f1ec" padding="48px 24px">\n'
        f'  <mj-text align="center"><h2 style="margin:0;">{_said("New heading")}</h2></mj-text>\n'
        f"  <mj-button {_BUTTON}>{_said('Read more')}</mj-button>\n</mj-hero>"
    )
    yield block("mj-hero", _("Hero"), layout, hero)
    heading = f'<mj-text><h2 style="margin:0;">{_said("New heading")}</h2></mj-text>'
    yield block("mj-text:h2", _("Heading"), content, heading)
    yield block("mj-text", _("Text"), content, f"<mj-text>{_said('New text')}</mj-text>")
    yield block("mj-button", _("Button"), content, f"<mj-button {_BUTTON}>{_said('Read more')}</mj-button>")
    found = pictures(source, "mail")
    if found:
        image = f"""<mj-image src="{{{{ asset('{found[0]}') }}}}" alt="{{{{ _('New picture') }}}}" />"""
        yield block("mj-image", _("Picture"), content, image)
    yield block("mj-divider", _("Line"), content, '<mj-divider border-width="1px" border-color="#d8d4cb" />')
    yield block("mj-spacer", _("Space"), content, '<mj-spacer height="24px" />')
    yield block("mj-text:logo", _("Partner’s logo"), content, f"<mj-text>\n  {_LOGO}\n</mj-text>")


def _page_blocks(source: KitSource) -> Iterator[Component]:
    layout, content = _("Layout"), _("Content")

    def block(key: str, label: str, group: str, text: str) -> Component:
        return Component(key, label, group, text, frozenset((key.split(":")[0],)))

    section = f"<section>\n  <h2>{_said('New heading')}</h2>\n  <p>{_said('New text')}</p>\n</section>"
    yield block("section", _("Section"), layout, section)
    yield block("h2", _("Heading"), content, f"<h2>{_said('New heading')}</h2>")
    yield block("p", _("Text"), content, f"<p>{_said('New text')}</p>")
    yield block("ul", _("List"), content, f"<ul>\n  <li>{_said('New text')}</li>\n</ul>")
    yield block("li", _("List item"), content, f"<li>{_said('New text')}</li>")
    yield block("a", _("Link"), content, f'<a href="{{{{ link.privacy }}}}">{_said("Read more")}</a>')
    found = pictures(source, "page")
    if found:
        image = f"""<img src="{{{{ asset('{found[0]}') }}}}" alt="{{{{ _('New picture') }}}}">"""
        yield block("img", _("Picture"), content, image)
    yield block("hr", _("Line"), content, "<hr>")
    yield block("div:logo", _("Partner’s logo"), content, f"<div>{_LOGO}</div>")


def _slot_text(slot: Slot, piece_kind: str) -> str:
    name = slot.name
    mail = piece_kind == "mail"
    match slot.kind:
        case "text" | "date" | "money":
            return f"<mj-text>{{{{ slot.{name} }}}}</mj-text>" if mail else f"<p>{{{{ slot.{name} }}}}</p>"
        case "richtext":
            rich = f"<div>{{{{ slot.{name} }}}}</div>"
            return f"<mj-text>{rich}</mj-text>" if mail else rich
        case "image":
            tag = "mj-image" if mail else "img"
            return f'<{tag} src="{{{{ slot.{name} }}}}" alt="{{{{ slot.{name}.alt }}}}" />'
        case "link":
            said = _said(slot.label)
            return f'<mj-text><a href="{{{{ slot.{name} }}}}">{said}</a></mj-text>' if mail else (
                f'<p><a href="{{{{ slot.{name} }}}}">{said}</a></p>'
            )  # fmt: skip
        case _:
            return ""


def siblings(document: Document, node: Node) -> list[Node]:
    """The elements and blocks beside a node, itself included, in order."""
    parent = node.parent or document.root
    return [each for each in parent.children if each.kind in {"element", "block"}]
