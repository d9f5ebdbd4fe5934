"""Banners: a Typst template, drawn as a PNG in each of the piece's sizes, at the size itself and twice as fine."""

import hashlib
import json
import re
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from tmpa.kernel.i18n import gettext as _
from tmpa.kits.brand import Brand
from tmpa.kits.catalogue import load_catalogue, used_texts
from tmpa.kits.document import count_pages, document_data, piece_files
from tmpa.kits.findings import CompileFailed, Finding, error
from tmpa.kits.glyphs import glyph_findings
from tmpa.kits.manifest import BannerPiece
from tmpa.kits.slots import SlotValues
from tmpa.kits.source import KitSource
from tmpa.kits.typeset import Format, Overflow, Typesetter, typesetter

_MEDIA_BOX = re.compile(rb"/MediaBox\s*\[\s*0 0 ([\d.]+) ([\d.]+)")
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


def banner_data(common: Mapping[str, object], size: str, width: int, height: int) -> str:
    named = {"name": size, "width": width, "height": height}
    return json.dumps({**common, "size": named}, ensure_ascii=False, sort_keys=True)


def _made(
    setter: Typesetter, data: str, form: Format, ppi: float, piece: BannerPiece, locale: str, size: str
) -> tuple[bytes, ...]:
    try:
        return setter.make(data, form, ppi)
    except Overflow as problem:
        raise _no_room(piece, locale, size, _("“%(text)s” has no room.", text=str(problem))) from None


def _one_page(setter: Typesetter, data: str, ppi: float, piece: BannerPiece, locale: str, size: str) -> bytes:
    pages = _made(setter, data, "png", ppi, piece, locale, size)
    if len(pages) != 1:
        raise _no_room(piece, locale, size, _("It has more than fits on one page."))
    return pages[0]


def _check_size(piece: BannerPiece, size: str, given: tuple[int, int]) -> None:
    if size == f"{given[0]}x{given[1]}":
        return
    message = _(
        "The banner %(piece)s has %(width)s × %(height)s pixels in its size %(size)s.",
        piece=piece.name, width=given[0], height=given[1], size=size,
    )  # fmt: skip
    mend = _("Write “#show: piece”, or set the page to data.size.")
    raise CompileFailed([error("banner", piece.template, 0, message, mend)])


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
            data = banner_data(shared, size, width, height)
            png, fine = (_one_page(setter, data, CSS_PPI * times, wanted, locale, size) for times in (1, 2))
            _check_size(
                wanted, size, struct.unpack(">II", png[16:24])
            )  # IHDR is the first chunk of every PNG
            digest = locked_digest(source, wanted, locale, size)
            made.append(RenderedBanner(size, width, height, png, fine, digest))
    return tuple(made)


def banner_findings(
    source: KitSource, piece: str, locale: str, brand: Brand, slots: SlotValues, *, page_url: str
) -> Iterator[Finding]:
    """What a check says of a banner: no room, a wrong size, characters without a glyph. Raises KeyError.

    It looks at PDFs: they take a fifth of the time of the pictures and tell the same.
    """
    wanted = _wanted(source, piece)
    logo, qr, extra = piece_files(brand, page_url)
    common = document_data(source, locale, brand, slots, page_url, logo, qr)
    try:
        with typesetter(source, wanted.template, dict(extra)) as setter:
            for size, width, height in _sizes(wanted, None):
                pdf = _made(
                    setter, banner_data(common, size, width, height), "pdf", CSS_PPI, wanted, locale, size
                )[0]
                if count_pages(pdf) != 1:
                    raise _no_room(wanted, locale, size, _("It has more than fits on one page."))
                box = _MEDIA_BOX.search(pdf)
                given = (round(float(box[1])), round(float(box[2]))) if box else (width, height)
                _check_size(wanted, size, given)
                yield from glyph_findings(pdf, wanted.name, wanted.template, locale)
    except CompileFailed as problem:
        yield from problem.findings
