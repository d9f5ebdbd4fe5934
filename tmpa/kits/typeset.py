"""Typst for documents and banners: one folder and one compiler for a piece, values only as data."""

import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Literal

import typst

from tmpa.kernel.i18n import gettext as _
from tmpa.kits.findings import CompileFailed, Finding, error
from tmpa.kits.source import KitSource
from tmpa.resources import data_dir

OWN = "_tmpa"  # our folder inside the piece's root: logo, QR code, tools
TOOLS = f"/{OWN}/tools.typ"
OVERFLOW = "tmpa-overflow:"  # how tools.typ says that a text has no room
_TOOLS_FILE = Path(__file__).parent / "typst" / "tools.typ"
_IMPORT = re.compile(r"#?\b(import|include)\b[^\n]*?[\"']([^\"']*)[\"']")
_PLUGIN = re.compile(r"\bplugin\s*\(")
_PLACE = re.compile(r"┌─ ([^\n]*?):(\d+):\d+")
_ROOT = re.compile(r"[^\s(]*tmpa-doc-[^/\s]*/")
_SCRIPTS = {
    "ar": "Noto Sans Arabic", "fa": "Noto Sans Arabic", "ur": "Noto Sans Arabic", "he": "Noto Sans Hebrew",
    "hi": "Noto Sans Devanagari", "mr": "Noto Sans Devanagari", "ne": "Noto Sans Devanagari", "ja": "Noto Sans JP",
}  # fmt: skip
FAMILIES = ("Noto Sans", "Noto Sans Arabic", "Noto Sans Devanagari", "Noto Sans Hebrew", "Noto Sans JP")

Format = Literal["pdf", "png"]


def fonts_for(locale: str) -> list[str]:
    """The families in which a locale is set: Latin first, then its own script, then the others that we ship."""
    own = _SCRIPTS.get(locale.split("-")[0])
    first = [FAMILIES[0], *([own] if own else [])]
    return [*first, *(family for family in FAMILIES if family not in first)]


@lru_cache(maxsize=1)
def _fonts() -> typst.Fonts:
    """Our own fonts, so that a piece looks the same on every machine; the machine's where ours aren't built.

    Found once: the scan costs 15 ms.
    """
    folder = data_dir("assets/dist") / "pdf-fonts"
    is_built = folder.is_dir()
    return typst.Fonts(include_system_fonts=not is_built, font_paths=[folder] if is_built else [])


@lru_cache(maxsize=1)
def _tools() -> bytes:
    return _TOOLS_FILE.read_bytes()


def check_typst(path: str, text: str) -> None:
    """Refuse what would reach out of the kit: packages, plugins. Raises CompileFailed with the line."""
    for pattern, message in (
        (_IMPORT, _("Typst packages can't be imported.")),
        (_PLUGIN, _("Typst plugins can't be used.")),
    ):
        for match in pattern.finditer(text):
            if pattern is _IMPORT and (
                match[2] == TOOLS or (not match[2].startswith(("@", "/")) and ".." not in match[2])
            ):
                continue
            line = text.count("\n", 0, match.start()) + 1
            raise CompileFailed([error("typst", path, line, message, _("Write it in the kit itself."))])


def logo_file(logo: bytes) -> str | None:
    """The path under which a logo lies in the piece's root; None for bytes that are no picture we take."""
    if logo.startswith(b"\x89PNG\r\n\x1a\n"):
        return f"/{OWN}/logo.png"
    if logo.startswith(b"\xff\xd8\xff"):
        return f"/{OWN}/logo.jpg"
    return f"/{OWN}/logo.svg" if b"<svg" in logo[:2000] else None


def _edition(source: KitSource) -> int:
    """The moment that a PDF names as its making (Unix seconds): the kit's first day, never the clock.

    The same kit and values then give the same bytes, whenever they are made: a finished piece can be made again and
    compared.
    """
    day = source.manifest.valid_from or date(2000, 1, 1)
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


class Overflow(Exception):
    """A text that found no room even at its smallest size; `str()` is its beginning."""


class Typesetter:
    """One compiler over the files of a piece."""

    def __init__(self, source: KitSource, path: str, root: Path) -> None:
        self._source, self._path, self._root = source, path, root
        self._compiler = typst.Compiler(root / path, root=root, font_paths=_fonts())

    def make(self, data: str, form: Format = "pdf", ppi: float = 72.0) -> tuple[bytes, ...]:
        """The pages as pictures, or the PDF alone. Raises CompileFailed, Overflow."""
        try:
            made = self._compiler.compile(
                format=form, ppi=ppi, sys_inputs={"data": data}, timestamp=_edition(self._source)
            )
        except typst.TypstError as problem:
            said = f"{problem} {getattr(problem, 'message', '')}"
            if OVERFLOW in said:
                raise Overflow(said.split(OVERFLOW, 1)[1].split('"')[0].strip()) from None
            raise CompileFailed([_finding(self._source, self._path, problem)]) from None
        pages = made if isinstance(made, list) else [made]
        return tuple(page for page in pages if page)


@contextmanager
def typesetter(source: KitSource, path: str, extra: Mapping[str, bytes]) -> Iterator[Typesetter]:
    """A compiler for one template of the kit; `extra` are files beside the kit's own. Raises CompileFailed."""
    if path not in source.files:
        message = _("The piece's template %(path)s is missing.", path=path)
        raise CompileFailed([error("template", path, 0, message, _("Add the file."))])
    own = {
        name: content
        for name, content in source.files.items()
        if name.startswith("images/") or name.endswith(".typ")
    }
    for name in own:
        if name.endswith(".typ"):
            check_typst(name, source.text(name))
    with tempfile.TemporaryDirectory(prefix="tmpa-doc-") as folder:
        root = Path(folder)
        for name, content in {**own, TOOLS: _tools(), **extra}.items():
            target = root / name.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        yield Typesetter(source, path, root)


def _finding(source: KitSource, path: str, problem: Exception) -> Finding:
    diagnostic = str(getattr(problem, "diagnostic", "") or "")
    place = _PLACE.search(diagnostic)
    # Typst names files relative to the working directory, so only the end of the path is the kit's
    file = next((name for name in source.files if place and place[1].endswith(f"/{name}")), path)
    line = int(place[2]) if place else 0
    message = _("Typst refuses the document: %(problem)s.", problem=_ROOT.sub("", str(problem))[:300])
    return error("typst", file, line, message, _("Correct the line."))
