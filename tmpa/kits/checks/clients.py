"""What mail clients support of the HTML and CSS in a finished mail, by the caniemail data of the front-end build."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from lxml import html as lxml_html

from tmpa.kernel.i18n import gettext as _
from tmpa.kits.checks.client_tables import ELEMENTS, GRACEFUL, PROPERTIES, PSEUDO, UNITS
from tmpa.kits.checks.finished import find_place
from tmpa.kits.findings import Finding, warning
from tmpa.kits.manifest import FILE
from tmpa.kits.source import KitSource
from tmpa.resources import data_dir

DATA = "caniemail.json"
_DECLARATION = re.compile(r"(?:^|[;{])\s*(--|-?[a-z][a-z-]*)\s*[\w-]*\s*:([^;{}]*)")
_RULE = re.compile(r"([^{}]+)\{")
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_CONDITIONAL = re.compile(r"<!--.*?-->", re.DOTALL)
_FUNCTION = re.compile(r"(?<![\w-])([a-z-]+)\(")
_UNIT = re.compile(r"(?<![\w#-])[0-9.]+(rem|vh|vw|vmin|vmax|ch)\b")
_FUNCTIONS = {
    "calc": "css-unit-calc", "clamp": "css-function-clamp", "max": "css-function-max", "min": "css-function-min",
    "light-dark": "css-function-light-dark", "linear-gradient": "css-linear-gradient", "rgba": "css-rgba",
    "radial-gradient": "css-radial-gradient", "conic-gradient": "css-conic-gradient", "var": "css-variables",
    "oklch": "css-modern-color", "lch": "css-modern-color", "lab": "css-modern-color", "oklab": "css-modern-color",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ClientData:
    """`features` maps a feature's name to its title and to client → platform → y, a(lmost), n or u(nknown)."""

    families: Mapping[str, str]
    platforms: Mapping[str, str]
    features: Mapping[str, Mapping[str, Any]]


@lru_cache(maxsize=1)
def client_data() -> ClientData | None:
    """The data of the front-end build; None when it isn't built."""
    path = data_dir("assets/dist") / DATA
    try:
        raw = json.loads(path.read_text("utf-8"))
        return ClientData(raw["families"], raw["platforms"], raw["features"])
    except (OSError, ValueError, KeyError):
        return None


def features_of(html: str) -> dict[str, str]:
    """The features that a mail uses, each with a word to look for in its template. Parts for old Outlook are left out:
    what stands in conditional comments is MJML's own answer to the lack of support."""
    shown = _CONDITIONAL.sub("", html)
    found: dict[str, str] = {}
    root = lxml_html.document_fromstring(shown)
    for element in root.iter():
        if not isinstance(element.tag, str):
            continue
        if slug := ELEMENTS.get(element.tag):
            found.setdefault(slug, f"<{element.tag}")
        for name in element.attrib:
            found.setdefault(f"html-{name!s}", f"{name!s}=")
        if style := element.get("style"):
            for feature, word in _declared(style).items():
                found.setdefault(feature, word)
        if element.tag == "style":
            for feature, word in _sheet(element.text or "").items():
                found.setdefault(feature, word)
    return found


@lru_cache(maxsize=4096)
def _declared(style: str) -> Mapping[str, str]:
    """Features of the declarations in a style attribute or block."""
    found: dict[str, str] = {}
    for name, value in _DECLARATION.findall(style.lower()):
        if name == "--":
            found.setdefault("css-variables", "--")
            continue
        found.setdefault(PROPERTIES.get(name, f"css-{name}"), name)
        value = value.strip()
        if name == "display" and value.split(" ")[0] in {"flex", "inline-flex", "grid", "inline-grid"}:
            slug = "css-display-flex" if "flex" in value else "css-display-grid"
            found.setdefault(slug, f"display:{value.split(' ')[0]}")
        if "(" in value:
            for function in _FUNCTION.findall(value):
                if function in _FUNCTIONS:
                    found.setdefault(_FUNCTIONS[function], f"{function}(")
        for unit in _UNIT.findall(value):
            found.setdefault(UNITS[unit], unit)
    return found


def _sheet(css: str) -> dict[str, str]:
    """Features of a style sheet: declarations, at-rules, selectors."""
    css = _COMMENT.sub("", css)
    found = dict(_declared(css))
    for selector in _RULE.findall(css):
        selector = selector.strip().rsplit(";", 1)[-1].strip()
        if selector.startswith("@"):
            name = selector[1:].split(" ", 1)[0].split("(", 1)[0]
            found.setdefault(f"css-at-{name}", f"@{name}")
            continue
        for pseudo in re.findall(r"::?([a-z-]+)", selector):
            if slug := PSEUDO.get(pseudo):
                found.setdefault(slug, f":{pseudo}")
    return found


def check_clients(source: KitSource, path: str, html: str) -> Iterator[Finding]:
    """Features of a finished mail that a client named by the kit lacks and that matter (see client_tables.GRACEFUL)."""
    data = client_data()
    if data is None:
        return
    for slug, word in sorted(features_of(html).items()):
        feature = data.features.get(slug)
        if feature is None or slug in GRACEFUL:
            continue
        lacking = _lacking(data, feature, source.manifest.clients, "n")
        partly = _lacking(data, feature, source.manifest.clients, "a")
        if not lacking and not partly:
            continue
        if lacking:
            message = _(
                "“%(feature)s” doesn't work in %(clients)s.", feature=feature["title"], clients=lacking
            )
        else:
            message = _(
                "“%(feature)s” works only in part in %(clients)s.", feature=feature["title"], clients=partly
            )
        mend = _("Do without it, or take the client from “clients” in kit.toml.")
        yield warning("mail-clients", *find_place(source, path, (word,)), message, mend)


def _lacking(data: ClientData, feature: Mapping[str, Any], wanted: Sequence[str], answer: str) -> str:
    """The clients that answer so, in words: "Gmail (iOS, Android), Outlook (Windows)"."""
    parts = []
    for family in wanted:
        given = feature["clients"].get(family, {})
        platforms = [data.platforms.get(name, name) for name, said in given.items() if said == answer]
        if platforms:
            name = data.families.get(family, family)
            parts.append(name if len(platforms) == len(given) else f"{name} ({', '.join(platforms)})")
    return ", ".join(parts)


def check_client_data(source: KitSource) -> Iterator[Finding]:
    """The data must be there when the kit has mails, else support stays unchecked."""
    if client_data() is None and any(piece.kind == "mail" for piece in source.manifest.pieces):
        message = _("The data about mail clients are not built, so support was not checked.")
        yield warning("client-data", FILE, 0, message, _("Run “make assets” and check again."))
