"""Documents: a Typst template and data become a PDF (or a picture of its first page for the portal)."""

import io
import json
import re
import tempfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

import segno
import typst

from tmpa.kernel.i18n import direction
from tmpa.kernel.i18n import gettext as _
from tmpa.kits.brand import Brand
from tmpa.kits.catalogue import load_catalogue, used_texts
from tmpa.kits.findings import CompileFailed, Finding, error
from tmpa.kits.manifest import DocumentPiece
from tmpa.kits.plain import html_to_text
from tmpa.kits.slots import SlotValues
from tmpa.kits.source import KitSource
from tmpa.kits.values import refuse
from tmpa.resources import data_dir

_IMPORT = re.compile(r"#?\b(import|include)\b[^\n]*?[\"']([^\"']*)[\"']")
_PLUGIN = re.compile(r"\bplugin\s*\(")
_PLACE = re.compile(r"┌─ ([^\n]*?):(\d+):\d+")
_ROOT = re.compile(r"[^\s(]*tmpa-doc-[^/\s]*/")
_DATA_DIR = "_tmpa"  # inside the temporary root: the logo and the QR code


@dataclass(frozen=True, slots=True)
class RenderedDocument:
    """A finished PDF."""

    pdf: bytes
    title: str
    pages: int


def check_typst(path: str, text: str) -> None:
    """Refuse what would reach out of the kit: packages, plugins. Raises CompileFailed with the line."""
    for pattern, message in (
        (_IMPORT, _("Typst packages can't be imported.")),
        (_PLUGIN, _("Typst plugins can't be used.")),
    ):
        for match in pattern.finditer(text):
            if pattern is _IMPORT and not match[2].startswith(("@", "/")) and ".." not in match[2]:
                continue
            line = text.count("\n", 0, match.start()) + 1
            raise CompileFailed([error("typst", path, line, message, _("Write it in the kit itself."))])


def _logo_suffix(logo: bytes) -> str:
    """The file name ending that tells Typst the format; nothing for bytes that are no picture we take."""
    if logo.startswith(b"\x89PNG\r\n\x1a\n"):
        return ".png"
    if logo.startswith(b"\xff\xd8\xff"):
        return ".jpg"
    return ".svg" if b"<svg" in logo[:2000] else ""


def document_data(
    source: KitSource, locale: str, brand: Brand, slots: SlotValues, page_url: str, logo: str | None, qr: str
) -> dict[str, object]:
    """What a document's template reads. Rich text arrives as plain text; an empty optional value is ""."""
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
        "direction": direction(locale),
        "t": {text: book.gettext(text) for text in used_texts(source)},
        "slot": values,
        "brand": {
            **{
                name: brand.value(name)
                for name in ("name", "legal_name", "address", "website", "phone", "email", "primary",
                             "on_primary", "disclaimer", "logo_alt")
            },
            "logo": logo,
        },
        "kit": {"accent": source.manifest.accent, "title": book.gettext(source.manifest.title)},
        "link": page_url,
        "qr": qr,
    }  # fmt: skip


def _qr_svg(address: str) -> bytes:
    if len(address) > 1200:
        refuse(_("The page's address is too long for a QR code."), "page_url")
    out = io.BytesIO()
    segno.make(address, error="m", micro=False).save(out, kind="svg", border=0, xmldecl=False, scale=4)
    return out.getvalue()


@lru_cache(maxsize=1)
def _fonts() -> typst.Fonts:
    """Our own fonts where they are built, the machine's besides. Found once: the scan costs 15 ms."""
    folder = data_dir("assets/dist") / "pdf-fonts"
    return typst.Fonts(include_system_fonts=True, font_paths=[folder] if folder.is_dir() else [])


@lru_cache(maxsize=128)
def _compile(
    source: KitSource,
    path: str,
    data: str,
    extra: tuple[tuple[str, bytes], ...],
    form: Literal["pdf", "png"],
    ppi: float,
) -> tuple[bytes, ...]:
    for name in source.files:
        if name.endswith(".typ"):
            check_typst(name, source.text(name))
    with tempfile.TemporaryDirectory(prefix="tmpa-doc-") as folder:
        root = Path(folder)
        own = {
            name: data for name, data in source.files.items() if name.startswith(("documents/", "images/"))
        }
        for name, content in {**own, path: source.files[path], **dict(extra)}.items():
            target = root / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        try:
            made = typst.Compiler(
                root / path, root=root, font_paths=_fonts(), sys_inputs={"data": data}
            ).compile(format=form, ppi=ppi)
        except typst.TypstError as problem:
            raise CompileFailed([_typst_finding(source, path, problem)]) from None
    pages = made if isinstance(made, list) else [made]
    return tuple(page for page in pages if page)


def _typst_finding(source: KitSource, path: str, problem: Exception) -> Finding:
    diagnostic = str(getattr(problem, "diagnostic", "") or "")
    place = _PLACE.search(diagnostic)
    # Typst names files relative to the working directory, so only the end of the path is the kit's
    file = next((name for name in source.files if place and place[1].endswith(f"/{name}")), path)
    line = int(place[2]) if place else 0
    message = _("Typst refuses the document: %(problem)s.", problem=_ROOT.sub("", str(problem))[:300])
    return error("typst", file, line, message, _("Correct the line."))


def _prepared(
    source: KitSource, piece: str, locale: str, brand: Brand, slots: SlotValues, page_url: str
) -> tuple[DocumentPiece, str, tuple[tuple[str, bytes], ...]]:
    wanted = source.manifest.piece(piece)
    if not isinstance(wanted, DocumentPiece):
        raise KeyError(piece)
    if wanted.template not in source.files:
        message = _("The piece's template %(path)s is missing.", path=wanted.template)
        raise CompileFailed([error("template", wanted.template, 0, message, _("Add the file."))])
    extra: dict[str, bytes] = {f"{_DATA_DIR}/qr.svg": _qr_svg(page_url)}
    suffix = _logo_suffix(brand.logo)
    logo = f"/{_DATA_DIR}/logo{suffix}" if suffix else None
    if logo:
        extra[logo.lstrip("/")] = brand.logo
    data = document_data(source, locale, brand, slots, page_url, logo, f"/{_DATA_DIR}/qr.svg")
    return wanted, json.dumps(data, ensure_ascii=False, sort_keys=True), tuple(sorted(extra.items()))


def render_document(
    source: KitSource, piece: str, locale: str, brand: Brand, slots: SlotValues, *, page_url: str
) -> RenderedDocument:
    """A PDF for one brand and locale. Raises CompileFailed, and KeyError when the kit has no such document."""
    wanted, data, extra = _prepared(source, piece, locale, brand, slots, page_url)
    pdf = _compile(source, wanted.template, data, extra, "pdf", 72.0)[0]
    title = load_catalogue(source, locale).gettext(wanted.title)
    return RenderedDocument(pdf, title, _count_pages(pdf))


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


def _count_pages(pdf: bytes) -> int:
    counts = [int(match) for match in re.findall(rb"/Type\s*/Pages\b[^>]*?/Count\s+(\d+)", pdf)]
    counts += [int(match) for match in re.findall(rb"/Count\s+(\d+)[^>]*?/Type\s*/Pages\b", pdf)]
    return max(counts, default=0)
