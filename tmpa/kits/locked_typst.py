"""Proof for documents and banners: what of them is the vendor's, and that nothing else made them.

A PDF or a picture can't be compared stretch by stretch between brands, so the locked part is everything that Typst is
given by the vendor and the platform: the templates and pictures of the kit, its translated texts and rules, our tools,
the fonts, the version of Typst. The partner's values reach Typst as data only, never as markup. Each part has a digest.

What is proved from the finished bytes, the kit, and the values kept beside the piece: making the piece again from the
kit's own files and those values gives the very same bytes (`remade_differs`). So nothing but the vendor's template and
those values is in it. What is not proved: that a template shows every value well, or that a later Typst or other fonts
draw the same; then the part "typst" or "fonts" is named and the bytes can't be compared.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from importlib.metadata import version
from typing import Any

from tmpa.kernel.signing import fingerprint
from tmpa.kits.banner import CSS_PPI
from tmpa.kits.brand import SAMPLE_BRAND, Brand
from tmpa.kits.document import document_data, piece_files
from tmpa.kits.findings import CompileFailed
from tmpa.kits.manifest import BannerPiece, DocumentPiece
from tmpa.kits.qr import qr_svg
from tmpa.kits.samples import sample_values
from tmpa.kits.slots import SlotValues, validate_slots
from tmpa.kits.source import KitSource
from tmpa.kits.typeset import OWN, TOOLS, Overflow, Typesetter, typesetter
from tmpa.resources import data_dir

_PARTNERS = ("slot", "brand", "link", "qr")
"""The keys of a template's data that hold the partner's values; all others are the kit's."""

_QR = f"/{OWN}/qr.svg"
Files = Mapping[str, bytes]


@lru_cache(maxsize=1)
def _fonts_digest() -> str:
    folder = data_dir("assets/dist") / "pdf-fonts"
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.?tf")) if folder.is_dir() else []:
        digest.update(path.name.encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


@lru_cache(maxsize=512)
def parts_of(source: KitSource, piece: str, locale: str, country: str) -> Mapping[str, str]:
    """The digest of each part that the vendor and the platform give, by its name; the same for every partner.

    `country` (ISO 3166) chooses the legal texts. Raises KeyError for a piece that Typst doesn't make.
    """
    wanted = source.manifest.piece(piece)
    if not isinstance(wanted, DocumentPiece | BannerPiece):
        raise KeyError(piece)
    parts = {"typst": fingerprint(version("typst").encode()), "fonts": _fonts_digest()}
    for path in sorted(source.files):
        if path.endswith(".typ") or path.startswith("images/"):
            parts[f"file {path}"] = fingerprint(source.files[path])
    parts["texts and rules"] = fingerprint(_canonical(_vendors(source, locale, country)))
    return parts


def digest_of(source: KitSource, piece: str, locale: str, country: str) -> str:
    """The digest of all parts."""
    return fingerprint(_canonical({"piece": piece, "parts": dict(parts_of(source, piece, locale, country))}))


def _vendors(source: KitSource, locale: str, country: str) -> dict[str, Any]:
    """A template's data without what is the partner's."""
    anybody = replace(SAMPLE_BRAND, country=country)
    slots = validate_slots(source, sample_values(source, locale), locale, partial=True)
    data = document_data(source, locale, anybody, slots, "", None, _QR)
    return {key: value for key, value in data.items() if key not in _PARTNERS}


def record_of(
    source: KitSource,
    piece: str,
    locale: str,
    brand: Brand,
    slots: SlotValues,
    page_url: str,
    size: str = "",
) -> tuple[dict[str, Any], dict[str, bytes]]:
    """What is kept beside a finished document or one `size` of a banner: as JSON, and files by their SHA-256."""
    logo, qr, extra = piece_files(brand, page_url)
    data = document_data(source, locale, brand, slots, page_url, logo, qr)
    files = {path: content for path, content in extra if path != qr}
    record = {
        "format": 1,
        "piece": piece,
        "locale": locale,
        "size": size,
        "country": brand.country,
        "digest": digest_of(source, piece, locale, brand.country),
        "parts": dict(parts_of(source, piece, locale, brand.country)),
        "values": {key: data[key] for key in _PARTNERS},
        "files": {path: fingerprint(content) for path, content in files.items()},
    }
    return record, {fingerprint(content): content for content in files.values()}


def changed_part(record: Mapping[str, Any], source: KitSource) -> str:
    """The first part whose digest a record has differently from the kit; empty when none differs."""
    recorded: Mapping[str, str] = record["parts"]
    ours = parts_of(source, record["piece"], record["locale"], record["country"])
    for name in [*ours, *(name for name in recorded if name not in ours)]:
        if recorded.get(name) != ours.get(name):
            return name
    return ""


def remade_differs(
    data: bytes, record: Mapping[str, Any], source: KitSource, read: Callable[[str], bytes]
) -> str:
    """Make a document or banner again from the kit and the kept values: where it differs, empty when it doesn't.

    "values" when what is kept are not values for this kit, "bytes" when the finished bytes are others. `read` gives a
    kept file by its SHA-256 and raises KeyError.
    """
    values = record["values"]
    names = {slot.name for slot in source.manifest.slots}
    if set(values) != set(_PARTNERS) or set(values["slot"]) != names:
        return "values"
    if not all(isinstance(value, str) for value in values["slot"].values()):
        return "values"
    files: dict[str, bytes] = {}
    for path, wanted in record["files"].items():
        content = read(wanted)
        if fingerprint(content) != wanted or not path.startswith(f"/{OWN}/logo") or path == TOOLS:
            return "values"
        files[path] = content
    files[_QR] = qr_svg(values["link"])
    given = {**_vendors(source, record["locale"], record["country"]), **values}
    piece = source.manifest.piece(record["piece"])
    try:
        with typesetter(source, piece.template, files) as setter:
            made = _made(setter, given, record["size"])
    except (CompileFailed, Overflow):
        return "bytes"
    return "" if made == data else "bytes"


def _made(setter: Typesetter, given: dict[str, Any], size: str) -> bytes:
    if not size:
        return setter.make(json.dumps(given, ensure_ascii=False, sort_keys=True))[0]
    width, height = (int(part) for part in size.split("x"))
    sized = {**given, "size": {"name": size, "width": width, "height": height}}
    return setter.make(json.dumps(sized, ensure_ascii=False, sort_keys=True), "png", CSS_PPI)[0]


def _canonical(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
