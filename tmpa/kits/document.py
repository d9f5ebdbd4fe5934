"""Documents: a Typst template and data become a PDF (or a picture of its first page for the portal)."""

import json
import re
from dataclasses import dataclass
from functools import lru_cache

from tmpa.kernel.i18n import direction
from tmpa.kernel.i18n import gettext as _
from tmpa.kits.brand import Brand, under_rules
from tmpa.kits.catalogue import load_catalogue, used_texts
from tmpa.kits.context import legal_texts
from tmpa.kits.findings import CompileFailed, error
from tmpa.kits.logo_space import BrandLogo, plate_for
from tmpa.kits.manifest import DocumentPiece
from tmpa.kits.plain import html_to_text
from tmpa.kits.qr import qr_svg
from tmpa.kits.slots import SlotValues
from tmpa.kits.source import KitSource
from tmpa.kits.typeset import OWN, Format, Overflow, check_typst, fonts_for, logo_file, typesetter

__all__ = [
    "RenderedDocument",
    "check_typst",
    "document_data",
    "piece_files",
    "render_document",
    "render_picture",
]

_JPEG = b"\xff\xd8\xff"


@dataclass(frozen=True, slots=True)
class RenderedDocument:
    """A finished PDF."""

    pdf: bytes
    title: str
    pages: int


def document_data(
    source: KitSource, locale: str, brand: Brand, slots: SlotValues, page_url: str, logo: str | None, qr: str
) -> dict[str, object]:
    """What a document's template reads. Rich text arrives as plain text; an empty optional value is ""."""
    rules = source.manifest.brand
    brand = under_rules(brand, rules)
    book = load_catalogue(source, locale)
    values: dict[str, str] = {}
    for slot in source.manifest.slots:
        if slot.kind == "choice":
            values[slot.name] = slots.choices[slot.name]
            continue
        value = slots.texts.get(slot.name, "")
        values[slot.name] = html_to_text(value, "%(label)s")[0] if slot.kind == "richtext" else value
    return {
        "locale": locale,
        "language": locale.split("-")[0],
        "direction": direction(locale),
        "fonts": fonts_for(locale),
        "legal": list(legal_texts(source.manifest, book, brand.country)),
        "t": {text: book.gettext(text) for text in used_texts(source)},
        "slot": values,
        "brand": {
            **{
                name: brand.value(name, locale)
                for name in ("name", "legal_name", "address", "website", "phone", "email", "primary",
                             "on_primary", "disclaimer", "logo_alt", "registration")
            },
            "logo": logo,
            "logos": [
                {"path": path, "ground": each.ground, "width": each.width, "height": each.height, "ink": each.ink}
                for path, each in _logo_files(brand)
            ],
        },
        "rules": {
            "clear": rules.clear_space, "least": rules.min_logo_width,
            "plates": {ground: plate_for(ground, tuple(rules.backgrounds)) for ground in ("light", "dark")},
        },
        "kit": {"accent": source.manifest.accent, "title": book.gettext(source.manifest.title)},
        "link": page_url,
        "qr": qr,
    }  # fmt: skip


@lru_cache(maxsize=128)
def _compile(
    source: KitSource, path: str, data: str, extra: tuple[tuple[str, bytes], ...], form: Format, ppi: float
) -> tuple[bytes, ...]:
    with typesetter(source, path, dict(extra)) as setter:
        try:
            return setter.make(data, form, ppi)
        except Overflow as problem:
            message = _("“%(text)s” has no room in the document.", text=str(problem))
            mend = _("Give it more room or a smaller smallest size.")
            raise CompileFailed([error("typst", path, 0, message, mend)]) from None


def _logo_files(brand: Brand) -> list[tuple[str, BrandLogo]]:
    """Where the logos to choose from lie for a template."""
    return [
        (f"/{OWN}/logo-{number}{'.jpg' if each.read().startswith(_JPEG) else '.png'}", each)
        for number, each in enumerate(brand.choice_of_logos)
    ]


def piece_files(brand: Brand, page_url: str) -> tuple[str | None, str, tuple[tuple[str, bytes], ...]]:
    """Where the main logo (None without one) and the QR code lie for a template, and all the files it may read."""
    qr = f"/{OWN}/qr.svg"
    extra = {qr: qr_svg(page_url)}
    logo = logo_file(brand.logo)
    if logo:
        extra[logo] = brand.logo
    files = _logo_files(brand)
    extra.update((path, each.read()) for path, each in files)
    logo = logo or (files[0][0] if files else None)
    return logo, qr, tuple(sorted(extra.items()))


def _prepared(
    source: KitSource, piece: str, locale: str, brand: Brand, slots: SlotValues, page_url: str
) -> tuple[DocumentPiece, str, tuple[tuple[str, bytes], ...]]:
    wanted = source.manifest.piece(piece)
    if not isinstance(wanted, DocumentPiece):
        raise KeyError(piece)
    logo, qr, extra = piece_files(brand, page_url)
    data = document_data(source, locale, brand, slots, page_url, logo, qr)
    return wanted, json.dumps(data, ensure_ascii=False, sort_keys=True), extra


def render_document(
    source: KitSource, piece: str, locale: str, brand: Brand, slots: SlotValues, *, page_url: str
) -> RenderedDocument:
    """A PDF for one brand and locale. Raises CompileFailed, and KeyError when the kit has no such document."""
    wanted, data, extra = _prepared(source, piece, locale, brand, slots, page_url)
    pdf = _compile(source, wanted.template, data, extra, "pdf", 72.0)[0]
    title = load_catalogue(source, locale).gettext(wanted.title)
    return RenderedDocument(pdf, title, count_pages(pdf))


def render_picture(
    source: KitSource,
    piece: str,
    locale: str,
    brand: Brand,
    slots: SlotValues,
    *,
    page_url: str,
    width: int = 600,
) -> bytes:
    """A PNG of the first page of an A4 document, about `width` pixels wide."""
    wanted, data, extra = _prepared(source, piece, locale, brand, slots, page_url)
    return _compile(source, wanted.template, data, extra, "png", width / 8.27)[0]


def count_pages(pdf: bytes) -> int:
    """How many pages a PDF of Typst's has."""
    counts = [int(match) for match in re.findall(rb"/Type\s*/Pages\b[^>]*?/Count\s+(\d+)", pdf)]
    counts += [int(match) for match in re.findall(rb"/Count\s+(\d+)[^>]*?/Type\s*/Pages\b", pdf)]
    return max(counts, default=0)
