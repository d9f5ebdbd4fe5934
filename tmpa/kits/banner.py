"""Banners: a Typst template, drawn as a PNG in each of the piece's sizes, at the size itself and twice as fine."""

import hashlib
import json
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from tmpa.kernel.i18n import gettext as _
from tmpa.kits.brand import Brand
from tmpa.kits.catalogue import load_catalogue, used_texts
from tmpa.kits.document import document_data, piece_files
from tmpa.kits.findings import CompileFailed, Finding, error
from tmpa.kits.glyphs import glyph_findings
from tmpa.kits.manifest import BannerPiece
from tmpa.kits.slots import SlotValues
from tmpa.kits.source import KitSource
from tmpa.kits.typeset import Overflow, Typesetter, typesetter

CSS_PPI = 72.0  # a point of the template is a CSS pixel


@dataclass(frozen=True, slots=True)
class RenderedBanner:
    """A banner in one size. `png` has exactly `width` × `height` pixels, `png_2x` twice as many each way.

    `digest` is over what the vendor gave for it: the same for every partner.
    """

    size: str
    width: int
    height: int
    png: bytes = field(repr=False)
    png_2x: bytes = field(repr=False)
    digest: str


def locked_digest(source: KitSource, piece: BannerPiece, locale: str, size: str) -> str:
    """What of a banner is the vendor's: templates, pictures and texts. Values reach Typst as data only."""
    return hashlib.sha256(
        f"tmpa-banner-1|{piece.name}|{size}|{_locked_inputs(source, locale)}".encode()
    ).hexdigest()


@lru_cache(maxsize=512)
def _locked_inputs(source: KitSource, locale: str) -> str:
    book = load_catalogue(source, locale)
    digest = hashlib.sha256(locale.encode())
    for path in sorted(source.files):
        if path.endswith(".typ") or path.startswith("images/"):
            digest.update(path.encode() + b"\0" + hashlib.sha256(source.files[path]).digest())
    for text in sorted(used_texts(source)):
        digest.update(json.dumps([text, book.gettext(text)]).encode())
    return digest.hexdigest()


def _wanted(source: KitSource, piece: str) -> BannerPiece:
    wanted = source.manifest.piece(piece)
    if not isinstance(wanted, BannerPiece):
        raise KeyError(piece)
    return wanted


def _sizes(piece: BannerPiece, only: str | None) -> Iterator[tuple[str, int, int]]:
    for size in piece.sizes:
        if only in (None, size):
            width, height = size.split("x")
            yield size, int(width), int(height)


def _data(common: Mapping[str, object], size: str, width: int, height: int) -> str:
    named = {"name": size, "width": width, "height": height}
    return json.dumps({**common, "size": named}, ensure_ascii=False, sort_keys=True)


def _one_page(setter: Typesetter, data: str, ppi: float, piece: BannerPiece, locale: str, size: str) -> bytes:
    try:
        pages = setter.make(data, "png", ppi)
    except Overflow as problem:
        raise _no_room(piece, locale, size, _("“%(text)s” has no room.", text=str(problem))) from None
    if len(pages) != 1:
        raise _no_room(piece, locale, size, _("It has more than fits on one page."))
    return pages[0]


def _no_room(piece: BannerPiece, locale: str, size: str, why: str) -> CompileFailed:
    message = _(
        "The banner %(piece)s in %(size)s, %(locale)s: %(why)s",
        piece=piece.name, size=size, locale=locale, why=why,
    )  # fmt: skip
    mend = _("Shorten the text, or set it with fit() from %(tools)s.", tools="/_tmpa/tools.typ")
    return CompileFailed([error("banner", piece.template, 0, message, mend)])


def render_banner(
    source: KitSource,
    piece: str,
    locale: str,
    brand: Brand,
    slots: SlotValues,
    *,
    page_url: str,
    only: str | None = None,
) -> tuple[RenderedBanner, ...]:
    """A banner in each of its sizes (or in the size `only`) for one brand and locale.

    Raises CompileFailed that names size and locale where something has no room, KeyError for no such banner or size.
    """
    wanted = _wanted(source, piece)
    if only is not None and only not in wanted.sizes:
        raise KeyError(only)
    logo, qr, extra = piece_files(brand, page_url)
    common = json.dumps(document_data(source, locale, brand, slots, page_url, logo, qr), ensure_ascii=False)
    return _render(source, piece, locale, common, extra, only)


@lru_cache(maxsize=16)  # a whole set of sizes is about 0.5 MB
def _render(
    source: KitSource,
    piece: str,
    locale: str,
    common: str,
    extra: tuple[tuple[str, bytes], ...],
    only: str | None,
) -> tuple[RenderedBanner, ...]:
    made = []
    wanted = _wanted(source, piece)
    shared = json.loads(common)
    with typesetter(source, wanted.template, dict(extra)) as setter:
        for size, width, height in _sizes(wanted, only):
            data = _data(shared, size, width, height)
            png, fine = (_one_page(setter, data, CSS_PPI * times, wanted, locale, size) for times in (1, 2))
            given = struct.unpack(">II", png[16:24])  # the IHDR chunk comes first in every PNG
            if given != (width, height):
                message = _(
                    "The banner %(piece)s has %(width)s × %(height)s pixels in its size %(size)s.",
                    piece=wanted.name, width=given[0], height=given[1], size=size,
                )  # fmt: skip
                mend = _("Write “#show: piece”, or set the page to data.size.")
                raise CompileFailed([error("banner", wanted.template, 0, message, mend)])
            digest = locked_digest(source, wanted, locale, size)
            made.append(RenderedBanner(size, width, height, png, fine, digest))
    return tuple(made)


def banner_findings(
    source: KitSource, piece: str, locale: str, brand: Brand, slots: SlotValues, *, page_url: str
) -> Iterator[Finding]:
    """What a check says of a banner: no room, a wrong size, characters without a glyph. Raises KeyError."""
    wanted = _wanted(source, piece)
    try:
        render_banner(source, piece, locale, brand, slots, page_url=page_url)
    except CompileFailed as problem:
        yield from problem.findings
        return
    logo, qr, extra = piece_files(brand, page_url)
    common = document_data(source, locale, brand, slots, page_url, logo, qr)
    with typesetter(source, wanted.template, dict(extra)) as setter:
        for size, width, height in _sizes(wanted, wanted.sizes[0]):  # every size shows much the same words
            pdf = setter.make(_data(common, size, width, height))[0]
            yield from glyph_findings(pdf, wanted.name, wanted.template, locale)
