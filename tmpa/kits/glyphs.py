"""Characters that a PDF can't show: they are drawn as glyph 0, the empty box ("tofu")."""

import re
import zlib
from collections.abc import Iterator

from tmpa.kernel.i18n import gettext as _
from tmpa.kits.findings import Finding, error

_STREAM = re.compile(rb"stream\r?\n(.*?)\r?\nendstream", re.DOTALL)
_SHOWN = re.compile(
    rb"/ActualText\s*<FEFF([0-9A-F]+)>|(\((?:\\.|[^\\()])*\))|<([0-9A-Fa-f]+)>\s*Tj", re.DOTALL
)
_ESCAPE = re.compile(rb"\\([0-7]{1,3}|.)", re.DOTALL)
_LETTERS = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


def _unescape(match: "re.Match[bytes]") -> bytes:
    code = match[1]
    return bytes([int(code, 8) & 255]) if code[:1].isdigit() else _LETTERS.get(code, code)


def missing_glyphs(pdf: bytes) -> str | None:
    """The characters that stand as empty boxes in a PDF of Typst's; "" where it doesn't say which, None for none.

    Typst writes text as two-byte glyph numbers, and names what the numbers alone don't tell in an ActualText.
    """
    found: list[str] = []
    is_missing = False
    for match in _STREAM.finditer(pdf):
        try:
            content = zlib.decompress(match[1])
        except zlib.error:
            continue  # a picture or font that is packed another way: no text in it
        if b"Tf" not in content or b"BT" not in content:
            continue
        actual = ""
        for shown in _SHOWN.finditer(content):
            if shown[1]:
                actual = bytes.fromhex(shown[1].decode()).decode("utf-16-be", "replace")
                continue
            codes = _ESCAPE.sub(_unescape, shown[2][1:-1]) if shown[2] else bytes.fromhex(shown[3].decode())
            if any(codes[at : at + 2] == b"\0\0" for at in range(0, len(codes) - 1, 2)):
                is_missing = True
                found.append(actual)
            actual = ""
    return "".join(dict.fromkeys(found)) if is_missing else None


def glyph_findings(pdf: bytes, piece: str, template: str, locale: str) -> Iterator[Finding]:
    """A finding where a piece shows characters that none of our fonts has."""
    missing = missing_glyphs(pdf)
    if missing is None:
        return
    message = _("%(piece)s in %(locale)s shows characters that no font has.", piece=piece, locale=locale)
    if missing:
        message = _(
            "%(piece)s in %(locale)s shows characters that no font has: %(characters)s",
            piece=piece, locale=locale, characters=missing,
        )  # fmt: skip
    yield error("glyphs", template, 0, message, _("Use data.fonts, or leave the characters out."))
