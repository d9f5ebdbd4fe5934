"""Pieces as pictures: one piece in every language, or every piece in one language, in a brand and on a device.

A kit of ten pieces in five languages would be fifty frames: one row or one column is shown at a time, lazily.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from tmpa.campaigns import previews
from tmpa.kernel.errors import Refused
from tmpa.kernel.i18n import language_name
from tmpa.kernel.i18n import lazy_gettext as _l
from tmpa.kits.brand import SAMPLE_BRAND, Brand
from tmpa.kits.manifest import Piece
from tmpa.kits.samples import CHECK_BRANDS
from tmpa.kits.source import KitSource

PHONE_WIDTH = 390
OWN = "own"
BRANDS: dict[str, tuple[Any, Brand]] = {
    "sample": (_l("An ordinary partner"), SAMPLE_BRAND),
    "long": (_l("Very long names"), CHECK_BRANDS[0]),
    "rtl": (_l("An Arabic partner"), CHECK_BRANDS[1]),
    "bare": (_l("Only what is required"), CHECK_BRANDS[2]),
}
DEVICES = {"desktop": _l("Desktop"), "phone": _l("Phone")}
Address = Callable[[str, str, Mapping[str, str]], str]


@dataclass(frozen=True, slots=True)
class Cell:
    """One picture: its frame, what it is, and the address of the page that shows it large."""

    title: str
    frame: str
    href: str
    width: int
    is_shown: bool


@dataclass(frozen=True, slots=True)
class Large:
    """The picture that was chosen, to be looked at closely."""

    piece: Piece
    locale: str
    title: str
    frame: str
    width: int


@dataclass(frozen=True, slots=True)
class Matrix:
    """What is shown, what else can be chosen, and the large picture."""

    show: str
    brand: str
    device: str
    own_name: str
    own_colour: str
    own_country: str
    pieces: tuple[tuple[str, str], ...]
    locales: tuple[tuple[str, str], ...]
    brands: tuple[tuple[str, Any], ...]
    devices: tuple[tuple[str, Any], ...]
    cells: tuple[Cell, ...]
    large: Large | None


def brand_of(args: Mapping[str, str]) -> Brand:
    """The brand that a preview is asked for. A made-up one that can't be printed becomes the sample."""
    chosen = args.get("brand", "")
    if chosen != OWN:
        return BRANDS.get(chosen, BRANDS["sample"])[1]
    name = _typed(args, "name") or SAMPLE_BRAND.name
    try:
        return replace(
            SAMPLE_BRAND,
            name=name,
            legal_name=name,
            primary=_typed(args, "colour") or SAMPLE_BRAND.primary,
            country=_typed(args, "country").upper(),
        )
    except Refused:
        return SAMPLE_BRAND


def _typed(args: Mapping[str, str], name: str) -> str:
    return "".join(char for char in args.get(name, "") if char.isprintable()).strip()[:120]


def matrix(
    source: KitSource, args: Mapping[str, str], near: str, words: Callable[[str], str], address: Address
) -> Matrix:
    """The pictures that `args` ask for. `near` is the reader's locale among the kit's, `words` the kit's texts in it;
    `address` gives a frame for piece, locale and the brand's arguments."""
    manifest = source.manifest
    pieces = {piece.name: piece for piece in manifest.pieces}
    by, _colon, what = args.get("show", "").partition(":")
    if not (by == "piece" and what in pieces) and not (by == "locale" and what in manifest.locales):
        by, what = "locale", near
    brand = args.get("brand", "") if args.get("brand", "") in (*BRANDS, OWN) else "sample"
    device = args.get("device", "") if args.get("device", "") in DEVICES else "desktop"
    typed = {name: _typed(args, name) for name in ("name", "colour", "country")}
    own = typed if brand == OWN else {}
    look = {"brand": brand, **own}
    kept = {"show": f"{by}:{what}", "device": device, **look}
    pairs = (
        [(pieces[what], tag) for tag in manifest.locales]
        if by == "piece"
        else [(piece, what) for piece in manifest.pieces]
    )
    chosen = pieces.get(args.get("piece", ""))
    locale = args.get("locale", "") if args.get("locale", "") in manifest.locales else pairs[0][1]

    def width(piece: Piece) -> int:
        return PHONE_WIDTH if device == "phone" else previews.WIDTHS[piece.kind]

    def cell(piece: Piece, tag: str) -> Cell:
        asked = urlencode({**kept, "piece": piece.name, "locale": tag})
        return Cell(
            language_name(tag) if by == "piece" else words(piece.title),
            address(piece.name, tag, {**look, "bare": "1"}),
            f"?{asked}#piece",
            width(piece),
            piece is chosen and tag == locale,
        )

    return Matrix(
        f"{by}:{what}",
        brand,
        device,
        typed["name"],
        typed["colour"] or SAMPLE_BRAND.primary,
        typed["country"],
        tuple((piece.name, words(piece.title)) for piece in manifest.pieces),
        tuple((tag, language_name(tag)) for tag in manifest.locales),
        tuple((key, label) for key, (label, _brand) in BRANDS.items()),
        tuple(DEVICES.items()),
        tuple(cell(piece, tag) for piece, tag in pairs),
        Large(
            chosen,
            locale,
            f"{words(chosen.title)} · {language_name(locale)}",
            address(chosen.name, locale, look),
            previews.WIDTHS[chosen.kind],
        )
        if chosen
        else None,
    )
