"""Texts as XLIFF's inline content: placeholders and tags become protected codes, and come back as they were.

Every code of a unit has a number: those of the source in their order, then those that only a translation has. What
XML can't hold (control characters) travels as `<cp/>` in XLIFF 2 and as `<x ctype="x-tmpa-cp">` in 1.2.
"""

import re
from collections.abc import Iterator, Sequence

from lxml import etree

from tmpa.kernel.i18n import gettext as _
from tmpa.kits.localisation.placeholders import codes, split

NS2 = "urn:oasis:names:tc:xliff:document:2.0"
NS1 = "urn:oasis:names:tc:xliff:document:1.2"
MAX_TEXT = 100_000  # characters of one source or target: a code may stand for many, and stand often
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class InlineError(ValueError):
    """Inline content that can't be read; `line` counts from 1, `message` is a sentence."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line, self.message = line, message


def clean(text: str) -> str:
    """A text without characters that XML can't hold, for notes and attributes."""
    return _NO_XML.sub("\ufffd", text)


def numbered(texts: Sequence[str]) -> dict[str, int]:
    """Number of every code of a unit, from 1: the source's first, then what only the translation has."""
    found: dict[str, int] = {}
    for text in texts:
        for code in codes(text):
            found.setdefault(code, len(found) + 1)
    return found


def _append(parent: "etree._Element", text: str) -> None:
    last = parent[-1] if len(parent) else None
    if last is None:
        parent.text = (parent.text or "") + text
    else:
        last.tail = (last.tail or "") + text


def _plain(parent: "etree._Element", text: str, version: str) -> None:
    end = 0
    for match in _NO_XML.finditer(text):
        _append(parent, text[end : match.start()])
        number = f"{ord(match[0]):04X}"
        if version == "2.1":
            etree.SubElement(parent, f"{{{NS2}}}cp", hex=number)
        else:
            etree.SubElement(parent, f"{{{NS1}}}x", id=f"cp{match.start()}-{number}", ctype="x-tmpa-cp")
        end = match.end()
    _append(parent, text[end:])


def write_inline(parent: "etree._Element", text: str, numbers: dict[str, int], version: str) -> None:
    """Put a text into a source or target element."""
    seen: dict[str, int] = {}
    for piece in split(text):
        if piece.kind == "text":
            _plain(parent, piece.text, version)
            continue
        number, again = numbers[piece.text], seen.get(piece.text, 0)
        seen[piece.text] = again + 1
        identity = f"{number}-{again + 1}" if again else str(number)
        if version == "2.1":
            attributes = {"id": identity, "dataRef": f"d{number}", "canDelete": "no", "disp": piece.text}
            etree.SubElement(parent, f"{{{NS2}}}ph", attributes)
        else:
            ctype = "x-html-tag" if piece.text.startswith("<") else "x-placeholder"
            etree.SubElement(
                parent, f"{{{NS1}}}x", {"id": identity, "ctype": ctype, "equiv-text": piece.text}
            )


def _line(element: "etree._Element") -> int:
    return element.sourceline if isinstance(element.sourceline, int) else 0


def _whole(element: "etree._Element", parts: Iterator[str]) -> str:
    found: list[str] = []
    length = 0
    for part in parts:
        found.append(part)
        length += len(part)
        if length > MAX_TEXT:
            message = _("This has %(length)s characters; %(limit)s fit.", length=length, limit=MAX_TEXT)
            raise InlineError(_line(element), message)
    return "".join(found)


def _number(identity: str) -> str:
    return identity.partition("-")[0]


def read_inline2(element: "etree._Element", data: dict[str, str], ours: dict[str, str]) -> str:
    """The text of an XLIFF 2 source or target. `data` is the unit's original data by id, `ours` our codes by number.

    Raises InlineError for a code that nobody knows.
    """
    return _whole(element, _parts2(element, data, ours))


def _code2(node: "etree._Element", key: str, data: dict[str, str], ours: dict[str, str]) -> str:
    reference = node.get(key)
    if reference is not None and reference in data:
        return data[reference]
    number = _number(node.get("id") or "")
    if reference is None and number in ours:
        return ours[number]
    message = _("The inline code %(code)s is not one of this text.", code=node.get("id") or reference or "?")
    raise InlineError(_line(node), message)


def _parts2(element: "etree._Element", data: dict[str, str], ours: dict[str, str]) -> Iterator[str]:
    yield element.text or ""
    for child in element:
        if isinstance(child.tag, str):
            name = etree.QName(child).localname
            if name == "cp":
                yield _character(child, child.get("hex") or "")
            elif name in ("ph", "sc", "ec"):
                yield _code2(child, "dataRef", data, ours)
            elif name == "pc":
                yield _code2(child, "dataRefStart", data, ours)
                yield from _parts2(child, data, ours)
                yield _code2(child, "dataRefEnd", data, ours)
            elif name == "mrk":
                yield from _parts2(child, data, ours)
        yield child.tail or ""


def _character(element: "etree._Element", number: str) -> str:
    if not re.fullmatch(r"[0-9A-Fa-f]{1,6}", number) or int(number, 16) > 0x10FFFF:
        raise InlineError(_line(element), _("%(number)s is no character.", number=number[:20]))
    found = chr(int(number, 16))
    if "\ud800" <= found <= "\udfff":
        raise InlineError(_line(element), _("%(number)s is no character.", number=number[:20]))
    return found


def read_inline1(element: "etree._Element", ours: dict[str, str]) -> str:
    """The text of an XLIFF 1.2 source or target. `ours` are the codes by number. Raises InlineError."""
    return _whole(element, _parts1(element, ours))


def _parts1(element: "etree._Element", ours: dict[str, str]) -> Iterator[str]:
    yield element.text or ""
    for child in element:
        if isinstance(child.tag, str):
            name = etree.QName(child).localname
            if name == "x" and child.get("ctype") == "x-tmpa-cp":
                yield _character(child, (child.get("id") or "").rpartition("-")[2])
            elif name in ("x", "bx", "ex"):
                yield _code1(child, ours)
            elif name in ("ph", "bpt", "ept", "it"):
                yield (child.text or "") or _code1(child, ours)
            else:  # g, mrk: what they hold is text
                yield from _parts1(child, ours)
        yield child.tail or ""


def _code1(node: "etree._Element", ours: dict[str, str]) -> str:
    held = node.get("equiv-text")
    if held:
        return held
    number = _number(node.get("id") or "")
    if number not in ours:
        message = _("The inline code %(code)s is not one of this text.", code=number or "?")
        raise InlineError(_line(node), message)
    return ours[number]
