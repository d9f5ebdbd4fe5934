"""The parts that a template's tree is made of, and the literals of Jinja and Typst."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["root", "element", "block", "branch", "output", "statement", "comment", "text", "tag", "stray"]

STRING = r'"(?:[^"\\]|\\.)*+"|\'(?:[^\'\\]|\\.)*+\''
_IN_JINJA = re.compile(rf"{STRING}|[\"'\[({{\])}}]|%\}}", re.DOTALL)
_TYPST_MESSAGE = re.compile(r'(?<![\w.-])t\(\s*(?P<literal>"(?:[^"\\]|\\.)*+")\s*\)', re.DOTALL)


@dataclass(slots=True)
class Attribute:
    """`name="value"` in a tag; `start` and `end` span all of it, the value's span lies inside its quotes."""

    name: str
    start: int
    end: int
    value_start: int
    value_end: int
    quote: str


@dataclass(slots=True)
class Node:
    """A part of the text. `inner_start` to `inner_end` is what its children tile (equal in atoms)."""

    id: int
    kind: Kind
    name: str
    start: int
    end: int
    inner_start: int
    inner_end: int
    attributes: list[Attribute] = field(default_factory=list)
    children: list["Node"] = field(default_factory=list)
    parent: "Node | None" = None
    loose: bool = False

    def walk(self) -> Iterator["Node"]:
        """This node and everything in it, in the order of the text."""
        pending = [self]
        while pending:
            node = pending.pop()
            yield node
            pending.extend(reversed(node.children))

    @property
    def whole(self) -> bool:
        """Whether it can be taken out: nothing in it reaches over its borders."""
        return not any(node.loose or node.kind == "stray" for node in self.walk())

    @property
    def container(self) -> "Node":
        """The element (or root) around it."""
        node = self.parent
        while node is not None and node.kind not in {"element", "root"}:
            node = node.parent
        return node or self

    def attribute(self, name: str) -> Attribute | None:
        """Its attribute of that name."""
        return next((each for each in self.attributes if each.name == name), None)


@dataclass(frozen=True, slots=True)
class Words:
    """Words that can be edited: the literal of a `_("…")` ("message"), or plain text between tags ("run").

    The span of a message includes its quotes. `attribute` names the attribute that holds it, if one does.
    """

    id: int
    kind: Literal["message", "run"]
    start: int
    end: int
    value: str
    node: int
    attribute: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed text. Ids count in the order of the text: the same text always has the same ids."""

    text: str
    root: Node
    nodes: dict[int, Node]
    words: tuple[Words, ...]

    def of(self, node: Node) -> str:
        """The text of a node."""
        return self.text[node.start : node.end]

    def value(self, attribute: Attribute) -> str:
        """The value of an attribute as it is written."""
        return self.text[attribute.value_start : attribute.value_end]

    def starting_at(self, offset: int) -> Node | None:
        """The element or block that begins at an offset."""
        found = (node for node in self.nodes.values() if node.start == offset)
        return next((node for node in found if node.kind in {"element", "block", "output"}), None)


def jinja_end(text: str, start: int) -> int:
    """Where the `{{ }}`, `{% %}` or `{# #}` that begins at `start` ends; -1 where it never does."""
    opener = text[start : start + 2]
    if opener == "{#":
        found = text.find("#}", start + 2)
        return found + 2 if found >= 0 else -1
    close = "}}" if opener == "{{" else "%}"
    depth = 0
    for token in _IN_JINJA.finditer(text, start + 2):
        mark = token[0]
        if len(mark) == 1 and mark in "\"'":
            return -1  # a string that never ends
        if depth == 0 and text.startswith(close, token.start()) and mark[0] in "}%":
            return token.start() + 2
        if mark in "([{":
            depth += 1
        elif mark in ")]}" and depth:
            depth -= 1
    return -1


def literal_value(literal: str) -> str:
    """What a Jinja string literal says."""
    inner = literal[1:-1].replace("\r\n", "\n")
    try:
        return inner.encode("ascii", "backslashreplace").decode("unicode-escape")
    except UnicodeDecodeError:
        return inner


def literal(value: str, quote: str = '"') -> str:
    """A Jinja string literal that says `value`."""
    escaped = value.replace("\\", "\\\\").replace(quote, "\\" + quote).replace("\n", "\\n").replace("\r", "")
    return f"{quote}{escaped}{quote}"


def typst_messages(text: str) -> Iterator[tuple[int, int, str]]:
    """Start, end (with quotes) and value of every `t("…")` of a Typst file outside comments."""
    for match in _TYPST_MESSAGE.finditer(text):
        line = text[text.rfind("\n", 0, match.start()) + 1 : match.start()]
        if not re.search(r"(?<![:\\])//", line):
            value = re.sub(
                r"\\(.)", lambda each: {"n": "\n", "t": "\t"}.get(each[1], each[1]), match["literal"][1:-1]
            )
            yield match.start("literal"), match.end("literal"), value
