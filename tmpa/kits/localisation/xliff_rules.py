"""The structure of XLIFF 2.1 and 1.2, as far as translation tools write it: what stands where, and which attributes.

After the core of "XLIFF Version 2.1" (OASIS, 2018) and "XLIFF Version 1.2" (OASIS, 2008). Elements of other namespaces
(tools' own) may stand anywhere and are not read.
"""

import re
from collections.abc import Iterator

from lxml import etree

from tmpa.kernel.i18n import gettext as _
from tmpa.kits.localisation.inline import NS1, NS2, InlineError

_INLINE2 = ("cp", "ph", "pc", "sc", "ec", "mrk", "sm", "em")
_CODE2 = {
    "id",
    "canCopy",
    "canDelete",
    "canReorder",
    "copyOf",
    "disp",
    "equiv",
    "dataRef",
    "subFlows",
    "subType",
    "type",
}
_SPAN2 = {"canOverlap", "dir", "startRef", "isolated", "dispEnd", "dispStart", "equivEnd", "equivStart", "dataRefEnd",
          "dataRefStart", "subFlowsEnd", "subFlowsStart"}  # fmt: skip
_LEVEL2 = {"id", "canResegment", "translate", "srcDir", "trgDir"}

# element: (children, attributes that must be there, attributes that may be)
STRUCTURE2: dict[str, tuple[tuple[str, ...], set[str], set[str]]] = {
    "xliff": (("file",), {"version", "srcLang"}, {"trgLang"}),
    "file": (("skeleton", "notes", "unit", "group"), {"id"}, _LEVEL2 | {"original"}),
    "skeleton": ((), set(), {"href"}),
    "group": (("notes", "unit", "group"), {"id"}, _LEVEL2 | {"name", "type"}),
    "unit": (("notes", "originalData", "segment", "ignorable"), {"id"}, _LEVEL2 | {"name", "type"}),
    "segment": (("source", "target"), set(), {"id", "canResegment", "state", "subState"}),
    "ignorable": (("source", "target"), set(), {"id"}),
    "notes": (("note",), set(), set()),
    "note": ((), set(), {"id", "appliesTo", "category", "priority"}),
    "originalData": (("data",), set(), set()),
    "data": (("cp",), {"id"}, {"dir"}),
    "source": (_INLINE2, set(), set()),
    "target": (_INLINE2, set(), {"order"}),
    "cp": ((), {"hex"}, set()),
    "ph": ((), {"id"}, _CODE2),
    "pc": (_INLINE2, {"id"}, _CODE2 | _SPAN2),
    "sc": ((), {"id"}, _CODE2 | _SPAN2),
    "ec": ((), set(), _CODE2 | _SPAN2),
    "mrk": (_INLINE2, {"id"}, {"translate", "type", "ref", "value"}),
    "sm": ((), {"id"}, {"translate", "type", "ref", "value"}),
    "em": ((), {"startRef"}, set()),
}
STATES2 = ("initial", "translated", "reviewed", "final")

_INLINE1 = ("g", "x", "bx", "ex", "bpt", "ept", "sub", "it", "ph", "mrk")
STRUCTURE1: dict[str, tuple[tuple[str, ...], set[str]]] = {
    "xliff": (("file",), {"version"}),
    "file": (("header", "body"), {"original", "source-language", "datatype"}),
    "header": (("skl", "phase-group", "glossary", "reference", "count-group", "tool", "prop-group", "note"), set()),
    "body": (("group", "trans-unit", "bin-unit"), set()),
    "group": (("context-group", "count-group", "prop-group", "note", "group", "trans-unit", "bin-unit"), set()),
    "trans-unit": (("source", "seg-source", "target", "context-group", "count-group", "prop-group", "note",
                    "alt-trans"), {"id"}),
    "source": (_INLINE1, set()),
    "seg-source": (_INLINE1, set()),
    "target": (_INLINE1, set()),
    "note": ((), set()),
    "context-group": (("context",), set()),
    "context": ((), {"context-type"}),
    "x": ((), {"id"}),
    "bx": ((), {"id"}),
    "ex": ((), {"id"}),
    "g": (_INLINE1, {"id"}),
    "bpt": (("sub",), {"id"}),
    "ept": (("sub",), {"id"}),
    "it": (("sub",), {"id", "pos"}),
    "ph": (("sub",), {"id"}),
    "mrk": (_INLINE1, {"mtype"}),
}  # fmt: skip
STATES1 = ("final", "needs-adaptation", "needs-l10n", "needs-review-adaptation", "needs-review-l10n",
           "needs-review-translation", "needs-translation", "new", "signed-off", "translated")  # fmt: skip
_ID = re.compile(r"[^\s]{1,200}")
_SINGLE = {"body", "source", "target", "notes", "originalData", "seg-source", "skeleton"}


def problems(root: "etree._Element") -> Iterator[InlineError]:
    """What is not as the format wants it, with lines, in the order of the file."""
    name = etree.QName(root)
    if name.localname != "xliff" or name.namespace not in (NS1, NS2):
        yield InlineError(_line(root), _("This is not an XLIFF file of version 2 or 1.2."))
        return
    wanted = ("2.0", "2.1") if name.namespace == NS2 else ("1.2",)
    if root.get("version") not in wanted:
        message = _(
            "XLIFF %(version)s can't be read; use 2.1 or 1.2.", version=(root.get("version") or "?")[:20]
        )
        yield InlineError(_line(root), message)
        return
    ids: set[tuple[str, str, str]] = set()
    for element in root.iter():
        if isinstance(element.tag, str) and etree.QName(element).namespace == name.namespace:
            yield from _element(element, str(name.namespace))
            yield from _identity(element, ids)


def _line(element: "etree._Element") -> int:
    return element.sourceline if isinstance(element.sourceline, int) else 0


def _own(element: "etree._Element", namespace: str) -> list["etree._Element"]:
    return [
        child for child in element if isinstance(child.tag, str) and etree.QName(child).namespace == namespace
    ]


def _element(element: "etree._Element", namespace: str) -> Iterator[InlineError]:
    name, line = etree.QName(element).localname, _line(element)
    if namespace == NS2:
        children, must, may = STRUCTURE2.get(name, ((), set(), set()))
        allowed: set[str] | None = must | may
    else:
        children, must = STRUCTURE1.get(name, ((), set()))
        allowed = None  # 1.2 lets tools add attributes of their own
        if name not in STRUCTURE1:
            return  # the parent has said already whether it may be there
    attributes = {str(key) for key in element.attrib if not str(key).startswith("{")}
    for missing in sorted(must - attributes):
        yield InlineError(line, _("<%(name)s> wants the attribute %(key)s.", name=name, key=missing))
    for unknown in sorted(attributes - allowed) if allowed is not None else ():
        yield InlineError(line, _("<%(name)s> has no attribute %(key)s.", name=name, key=unknown[:60]))
    seen: set[str] = set()
    for child in _own(element, namespace):
        inner = etree.QName(child).localname
        if inner not in children:
            message = _("<%(child)s> must not stand in <%(name)s>.", child=inner[:60], name=name)
            yield InlineError(_line(child), message)
        elif inner in seen & _SINGLE:
            message = _("<%(child)s> stands twice in <%(name)s>.", child=inner, name=name)
            yield InlineError(_line(child), message)
        seen.add(inner)
    yield from _content(element, name, seen, namespace)


def _content(element: "etree._Element", name: str, seen: set[str], namespace: str) -> Iterator[InlineError]:
    line = _line(element)
    needs = {"segment": "source", "ignorable": "source", "trans-unit": "source"}.get(name, "")
    if needs and needs not in seen:
        yield InlineError(line, _("<%(name)s> has no <%(child)s>.", name=name, child=needs))
    if name == "unit" and not seen & {"segment", "ignorable"}:
        yield InlineError(line, _("<%(name)s> has no <%(child)s>.", name=name, child="segment"))
    states = STATES2 if namespace == NS2 else STATES1
    state = element.get("state") if name in ("segment", "target") else None
    if state is not None and state not in states and not state.startswith("x-"):
        yield InlineError(line, _("“%(state)s” is not a state of XLIFF.", state=state[:60]))
    sub_state = element.get("subState") if name == "segment" else None
    if sub_state is not None and (state is None or ":" not in sub_state):
        yield InlineError(line, _("subState wants a state beside it, and a prefix with a colon."))


def _identity(element: "etree._Element", ids: set[tuple[str, str, str]]) -> Iterator[InlineError]:
    """Ids of files, units and groups are there once; those of segments once in their unit."""
    name, identity = etree.QName(element).localname, element.get("id")
    if name not in ("file", "unit", "trans-unit", "group", "segment") or identity is None:
        return
    if not _ID.fullmatch(identity):
        yield InlineError(_line(element), _("“%(id)s” can't be an id.", id=identity[:60]))
    parent = element.getparent()
    around = (parent.get("id") or "") if name == "segment" and parent is not None else ""
    key = (around, "unit" if name == "trans-unit" else name, identity)
    if key in ids:
        yield InlineError(_line(element), _("The id “%(id)s” is there twice.", id=identity[:60]))
    ids.add(key)
