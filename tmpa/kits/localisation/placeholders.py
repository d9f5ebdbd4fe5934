"""What of a text must survive translation: `%(name)s`, `{{ slot.x }}`, `{% … %}` and HTML tags."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_NO_XML = r"\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff"
CODE = re.compile(
    rf"(?P<value>%\([A-Za-z_][A-Za-z0-9_]*\)s|\{{\{{[^{{}}\n{_NO_XML}]{{1,200}}\}}\}}"
    rf"|\{{%[^{{}}%\n{_NO_XML}]{{1,200}}%\}}|\{{[{{%#]|[}}%#]\}})"
    rf"|(?P<tag></?[a-zA-Z][a-zA-Z0-9]*(?:\s[^<>{_NO_XML}]{{0,500}})?/?>)"
)
NUMBER = "%(num)s"
"""The count of a text that counts: a form for one or none may leave it out ("one day", "no days")."""

_SPOKEN = re.compile(r"""\s(?:alt|title|aria-label|placeholder)=("[^"]*"|'[^']*')""", re.IGNORECASE)
_TAG_NAME = re.compile(r"</?([a-zA-Z][a-zA-Z0-9]*)")
_BARE_PERCENT = re.compile(r"%(?!\(|%)")
# a tag without an end, or too long for a code: it would take in what follows
_LOOSE_TAG = re.compile(r"<[A-Za-z/!?]")
_VOID = {"br", "hr", "img", "input", "wbr"}


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a text. `kind`: "text", "value" (a placeholder), "open", "close" or "alone" (HTML tags)."""

    kind: str
    text: str


def split(text: str) -> Iterator[Piece]:
    """A text as stretches; joined they are the text again."""
    end = 0
    for match in CODE.finditer(text):
        if match.start() > end:
            yield Piece("text", text[end : match.start()])
        yield Piece(_kind(match), match[0])
        end = match.end()
    if end < len(text):
        yield Piece("text", text[end:])


def _kind(match: re.Match[str]) -> str:
    if match["value"]:
        return "value"
    name = _TAG_NAME.match(match[0])
    if match[0].startswith("</"):
        return "close"
    return "alone" if match[0].endswith("/>") or (name and name[1].lower() in _VOID) else "open"


def _same(code: str) -> str:
    """A code without what may differ: spaces in `{{ }}`, and words that people read in a tag."""
    if code.startswith("{") and len(code) > 2:
        return re.sub(r"\s+", "", code)
    return re.sub(r"\s+", " ", _SPOKEN.sub("", code)).replace(" />", "/>") if code.startswith("<") else code


@dataclass(frozen=True, slots=True)
class Mismatch:
    """Codes that a translation lost or has too much, as they are written."""

    lost: tuple[str, ...]
    added: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.lost or self.added)


def compare(sources: Iterable[str], translation: str, *, may_omit_number: bool = False) -> Mismatch:
    """What a translation lost and added. `sources` are the source text, or its singular and plural.

    Values may be repeated or merged, tags may not. A bare % beside placeholders would break their filling.
    """
    given = Counter(_same(piece.text) for piece in split(translation) if piece.kind != "text")
    wanted: Counter[str] = Counter()
    may_be_loose = False
    for source in sources:
        may_be_loose = may_be_loose or _has_loose_tag(source)
        wanted |= Counter(_same(piece.text) for piece in split(source) if piece.kind != "text")
    lost = [code for code in wanted if code not in given or (code[0] == "<" and wanted[code] > given[code])]
    added = [code for code in given if code not in wanted or (code[0] == "<" and given[code] > wanted[code])]
    if may_omit_number and NUMBER in lost:
        lost.remove(NUMBER)
    if any(code.startswith("%(") for code in wanted):
        plain = "".join(piece.text for piece in split(translation) if piece.kind == "text")
        if _BARE_PERCENT.search(plain.replace("%%", "")):
            added.append("%")
    if not may_be_loose and _has_loose_tag(translation):
        added.append("<")
    return Mismatch(tuple(lost), tuple(added))


def _has_loose_tag(text: str) -> bool:
    return any(piece.kind == "text" and _LOOSE_TAG.search(piece.text) for piece in split(text))


def compare_forms(source: str, plural: str, forms: tuple[str, ...]) -> Mismatch:
    """`compare` over all forms of a translation; empty forms count for nothing."""
    if not plural:
        return compare([source], forms[0]) if forms and forms[0] else Mismatch((), ())
    lost: dict[str, None] = {}
    added: dict[str, None] = {}
    for number, form in enumerate(forms):
        if form:
            found = compare([source, plural], form, may_omit_number=number < len(forms) - 1)
            lost.update(dict.fromkeys(found.lost))
            added.update(dict.fromkeys(found.added))
    return Mismatch(tuple(lost), tuple(added))


def codes(text: str) -> tuple[str, ...]:
    """The codes of a text in their order, each once."""
    return tuple(dict.fromkeys(piece.text for piece in split(text) if piece.kind != "text"))
