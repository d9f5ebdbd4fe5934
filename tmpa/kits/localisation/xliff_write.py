"""XLIFF 2.1 and 1.2 for translation agencies and their tools (OASIS; core only, no modules)."""

from typing import Any, Literal

from lxml import etree

from tmpa.kits.catalogue import plural_rule, read_catalogue
from tmpa.kits.localisation.inline import NS1, NS2, clean, numbered, write_inline
from tmpa.kits.localisation.units import State, Unit, units
from tmpa.kits.source import KitSource

Version = Literal["2.1", "1.2"]
XML = "http://www.w3.org/XML/1998/namespace"
SPACE, LANG = f"{{{XML}}}space", f"{{{XML}}}lang"
STATES2: dict[State, tuple[str, str]] = {
    "missing": ("initial", ""),
    "fuzzy": ("initial", "tmpa:fuzzy"),
    "translated": ("translated", ""),
    "reviewed": ("reviewed", ""),
}
STATES1: dict[State, str] = {
    "missing": "new",
    "fuzzy": "needs-review-translation",
    "translated": "translated",
    "reviewed": "signed-off",
}


def original(source: KitSource) -> str:
    """What an exchanged file names as its original: the kit and its version."""
    return f"{source.manifest.name} {source.manifest.version}"


def export_xliff(source: KitSource, locale: str, version: Version) -> bytes:
    """Every text of the kit with its translation, state, notes and places. Raises KitRefused."""
    found = units(source, locale)
    root = _v2(source, locale, found) if version == "2.1" else _v1(source, locale, found)
    _indent(root, "\n")
    text: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    return text + b"\n"


_AS_IS = {"source", "target", "note", "data", "context"}


def _indent(element: "etree._Element", end: str) -> None:
    """One element a line; texts stay as they are (lxml's own indent would put spaces into them)."""
    if etree.QName(element).localname in _AS_IS or not len(element):
        return
    element.text = end + "  "
    for child in element:
        _indent(child, end + "  ")
        child.tail = end + "  "
    element[-1].tail = end


def form_note(locale: str, header: str, form: int) -> str:
    """Which numbers take a plural form: "Plural form 2 of 6, for 1"."""
    count, rule = plural_rule(locale, header)
    examples = [str(number) for number in range(1000) if rule(number) == form][:4]
    return f"Plural form {form + 1} of {count}, for numbers such as {', '.join(examples) or '(none)'}"


def _notes(unit: Unit, extra: str) -> list[tuple[str, str]]:
    """(category, text) of what a translator should know."""
    notes = [("description", hint) for hint in unit.entry.hints]
    notes += [("location", place) for place in unit.entry.places]
    if extra:
        notes.append(("plural", extra))
    if unit.entry.previous:
        notes.append(("previous-source", unit.entry.previous))
    notes += [("translator", note) for note in unit.entry.notes if note.strip()]
    return [(category, clean(text)) for category, text in notes]


def _state(unit: Unit, translation: str) -> State:
    """The state of one form: of a plural that is half translated, each form has its own."""
    return unit.state if unit.state != "missing" else "translated" if translation else "missing"


def _forms(unit: Unit, locale: str, header: str) -> list[tuple[str, str, str, str]]:
    """Id, source, translation and note of every form; one for a text without plural."""
    if not unit.text.plural:
        return [(unit.key, unit.source, unit.entry.forms[0], "")]
    return [
        (f"{unit.key}-{form}", unit.source_of(form), text, form_note(locale, header, form))
        for form, text in enumerate(unit.entry.forms)
    ]


def _nsmap(namespace: str) -> Any:
    return {None: namespace}  # the stubs know no namespace without prefix


def _v2(source: KitSource, locale: str, found: list[Unit]) -> "etree._Element":
    manifest = source.manifest
    header = read_catalogue(source, locale).value("Plural-Forms")
    root = etree.Element(f"{{{NS2}}}xliff", nsmap=_nsmap(NS2), version="2.1", srcLang=manifest.source_locale)
    root.set("trgLang", locale)
    file = etree.SubElement(root, f"{{{NS2}}}file", id="kit", original=original(source), canResegment="no")
    for unit in found:
        parent = file
        if unit.text.plural:
            parent = etree.SubElement(file, f"{{{NS2}}}group", id=unit.key, type="tmpa:plural")
        for identity, text, translation, note in _forms(unit, locale, header):
            made = etree.SubElement(parent, f"{{{NS2}}}unit", id=identity)
            if told := _notes(unit, note):
                notes = etree.SubElement(made, f"{{{NS2}}}notes")
                for category, words in told:
                    etree.SubElement(notes, f"{{{NS2}}}note", category=category).text = words
            numbers = numbered([text, translation])
            if numbers:
                data = etree.SubElement(made, f"{{{NS2}}}originalData")
                for code, number in numbers.items():
                    etree.SubElement(
                        data, f"{{{NS2}}}data", {"id": f"d{number}", SPACE: "preserve"}
                    ).text = code
            state, sub_state = STATES2[_state(unit, translation)]
            segment = etree.SubElement(made, f"{{{NS2}}}segment", id="s1", state=state)
            if sub_state:
                segment.set("subState", sub_state)
            held = etree.SubElement(segment, f"{{{NS2}}}source", {SPACE: "preserve"})
            write_inline(held, text, numbers, "2.1")
            if translation:
                held = etree.SubElement(segment, f"{{{NS2}}}target", {SPACE: "preserve"})
                write_inline(held, translation, numbers, "2.1")
    return root


def _v1(source: KitSource, locale: str, found: list[Unit]) -> "etree._Element":
    manifest = source.manifest
    header = read_catalogue(source, locale).value("Plural-Forms")
    root = etree.Element(f"{{{NS1}}}xliff", nsmap=_nsmap(NS1), version="1.2")
    attributes = {"original": original(source), "source-language": manifest.source_locale}
    file = etree.SubElement(
        root, f"{{{NS1}}}file", {**attributes, "target-language": locale, "datatype": "plaintext"}
    )
    body = etree.SubElement(file, f"{{{NS1}}}body")
    for unit in found:
        parent = body
        if unit.text.plural:
            parent = etree.SubElement(body, f"{{{NS1}}}group", id=unit.key, restype="x-gettext-plurals")
        for identity, text, translation, note in _forms(unit, locale, header):
            approved = "yes" if unit.state == "reviewed" else "no"
            made = etree.SubElement(
                parent, f"{{{NS1}}}trans-unit", {"id": identity, "approved": approved, SPACE: "preserve"}
            )
            numbers = numbered([text, translation])
            write_inline(etree.SubElement(made, f"{{{NS1}}}source"), text, numbers, "1.2")
            target = etree.SubElement(made, f"{{{NS1}}}target", state=STATES1[_state(unit, translation)])
            write_inline(target, translation, numbers, "1.2")
            for place in unit.entry.places:
                name, _colon, line = place.rpartition(":")
                group = etree.SubElement(made, f"{{{NS1}}}context-group", purpose="location")
                kind = f"{{{NS1}}}context"
                etree.SubElement(group, kind, {"context-type": "sourcefile"}).text = name or place
                if name:
                    etree.SubElement(group, kind, {"context-type": "linenumber"}).text = line
            for category, words in _notes(unit, note):
                if category != "location":
                    etree.SubElement(made, f"{{{NS1}}}note", {"from": category}).text = words
    return root
