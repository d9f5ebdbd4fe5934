"""SVG without behaviour: what could run, load or grow without bound is found, with its line and the reason.

Used for kits' pictures and partners' logos alike: one rule, so that neither door is wider than the other.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from tmpa.kernel.i18n import gettext as _

_BEHAVIOUR = {"script", "handler", "set", "animate", "animatetransform", "animatemotion"}
_FOREIGN = {"foreignobject", "iframe", "embed", "object", "audio", "video"}
_PICTURES = {"image", "feimage"}
# In CSS a backslash can spell any of the words below, so it is refused itself.
_CSS_REACHES_OUT = re.compile(r"url\(\s*['\"]?(?!['\"]?#)|@import|expression\(|javascript:|\\", re.IGNORECASE)
_OWN_PICTURE = ("data:image/png;", "data:image/jpeg;")


@dataclass(frozen=True, slots=True)
class SvgProblem:
    """One thing wrong with an SVG. `kind`: "entities", "broken" or "behaviour"; `line` counts from 1, 0 = unknown."""

    kind: str
    line: int
    message: str


def svg_problems(data: bytes, *, allow_pictures: bool = False) -> Iterator[SvgProblem]:
    """What makes the SVG unsafe, in the order of the file; nothing for a safe one.

    With `allow_pictures` embedded PNG and JPEG (data addresses) are allowed, as designers' exports have them.
    """
    if b"<!DOCTYPE" in data.upper() or b"<!ENTITY" in data.upper():
        yield SvgProblem("entities", 1, _("The SVG declares a document type or entities."))
        return
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, load_dtd=False)
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as problem:
        line = problem.lineno if isinstance(problem.lineno, int) else 0
        yield SvgProblem(
            "broken", line, _("The SVG is not well-formed: %(problem)s.", problem=str(problem.msg))
        )
        return
    if etree.QName(root).localname != "svg":
        yield SvgProblem("broken", 1, _("This file is not an SVG picture."))
        return
    for element in root.iter():
        line = element.sourceline if isinstance(element.sourceline, int) else 0
        if isinstance(element, etree._ProcessingInstruction):
            yield SvgProblem("behaviour", line, _("The SVG has a processing instruction."))
        elif isinstance(element.tag, str):
            for message in _in_element(element, allow_pictures):
                yield SvgProblem("behaviour", line, message)


def _in_element(element: "etree._Element", allow_pictures: bool) -> Iterator[str]:
    name = etree.QName(element).localname.lower()
    if name in _BEHAVIOUR:
        yield _("The SVG contains a <%(name)s> element, which could run something.", name=name)
    if name in _FOREIGN or (name in _PICTURES and not allow_pictures):
        yield _("The SVG contains a <%(name)s> element, which could load something else.", name=name)
    if name == "style" and _CSS_REACHES_OUT.search(element.text or ""):
        yield _("The SVG's style refers to something outside the file.")
    for key, raw in element.attrib.items():
        attribute, value = etree.QName(str(key)).localname.lower(), str(raw)
        plain = re.sub(r"\s+", "", value).lower()
        if attribute.startswith("on"):
            yield _(
                "The SVG contains an event handler (%(name)s), which could run something.", name=attribute
            )
            continue
        inside = ("#", *_OWN_PICTURE) if allow_pictures else ("#",)
        refers = attribute in {"href", "src", "base"} and not plain.startswith(inside)
        if refers or "javascript:" in plain or _CSS_REACHES_OUT.search(value):
            yield _("The SVG refers to something outside the file (%(name)s).", name=attribute)
