"""Reading what an agency sends back, XLIFF 2.x or 1.2: hostile XML is refused, every problem has its line."""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from tmpa.kernel.i18n import gettext as _
from tmpa.kits.localisation.inline import NS2, InlineError, numbered, read_inline1, read_inline2
from tmpa.kits.localisation.units import RANK, Incoming, State
from tmpa.kits.localisation.xliff_rules import problems

MAX_BYTES = 8 * 1024 * 1024
MAX_ELEMENTS = 300_000
_STATES2: dict[str, State] = {
    "initial": "fuzzy", "translated": "translated", "reviewed": "reviewed", "final": "reviewed",
}  # fmt: skip
_STATES1: dict[str, State] = {"translated": "translated", "signed-off": "reviewed", "final": "reviewed"}
_FORM = re.compile(r"(.+)-(\d{1,2})")
_DECLARATION = re.compile(r"^\s*<\?xml[^>]{0,200}\?>")


@dataclass(frozen=True, slots=True)
class XliffFile:
    """What a file says: the kit and version it was made from ("" unknown), its languages, and its translations."""

    original: str
    source_locale: str
    locale: str
    units: tuple[Incoming, ...]


@dataclass(frozen=True, slots=True)
class _Form:
    """One unit of the file: a text, or one plural form of a text."""

    identity: str
    group: str
    source: str
    target: str
    state: State
    notes: tuple[str, ...]
    previous: str
    line: int


def parse(data: bytes) -> "etree._Element":
    """The root of an XML file without document type and entities. Raises InlineError."""
    if len(data) > MAX_BYTES:
        raise InlineError(0, _("The file is larger than %(limit)s MB.", limit=MAX_BYTES // 1024 // 1024))
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        try:
            data = _DECLARATION.sub("", data.decode("utf-16")).encode()
        except UnicodeDecodeError:
            raise InlineError(1, _("The file is neither UTF-8 nor UTF-16.")) from None
    if b"<!DOCTYPE" in data.upper() or b"<!ENTITY" in data.upper():
        raise InlineError(1, _("The file declares a document type or entities, which is not allowed."))
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        huge_tree=False,
        load_dtd=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as problem:
        line = problem.lineno if isinstance(problem.lineno, int) else 0
        raise InlineError(
            line, _("The file is not well-formed XML: %(problem)s.", problem=str(problem.msg)[:200])
        ) from None
    tree = root.getroottree()
    if tree.docinfo.internalDTD is not None or tree.docinfo.doctype:
        raise InlineError(1, _("The file declares a document type or entities, which is not allowed."))
    if sum(1 for _element in root.iter()) > MAX_ELEMENTS:
        raise InlineError(0, _("The file has more than %(limit)s elements.", limit=MAX_ELEMENTS))
    return root


def read_xliff(data: bytes) -> XliffFile:
    """What an XLIFF file says. Raises InlineError with the line of the first problem."""
    root = parse(data)
    for problem in problems(root):
        raise problem
    two = etree.QName(root).namespace == NS2
    files = [child for child in root if isinstance(child.tag, str) and etree.QName(child).localname == "file"]
    if not files:
        raise InlineError(1, _("The file holds no texts."))
    first = files[0]
    forms = [form for file in files for form in (_units2(file) if two else _units1(file))]
    if two:
        languages = (root.get("srcLang") or "", root.get("trgLang") or "")
    else:
        languages = (first.get("source-language") or "", first.get("target-language") or "")
    return XliffFile(first.get("original") or "", *languages, tuple(_joined(forms)))


def _joined(forms: list[_Form]) -> Iterator[Incoming]:
    """Forms of one text together. The state is that of the least finished form."""
    groups: dict[str, list[_Form]] = {}
    for form in forms:
        match = _FORM.fullmatch(form.identity) if form.group else None
        groups.setdefault(match[1] if match and match[1] == form.group else form.identity, []).append(form)
    for key, held in groups.items():
        held.sort(key=lambda form: int(form.identity.rpartition("-")[2]) if form.group else 0)
        first, last = held[0], held[-1]
        given = [form.state for form in held if form.target]
        state: State = min(given, key=RANK.__getitem__) if given else "missing"
        if len(given) < len(held) and state != "fuzzy":
            state = "missing"
        texts = tuple(form.target for form in held)
        plural = last.source if first.group == key else ""
        yield Incoming(first.source, texts, state, plural, key, first.notes, first.previous, first.line)


def _line(element: "etree._Element") -> int:
    return element.sourceline if isinstance(element.sourceline, int) else 0


def _named(element: "etree._Element", name: str) -> list["etree._Element"]:
    namespace = etree.QName(element).namespace
    return element.findall(f"{{{namespace}}}{name}")


def _state(text: str, state: State) -> State:
    return state if text else "missing"


def _units2(file: "etree._Element") -> Iterator[_Form]:
    for unit in file.iter(f"{{{NS2}}}unit"):
        parent = unit.getparent()
        group = ""
        if parent is not None and parent.get("type") == "tmpa:plural":
            group = parent.get("id") or ""
        data = {
            item.get("id") or "": read_inline2(item, {}, {})
            for held in _named(unit, "originalData")
            for item in _named(held, "data")
        }
        source = target = ""
        states: list[State] = []
        for part in unit:
            name = etree.QName(part).localname if isinstance(part.tag, str) else ""
            if name not in ("segment", "ignorable"):
                continue
            text = read_inline2(_named(part, "source")[0], data, {})
            ours = {str(number): code for code, number in numbered([text]).items()}
            given = _named(part, "target")
            if given and given[0].get("order"):
                raise InlineError(_line(given[0]), _("Segments in another order can't be read."))
            translated = read_inline2(given[0], data, ours) if given else ""
            source += text
            if name == "segment":
                states.append(_state(translated, _STATES2[part.get("state") or "initial"]))
                target += translated
            else:
                target += translated or text
        notes = [note for held in _named(unit, "notes") for note in _named(held, "note")]
        yield _Form(
            unit.get("id") or "",
            group,
            source,
            target if any(state != "missing" for state in states) else "",
            min(states, key=RANK.__getitem__, default="missing"),
            tuple(note.text or "" for note in notes if note.get("category") in ("translator", None)),
            next((note.text or "" for note in notes if note.get("category") == "previous-source"), ""),
            _line(unit),
        )


def _units1(file: "etree._Element") -> Iterator[_Form]:
    namespace = etree.QName(file).namespace
    for unit in file.iter(f"{{{namespace}}}trans-unit"):
        parent = unit.getparent()
        group = ""
        if parent is not None and parent.get("restype") == "x-gettext-plurals":
            group = parent.get("id") or ""
        source = read_inline1(_named(unit, "source")[0], {})
        ours = {str(number): code for code, number in numbered([source]).items()}
        given = _named(unit, "target")
        target = read_inline1(given[0], ours) if given else ""
        named = given[0].get("state") if given else None
        state: State = "translated" if named is None else _STATES1.get(named, "fuzzy")
        if unit.get("approved") == "yes" and named is None:
            state = "reviewed"
        notes = _named(unit, "note")
        yield _Form(
            unit.get("id") or "",
            group,
            source,
            target,
            _state(target, state),
            tuple(note.text or "" for note in notes if note.get("from") in ("translator", None)),
            next((note.text or "" for note in notes if note.get("from") == "previous-source"), ""),
            _line(unit),
        )
