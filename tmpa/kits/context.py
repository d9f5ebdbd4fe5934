"""The names that a template can use, and what of a brand and its values changes a layout."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from markupsafe import Markup

from tmpa.kernel.i18n import direction
from tmpa.kernel.i18n import gettext as _
from tmpa.kits.brand import NAMES, OPTIONAL, Brand
from tmpa.kits.catalogue import Catalogue
from tmpa.kits.formblock import form_html
from tmpa.kits.holes import RECIPIENT_NAMES
from tmpa.kits.localisation.formats import template_helpers
from tmpa.kits.logo_space import LogoValue, space_of
from tmpa.kits.manifest import MailPiece, Manifest, PagePiece, Piece, SnippetPiece
from tmpa.kits.slots import SlotValues
from tmpa.kits.source import KitSource
from tmpa.kits.template_values import Flavour, Space, TemplateHole, TemplateMistake, fill, printable

_FLAVOURS: dict[str, Flavour] = {"richtext": "richtext", "image": "address", "link": "address"}
_BRAND_FLAVOURS: dict[str, Flavour] = {
    "website": "address", "logo_url": "address", "primary": "colour", "on_primary": "colour",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shape:
    """What of a brand and its slot values changes the layout: which are filled, the choices, the law's country."""

    filled: frozenset[str]
    choices: tuple[tuple[str, str], ...]
    brand: frozenset[str]
    alts: frozenset[str] = frozenset()
    country: str = ""

    @property
    def key(self) -> str:
        """A stable name of the shape."""
        sets = (sorted(self.filled), list(self.choices), sorted(self.brand), sorted(self.alts), self.country)
        return hashlib.sha256(repr(sets).encode()).hexdigest()


def shape_of(brand: Brand, slots: SlotValues) -> Shape:
    """The shape of one brand with its values."""
    alts = frozenset(name for name, text in slots.alts.items() if text)
    return Shape(slots.filled, tuple(sorted(slots.choices.items())), brand.filled, alts, brand.country)


def relevant_shape(manifest: Manifest, shape: Shape) -> Shape:
    """The shape without what this kit doesn't ask for: a country for which it has no legal text."""
    if not shape.country or any(entry.country == shape.country for entry in manifest.legal):
        return shape
    return replace(shape, country="")


def legal_texts(manifest: Manifest, book: Catalogue, country: str) -> tuple[str, ...]:
    """The texts that the law wants of a brand in `country` (ISO 3166), those for every country first; translated."""
    return tuple(
        book.gettext(entry.text)
        for wanted in ("*", country)
        for entry in manifest.legal
        if entry.country == wanted
    )


class _Form:
    """`{{ form }}`: printed once, as HTML with two holes."""

    def __init__(self, make: Callable[[str, str], str]) -> None:
        self._make = make

    def __html__(self) -> Markup:
        action = TemplateHole("form", "action", flavour="address")
        token = TemplateHole("form", "token")
        return Markup(self._make(action.printed(), token.printed()))  # noqa: S704 - built and escaped by us

    def __str__(self) -> str:
        return self.__html__()


def _gettext(book: Catalogue, text: object, /, **values: object) -> str:
    if not isinstance(text, str):
        raise TemplateMistake(_("_() wants a text in quotes."), _("Write the source text itself."))
    translated = book.gettext(text)
    if not values:
        return translated
    try:
        return fill(translated, {name: printable(value) for name, value in values.items()})
    except (KeyError, TypeError, ValueError):
        message = _("The placeholders of “%(entry)s” don't fit.", entry=translated[:60])
        mend = _("Use %%(name)s and give a value for each; write %%%% for a percent sign.")
        raise TemplateMistake(message, mend, "placeholder") from None


def _asset(source: KitSource, mail: bool, path: object) -> TemplateHole:
    if not isinstance(path, str) or not path.startswith("images/") or path not in source.files:
        message = _("The kit has no picture %(path)s.", path=str(path)[:100])
        raise TemplateMistake(message, _("Correct the path."), "links")
    if mail and path.endswith(".svg"):
        raise TemplateMistake(_("Mail clients don't show SVG."), _("Use a PNG."), "mail-images")
    return TemplateHole("asset", path, flavour="address")


def _inline(source: KitSource, path: object) -> Markup:
    if not isinstance(path, str) or not path.endswith(".svg") or path not in source.files:
        message = _("The kit has no SVG %(path)s.", path=str(path)[:100])
        raise TemplateMistake(message, _("Correct the path."), "links")
    text = re.sub(r"^\s*<\?xml[^>]*\?>\s*", "", source.text(path))
    return Markup(text)  # noqa: S704 - checked when the kit was read: no script, no handler, no outside reference


def _logo(
    manifest: Manifest,
    right_to_left: bool,
    filled: bool,
    width: object,
    height: object,
    ground: object = "light",
    align: object = "start",
) -> LogoValue:
    """`logo(200, 56)`: the partner's logo in a space of that many CSS pixels."""
    return LogoValue(space_of(manifest.brand, right_to_left, width, height, ground, align), filled)


def template_context(source: KitSource, piece: Piece, book: Catalogue, shape: Shape) -> dict[str, object]:
    """What a template sees."""
    manifest = source.manifest
    choices = dict(shape.choices)
    slots: dict[str, object] = {}
    for slot in manifest.slots:
        if slot.kind == "choice":
            slots[slot.name] = choices.get(slot.name) or slot.default or slot.choices[0].value
            continue
        alt = None
        if slot.kind == "image":
            alt = TemplateHole("slot", f"{slot.name}.alt", slot.name in shape.alts)
        flavour = _FLAVOURS.get(slot.kind, "text")
        slots[slot.name] = TemplateHole(
            "slot", slot.name, slot.name in shape.filled, flavour=flavour, alt=alt
        )
    brand = {
        name: TemplateHole(
            "brand",
            name,
            name not in OPTIONAL or name in shape.brand,
            flavour=_BRAND_FLAVOURS.get(name, "text"),
        )
        for name in NAMES
    }
    way = direction(book.locale)
    links = {
        "page": TemplateHole("page", "", flavour="address"),
        "privacy": TemplateHole("privacy", "", flavour="address"),
    }
    vendor = manifest.vendor
    context: dict[str, object] = {
        "_": lambda text, /, **values: _gettext(book, text, **values),  # a partial would show its arguments
        **template_helpers(book),
        "locale": book.locale,
        "direction": way,
        "start": "right" if way == "rtl" else "left",
        "end": "left" if way == "rtl" else "right",
        "kit": Space(
            "kit",
            {
                "name": manifest.name,
                "title": book.gettext(manifest.title),
                "summary": book.gettext(manifest.summary),
                "version": manifest.version,
                "accent": manifest.accent,
                "vendor": vendor.name,
                "vendor_legal_name": vendor.legal_name,
                "vendor_address": vendor.address,
            },
        ),
        "legal": legal_texts(manifest, book, shape.country),
        "slot": Space("slot", slots),
        "brand": Space("brand", brand),
        "asset": lambda path: _asset(source, isinstance(piece, MailPiece), path),
    }
    if isinstance(piece, MailPiece | PagePiece | SnippetPiece):
        context["logo"] = partial(_logo, manifest, way == "rtl", "logos" in shape.brand)
    if isinstance(piece, MailPiece):
        recipient = {name: TemplateHole("recipient", name, testable=False) for name in RECIPIENT_NAMES}
        context["recipient"] = Space("recipient", recipient)
        links["unsubscribe"] = TemplateHole("unsubscribe", "", flavour="address")
    if isinstance(piece, PagePiece):
        context["page"] = Space("page", {"url": TemplateHole("page", "", flavour="address")})
        context["form"] = _Form(partial(form_html, piece, book))
    if isinstance(piece, PagePiece | SnippetPiece):
        context["inline"] = lambda path: _inline(source, path)
    context["link"] = Space("link", links)
    return context
