"""Pictures in kits: SVG without behaviour, rasters of sane size."""

import io
import re
import warnings

from lxml import etree
from PIL import Image, UnidentifiedImageError

from tmpa.kernel.i18n import gettext as _
from tmpa.kits.findings import Finding, error

MAX_PIXELS_ASIDE = 4096
RASTER_FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG"}
_FORBIDDEN_TAGS = {"script", "foreignobject", "iframe", "embed", "object", "audio", "video", "handler", "animate",
                   "set", "animatetransform", "animatemotion"}  # fmt: skip
_URL_IN_CSS = re.compile(r"url\(\s*['\"]?(?!#)", re.IGNORECASE)
_IMPORT_IN_CSS = re.compile(r"@import|expression\(|javascript:", re.IGNORECASE)


def check_svg(path: str, data: bytes) -> list[Finding]:
    """Findings for an SVG that has scripts, handlers, foreign content or references outside itself."""
    mend = _("Export the picture again as plain SVG, without scripts, links and embedded files.")

    def found(line: int, message: str) -> Finding:
        return error("svg", path, line, message, mend)

    if b"<!DOCTYPE" in data.upper() or b"<!ENTITY" in data.upper():
        return [found(1, _("The SVG declares a document type or entities."))]
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, load_dtd=False)
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as problem:
        line = problem.lineno if isinstance(problem.lineno, int) else 0
        return [found(line, _("The SVG is not well-formed: %(problem)s.", problem=str(problem.msg)))]
    if etree.QName(root).localname != "svg":
        return [found(1, _("The file is not an SVG."))]
    findings = []
    for element in root.iter():
        line = element.sourceline if isinstance(element.sourceline, int) else 0
        if isinstance(element, etree._ProcessingInstruction):
            findings.append(found(line, _("The SVG has a processing instruction.")))
            continue
        if not isinstance(element.tag, str):
            continue
        name = etree.QName(element).localname.lower()
        if name in _FORBIDDEN_TAGS:
            findings.append(found(line, _("The SVG has a <%(name)s> element.", name=name)))
        if name == "style" and _reaches_out(element.text or ""):
            findings.append(found(line, _("The SVG's style refers to something outside the file.")))
        for key, value in element.attrib.items():
            findings += [found(line, message) for message in _bad_attribute(str(key), str(value))]
    return findings


def _reaches_out(css: str) -> bool:
    return bool(_URL_IN_CSS.search(css) or _IMPORT_IN_CSS.search(css) or "\\" in css)


def _bad_attribute(key: str, value: str) -> list[str]:
    name = etree.QName(key).localname.lower()
    if name.startswith("on"):
        return [_("The SVG has an event handler (%(name)s).", name=name)]
    plain = re.sub(r"\s+", "", value).lower()
    if name in {"href", "src", "base"} and not plain.startswith(("#", "data:image/png;", "data:image/jpeg;")):
        return [_("The SVG refers to something outside the file (%(name)s).", name=name)]
    if "javascript:" in plain or _reaches_out(value):
        return [_("The SVG refers to something outside the file (%(name)s).", name=name)]
    return []


def check_raster(path: str, data: bytes) -> list[Finding]:
    """Findings for a PNG or JPEG that isn't one, or is larger than 4096 pixels on a side."""
    suffix = "." + path.rsplit(".", 1)[-1].lower()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=[RASTER_FORMATS[suffix]]) as image:
                width, height = image.size
                if max(width, height) <= MAX_PIXELS_ASIDE:
                    image.load()
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        width = height = MAX_PIXELS_ASIDE + 1
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError):
        message = _("The picture can't be read as %(format)s.", format=RASTER_FORMATS[suffix])
        return [error("image", path, 0, message, _("Save it again in that format."))]
    if max(width, height) > MAX_PIXELS_ASIDE:
        message = _("The picture is wider or taller than %(limit)s pixels.", limit=MAX_PIXELS_ASIDE)
        return [error("image", path, 0, message, _("Save a smaller one."))]
    return []
