"""Changes to a template as small replacements in its text: every byte outside them stays as it was."""

import re
from dataclasses import dataclass
from html import escape

from tmpa.kernel.errors import Refused
from tmpa.kernel.i18n import gettext as _
from tmpa.kits.editing_places import Component, accepts, movable, names_of
from tmpa.kits.editing_tree import Attribute, Document, Node, Words, jinja_end, literal

Edit = tuple[int, int, str]
EXPRESSION = re.compile(
    r"\{\{ ?(?:slot\.[a-z]\w*(?:\.alt)?|brand\.[a-z]\w*|link\.[a-z]\w*|page\.url|kit\.accent|start|end|direction|locale"
    r"|asset\((?:'images/[\w./-]+'|\"images/[\w./-]+\")\)) ?\}\}"
)
_JINJA = re.compile(r"\{[{%#]")
_CSS_VALUE = re.compile(r"[^;{}<>\"'\\]*")


@dataclass(frozen=True, slots=True)
class Change:
    """Replacements in a text; `focus` is where the part that they are about begins in the new text (-1: nowhere)."""

    edits: tuple[Edit, ...]
    focus: int = -1


def splice(text: str, edits: tuple[Edit, ...]) -> str:
    """The text with every edit made. Edits must not overlap."""
    out: list[str] = []
    done = 0
    for start, end, new in sorted(edits):
        if start < done:
            raise ValueError("edits overlap")
        out += (text[done:start], new)
        done = end
    return "".join((*out, text[done:]))


# --- where things stand: whole lines move as lines, what stands within a line moves within lines


def _lines(text: str, start: int, end: int) -> tuple[int, int] | None:
    """The span of the lines that hold start to end and nothing else."""
    first = text.rfind("\n", 0, start) + 1
    newline = text.find("\n", end)
    last = len(text) if newline < 0 else newline + 1
    return (first, last) if not text[first:start].strip() and not text[end:last].strip() else None


def _blank_before(text: str, at: int) -> int:
    while at > 0:
        start = text.rfind("\n", 0, at - 1) + 1
        if text[start:at].strip():
            break
        at = start
    return at


def _blank_after(text: str, at: int) -> int:
    while at < len(text):
        newline = text.find("\n", at)
        end = len(text) if newline < 0 else newline + 1
        if text[at:end].strip():
            break
        at = end
    return at


@dataclass(frozen=True, slots=True)
class _Cut:
    """What goes when a node goes (`start` to `end`), and what of it arrives elsewhere."""

    start: int
    end: int
    body: str
    gap: str
    is_lines: bool


def _cut(document: Document, node: Node) -> _Cut:
    text = document.text
    lines = _lines(text, node.start, node.end)
    if lines is None:
        return _Cut(node.start, node.end, document.of(node), "", False)
    first, last = lines
    body = text[first:last]
    parent = node.parent or document.root
    earlier = [each for each in parent.children if each.end <= node.start and document.of(each).strip()]
    if earlier:
        start = _blank_before(text, first)
        return _Cut(start, last, body, text[start:first], True)
    end = _blank_after(text, last)
    return _Cut(first, end, body, text[last:end], True)


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _indent(text: str, at: int) -> str:
    start = text.rfind("\n", 0, at) + 1
    found = re.compile(r"[ \t]*").match(text, start)
    return found[0] if found else ""


def _place(document: Document, parent: Node, before: Node | None, part: _Cut) -> Edit:
    """The edit that puts a part into `parent`, before one of its children or at its end."""
    text = document.text
    if before is not None:
        lines = _lines(text, before.start, before.end)
        if lines is None:
            return (before.start, before.start, part.body.strip() if part.is_lines else part.body)
        at = lines[0]
        if part.is_lines:
            return (at, at, part.body + part.gap)
        return (at, at, _indent(text, before.start) + part.body + _newline(text))
    if parent.kind == "element" and parent.inner_start == parent.end:  # <mj-column />
        opening = text[parent.start : parent.end]
        shut = len(opening[:-2].rstrip())
        new = f">{part.body.strip()}</{parent.name}>"
        return (parent.start + shut, parent.end, new)
    at = parent.inner_end
    line = text.rfind("\n", 0, at) + 1
    if line <= parent.inner_start or text[line:at].strip():
        return (at, at, part.body.strip() if part.is_lines else part.body)
    if part.is_lines:
        return (line, line, part.gap + part.body)
    children = [each for each in parent.children if document.of(each).strip()]
    indent = _indent(text, children[-1].start) if children else _indent(text, parent.start) + "  "
    return (line, line, indent + part.body + _newline(text))


def _check_place(parent: Node, before: Node | None, names: frozenset[str]) -> None:
    if parent.kind not in {"element", "branch"} or not accepts(parent, names):
        raise Refused(_("This can't stand there. Choose another place."), code="place")
    if before is not None and before.parent is not parent:
        raise Refused(_("This can't stand there. Choose another place."), code="place")
    if parent.loose or (parent.parent and parent.kind == "branch" and parent.parent.loose):
        raise _interwoven()


def _interwoven() -> Refused:
    message = _("This part is interwoven with a rule of the template. Change it in the code.")
    return Refused(message, code="interwoven")


def _focus(edit: Edit, removed: tuple[int, int] | None = None) -> int:
    start, _end, new = edit
    shift = removed[1] - removed[0] if removed and start >= removed[1] else 0
    return start - shift + len(new) - len(new.lstrip())


def move(document: Document, node: Node, parent: Node, before: Node | None) -> Change:
    """Put a node into another place. Raises Refused."""
    if not movable(node):
        raise _interwoven()
    if parent in node.walk() or before is node:
        raise Refused(_("A part can't be moved into itself."), code="place")
    _check_place(parent, before, names_of(node))
    part = _cut(document, node)
    edit = _place(document, parent, before, part)
    if part.start < edit[0] < part.end:
        return Change((), node.start)
    shift = len(part.gap) if part.is_lines and edit[2].startswith(part.gap) and before is None else 0
    focus = _focus((edit[0], edit[1], edit[2][shift:]), (part.start, part.end)) + shift
    return Change(((part.start, part.end, ""), edit), focus)


def duplicate(document: Document, node: Node) -> Change:
    """A copy right after a node. Raises Refused."""
    if not movable(node):
        raise _interwoven()
    part = _cut(document, node)
    lines = _lines(document.text, node.start, node.end)
    at = lines[1] if lines else node.end
    gap = part.gap if part.is_lines else ""
    if lines and not part.body.endswith("\n"):
        gap += _newline(document.text)
    new = gap + part.body
    return Change(((at, at, new),), at + len(gap) + len(part.body) - len(part.body.lstrip()))


def delete(document: Document, node: Node) -> Change:
    """Take a node out. Raises Refused."""
    if not movable(node):
        raise _interwoven()
    part = _cut(document, node)
    parent = node.parent or document.root
    return Change(((part.start, part.end, ""),), parent.start if parent.kind == "element" else -1)


def insert(document: Document, component: Component, parent: Node, before: Node | None) -> Change:
    """Put a block of the palette in. Raises Refused."""
    _check_place(parent, before, component.names)
    text = document.text
    children = [each for each in parent.children if each.kind in {"element", "block"}]
    near = before or (children[-1] if children else None)
    inline = near is not None and _lines(text, near.start, near.end) is None
    indent = _indent(text, near.start) if near else _indent(text, parent.start) + "  "
    newline = _newline(text)
    if inline:
        part = _Cut(0, 0, re.sub(r"\n\s*", "", component.text), "", False)
    else:
        body = "".join(f"{indent}{line}{newline}" for line in component.text.split("\n"))
        gap = _cut(document, near).gap if near else ""  # sections that stand apart go on standing apart
        part = _Cut(0, 0, body, gap, True)
        if (
            not children
            and parent.kind == "element"
            and text[parent.inner_start : parent.inner_end].strip() == ""
        ):
            return _into_empty(document, parent, body)
    edit = _place(document, parent, before, part)
    return Change((edit,), _focus(edit))


def _into_empty(document: Document, parent: Node, body: str) -> Change:
    """Into an element that has nothing in it yet: its end tag gets a line of its own."""
    text = document.text
    newline = _newline(text)
    closing = _indent(text, parent.start)
    if parent.inner_start == parent.end:
        shut = parent.start + len(text[parent.start : parent.end - 2].rstrip())
        edit = (shut, parent.end, f">{newline}{body}{closing}</{parent.name}>")
        lead = 1
    else:
        edit = (parent.inner_start, parent.inner_end, f"{newline}{body}{closing}")
        lead = 0
    inner = edit[2][lead:]
    return Change((edit,), edit[0] + lead + len(inner) - len(inner.lstrip()))


# --- attributes, styles, words


def attribute_text(value: str, quote: str = '"') -> str:
    """A value as it is written between quotes: simple expressions stay, everything else is escaped. Raises Refused."""
    out: list[str] = []
    end = 0
    for match in EXPRESSION.finditer(value):
        out += (_plain(value[end : match.start()], quote), match[0])
        end = match.end()
    return "".join((*out, _plain(value[end:], quote)))


def _plain(value: str, quote: str) -> str:
    if _JINJA.search(value):
        raise Refused(_("Template code can't be typed here. Change it in the code."), code="code")
    cleaned = "".join(char for char in value if char >= " " or char == "\t")
    return escape(cleaned, quote=False).replace(quote, "&quot;" if quote == '"' else "&#39;")


def is_simple(value: str) -> bool:
    """Whether a written value can be edited in a field: no template code in it but simple expressions."""
    return not _JINJA.search(EXPRESSION.sub("", value))


def set_attribute(document: Document, node: Node, name: str, value: str | None) -> Change:
    """Write, add or remove (None) an attribute. Raises Refused."""
    found = node.attribute(name)
    if found is not None and not is_simple(document.value(found)):
        raise _interwoven()
    if value is None:
        return Change((_without(document, found),) if found else (), node.start)
    return _write(document, node, name, attribute_text(value, found.quote if found and found.quote else '"'))


def set_said(document: Document, node: Node, name: str, value: str) -> Change:
    """Write an attribute whose value is translated (alternative text)."""
    return _write(document, node, name, "{{ _(" + literal(value, "'") + ") }}")


def _without(document: Document, found: Attribute) -> Edit:
    start = len(document.text[: found.start].rstrip())
    return (start, found.end, "")


def _write(document: Document, node: Node, name: str, written: str) -> Change:
    found = node.attribute(name)
    if found is not None and found.quote:
        return Change(((found.value_start, found.value_end, written),), node.start)
    new = f'{name}="{written}"'
    if found is not None:
        return Change(((found.start, found.end, new),), node.start)
    at = node.start + 1 + len(node.name)
    last = at
    for each in node.attributes:
        if "{" in document.text[last : each.start]:  # an attribute under a condition: stay before it
            break
        last = each.end
    else:
        tag_end = node.inner_start if node.inner_start != node.end else node.end
        if "{" not in document.text[last:tag_end]:
            at = last
    return Change(((at, at, f" {new}"),), node.start)


def declarations(document: Document, found: Attribute) -> list[tuple[str, int, int]]:
    """Name, start and end of the value of each declaration in a style attribute that has no template code around it."""
    text = document.text
    result: list[tuple[str, int, int]] = []
    at = start = found.value_start
    while at <= found.value_end:
        if at == found.value_end or text[at] == ";":
            name, colon, _value = text[start:at].partition(":")
            if colon and not _JINJA.search(name):
                result.append((name.strip().lower(), start + len(name) + 1, at))
            start = at + 1
        elif _JINJA.match(text, at):
            at = max(jinja_end(text, at), at + 1)
            continue
        at += 1
    return result


def set_style(document: Document, node: Node, name: str, value: str | None) -> Change:
    """Write, add or remove (None) one declaration of a style attribute. Raises Refused."""
    plain = EXPRESSION.sub("", value or "").lower()
    if not _CSS_VALUE.fullmatch(plain) or "url(" in plain:
        raise Refused(_("“%(value)s” is not a value that fits here.", value=(value or "")[:60]), code="value")
    found = node.attribute("style")
    if found is None or not found.quote:
        return (
            _write(document, node, "style", f"{name}:{attribute_text(value)};")
            if value
            else Change((), node.start)
        )
    matching = [each for each in declarations(document, found) if each[0] == name]
    if not matching:
        if not value:
            return Change((), node.start)
        written = document.value(found)
        joint = "" if not written.strip() or written.rstrip().endswith((";", "}")) else ";"
        at = found.value_start + len(written.rstrip())
        return Change(((at, at, f"{joint}{name}:{attribute_text(value, found.quote)};"),), node.start)
    _name, start, end = matching[-1]
    old = document.text[start:end]
    if not is_simple(old):
        raise _interwoven()
    if value:
        lead = len(old) - len(old.lstrip())
        important = " !important" if "!important" in old else ""
        return Change(((start + lead, end, attribute_text(value, found.quote) + important),), node.start)
    begin = document.text.rfind(name, found.value_start, start)
    stop = end + 1 if document.text[end : end + 1] == ";" else end
    return Change(((begin, stop, ""),), node.start)


def set_words(document: Document, words: Words, value: str, *, markup: bool = True) -> Change:
    """Write other words: of a `_("…")`, or of plain text. Raises Refused."""
    if words.kind == "message":
        quote = document.text[words.start]
        return Change(((words.start, words.end, literal(value, quote)),))
    if _JINJA.search(value):
        raise Refused(_("Template code can't be typed here. Change it in the code."), code="code")
    written = escape(value, quote=False).replace("\xa0", "&nbsp;") if markup else value
    return Change(((words.start, words.end, written),))
