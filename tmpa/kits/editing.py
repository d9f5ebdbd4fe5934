"""A template as a tree that keeps every byte: for the editor, which changes a place and leaves the rest as it was.

``parse(text, markup=…)`` gives a `Document`; ``serialise(document)`` is the text again, for every input. Nodes tile the
text: elements with their attributes, Jinja blocks with their branches, and everything else as atoms. What isn't nested
properly (an element that opens inside an `{% if %}` and ends outside) is kept and marked `loose`: it can't be moved.
"""

import re
from collections.abc import Iterator
from html import unescape
from typing import Literal

from tmpa.kits.editing_tree import STRING, Attribute, Document, Kind, Node, Words, jinja_end, literal_value

__all__ = ["Document", "Node", "Words", "parse", "serialise"]

VOID = frozenset(
    ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr")
)  # fmt: skip
RAW_TEXT = frozenset(("style", "script", "textarea", "title", "mj-style"))
_BLOCKS = frozenset(("if", "for", "macro", "call", "filter", "block", "with", "autoescape"))
_NEXT = re.compile(r"\{[{%#]|<")
_NEXT_JINJA = re.compile(r"\{[{%#]")
_KEYWORD = re.compile(r"\{%[-+]?\s*([A-Za-z_]\w*)")
_END_RAW = re.compile(r"\{%[-+]?\s*endraw\s*[-+]?%\}")
_CLOSE_TAG = re.compile(r"</([A-Za-z][\w:.-]*)\s*>")
_OPEN_NAME = re.compile(r"<([A-Za-z][\w:.-]*)(?=[\s/>{])")
_ATTRIBUTE_NAME = re.compile(r"[^\s\"'<>/={}]+")
_BARE_VALUE = re.compile(r"[^\s\"'<>{}]*")
_SPACE = re.compile(r"\s+")
_EQUALS = re.compile(r"\s*=\s*")
_MESSAGE = re.compile(rf"(?<![\w.])_\(\s*(?P<literal>{STRING})(?=\s*[,)])|{STRING}", re.DOTALL)
_WORDS = re.compile(r"\w")


def parse(text: str, *, markup: bool = True) -> Document:
    """The tree of a template. Without `markup` only Jinja is understood (posts). Never raises; linear in the text."""
    return _Builder(text, markup).build()


def serialise(document: Document) -> str:
    """The text, put together from the tree: equal to what was parsed."""
    return "".join(_pieces(document.text, document.root))


def _pieces(text: str, root: Node) -> Iterator[str]:
    pending: list[Node | tuple[int, int]] = [root]
    while pending:
        item = pending.pop()
        if isinstance(item, tuple):
            yield text[item[0] : item[1]]
        elif item.children:
            pending += [(item.inner_end, item.end), *reversed(item.children), (item.start, item.inner_start)]
        else:
            yield text[item.start : item.end]


class _Builder:
    """One pass over the text; a stack of what is open."""

    def __init__(self, text: str, markup: bool) -> None:
        self.text = text
        self.next = _NEXT if markup else _NEXT_JINJA
        self.nodes: dict[int, Node] = {}
        self.words: list[Words] = []
        self.root = self._make("root", "", 0, len(text))
        self.root.inner_start, self.root.inner_end = 0, len(text)
        self.stack = [self.root]
        self.open_names: dict[str, int] = {}
        self.elements = [
            self.root
        ]  # the open elements alone, and the open branches: no search in a deep stack
        self.branches: list[Node] = []
        self.comments_end = True

    def build(self) -> Document:
        at = end = 0
        text = self.text
        while True:
            found = self.next.search(text, at)
            if found is None:
                break
            start = found.start()
            taken = self._tag(start, end) if found[0] == "<" else self._jinja(start, end)
            if taken is None:  # a brace or bracket that is only text
                if found[0] != "<":
                    break  # Jinja that never ends: the rest can't be understood
                at = start + 1
                continue
            at = end = taken
        self._text(end, len(text))
        while len(self.stack) > 1:
            self._leave(len(text), loose=True)
        return Document(text, self.root, self.nodes, tuple(self.words))

    def _make(self, kind: Kind, name: str, start: int, end: int) -> Node:
        node = Node(len(self.nodes), kind, name, start, end, end, end)
        self.nodes[node.id] = node
        return node

    def _add(self, kind: Kind, name: str, start: int, end: int) -> Node:
        node = self._make(kind, name, start, end)
        node.parent = self.stack[-1]
        self.stack[-1].children.append(node)
        return node

    def _enter(self, node: Node) -> None:
        self.stack.append(node)
        if node.kind == "element":
            self.open_names[node.name] = self.open_names.get(node.name, 0) + 1
            self.elements.append(node)
        elif node.kind == "branch":
            self.branches.append(node)

    def _leave(self, inner_end: int, end: int | None = None, *, loose: bool = False) -> Node:
        node = self.stack.pop()
        node.inner_end = inner_end
        node.end = inner_end if end is None else end
        node.loose = node.loose or loose
        if node.kind == "element":
            self.open_names[node.name] -= 1
            self.elements.pop()
        elif node.kind == "branch":
            self.branches.pop()
        return node

    def _text(self, start: int, end: int) -> None:
        if start >= end:
            return
        node = self._add("text", "", start, end)
        raw = self.text[start:end]
        if self.elements[-1].name not in RAW_TEXT and _WORDS.search(unescape(raw)):
            lead = len(raw) - len(raw.lstrip())
            tail = len(raw.rstrip())
            self._word("run", start + lead, start + tail, unescape(raw[lead:tail]), node.parent or self.root)

    def _word(
        self, kind: Literal["message", "run"], start: int, end: int, value: str, node: Node, name: str = ""
    ) -> None:
        self.words.append(Words(len(self.words), kind, start, end, value, node.id, name))

    def _messages(self, start: int, end: int, node: Node, name: str = "") -> None:
        for match in _MESSAGE.finditer(self.text, start, end):
            if match["literal"]:
                value = literal_value(match["literal"])
                self._word("message", match.start("literal"), match.end("literal"), value, node, name)

    def _jinja(self, start: int, done: int) -> int | None:
        end = jinja_end(self.text, start)
        if end < 0:
            return None
        opener = self.text[start : start + 2]
        if opener != "{%":
            self._text(done, start)
            inner = self.text[start + 2 : end - 2].strip("-+ \t\r\n")
            node = self._add("comment" if opener == "{#" else "output", inner, start, end)
            if opener == "{{":
                self._messages(start, end, self.stack[-1] if self.stack[-1].kind != "root" else node)
            return end
        keyword = _KEYWORD.match(self.text, start)
        name = keyword[1] if keyword else ""
        if name == "raw":
            closed = _END_RAW.search(self.text, end)
            if closed is None:
                return None
            end = closed.end()
            name = "rawtext"
        self._text(done, start)
        self._statement(name, start, end)
        return end

    def _statement(self, name: str, start: int, end: int) -> None:
        block = self.branches[-1].parent if self.branches else None
        if name in _BLOCKS or (name == "set" and "=" not in self.text[start:end]):
            node = self._add("block", name, start, end)
            node.inner_start = start
            self._enter(node)
            self._branch(start, end)
        elif name in {"else", "elif"} and block is not None and block.name in {"if", "for"}:
            self._close_branch(start)
            self._branch(start, end)
        elif name.startswith("end") and block is not None and name == f"end{block.name}":
            self._close_branch(start)
            self._leave(start, end)
        elif name.startswith("end") or name in {"else", "elif"}:
            self._add("stray", name, start, end)
        else:
            node = self._add("statement", name, start, end)
            self._messages(start, end, node)

    def _branch(self, start: int, end: int) -> None:
        node = self._add("branch", self.text[start + 2 : end - 2].strip("-+ \t\r\n"), start, end)
        node.inner_start = end
        self._enter(node)
        self._messages(start, end, node)

    def _close_branch(self, at: int) -> None:
        while self.stack[-1].kind != "branch":
            self._leave(at, loose=True)
        self._leave(at)

    def _tag(self, start: int, done: int) -> int | None:
        text = self.text
        if text.startswith("<!--", start):
            found = text.find("-->", start + 4) if self.comments_end else -1
            if found < 0:
                self.comments_end = False
                return None
            self._text(done, start)
            self._add("comment", "", start, found + 3)
            return found + 3
        if text.startswith(("<!", "<?"), start):
            found = text.find(">", start)
            if found < 0:
                return None
            self._text(done, start)
            self._add("tag", "", start, found + 1)
            return found + 1
        if text.startswith("</", start):
            closed = _CLOSE_TAG.match(text, start)
            if closed is None or self._inside_raw(closed[1]):
                return None
            self._text(done, start)
            self._close(closed[1], start, closed.end())
            return closed.end()
        if self._inside_raw(""):
            return None
        opened = _OPEN_NAME.match(text, start)
        scanned = self._attributes(opened.end()) if opened else None
        if opened is None or scanned is None:
            return None
        attributes, end, closes = scanned
        self._text(done, start)
        node = self._add("element", opened[1], start, end)
        node.attributes = attributes
        last = opened.end()
        for each in attributes:
            self._messages(last, each.start, node)
            self._messages(each.value_start, each.value_end, node, each.name)
            last = each.end
        if not closes and opened[1].lower() not in VOID:
            self._enter(node)
        return end

    def _inside_raw(self, closing: str) -> bool:
        """Whether tags mean nothing here; `closing` is the only end tag that does."""
        node = self.elements[-1]
        return node.name.lower() in RAW_TEXT and node.name != closing

    def _close(self, name: str, start: int, end: int) -> None:
        if self.open_names.get(name):
            for place in range(len(self.stack) - 1, 0, -1):
                node = self.stack[place]
                if node.kind == "element" and node.name == name:
                    while self.stack[-1] is not node:
                        self._leave(start, loose=True)
                    self._leave(start, end)
                    return
                if node.kind == "branch":
                    break  # it was opened outside this branch
        self._add("stray", name, start, end)

    def _attributes(self, at: int) -> tuple[list[Attribute], int, bool] | None:
        """Attributes, end of the tag, whether it closes itself; None where the tag never ends."""
        text = self.text
        found: list[Attribute] = []
        while at < len(text):
            if space := _SPACE.match(text, at):
                at = space.end()
            elif text[at] == ">":
                return found, at + 1, False
            elif text.startswith("/>", at):
                return found, at + 2, True
            elif _NEXT_JINJA.match(text, at):
                at = jinja_end(text, at)
                if at < 0:
                    return None
            elif name := _ATTRIBUTE_NAME.match(text, at):
                item = self._attribute(name)
                if item is None:
                    return None
                found.append(item)
                at = item.end
            elif text[at] == "<":
                return None
            else:
                at += 1
        return None

    def _attribute(self, name: "re.Match[str]") -> Attribute | None:
        text = self.text
        equals = _EQUALS.match(text, name.end())
        if equals is None:
            return Attribute(name[0], name.start(), name.end(), name.end(), name.end(), "")
        at = equals.end()
        quote = text[at : at + 1]
        if quote not in {'"', "'"} or not quote:
            bare = _BARE_VALUE.match(text, at)
            stop = bare.end() if bare else at
            return Attribute(name[0], name.start(), stop, at, stop, "")
        start = at = at + 1
        while at < len(text):
            if text[at] == quote:
                return Attribute(name[0], name.start(), at + 1, start, at, quote)
            stop = jinja_end(text, at) if _NEXT_JINJA.match(text, at) else at + 1
            if stop < 0:
                return None
            at = stop
        return None
