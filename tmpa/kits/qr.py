"""QR codes of addresses: for documents, and for print at a stated size."""

import io
from functools import lru_cache

import segno

from tmpa.kernel.i18n import gettext as _
from tmpa.kits.values import refuse

MAX_ADDRESS = 1200  # characters; the code of a longer one has modules too small to print
QUIET = 4  # modules of white around a code, ISO/IEC 18004
PRINT_DPI = 300


@lru_cache(maxsize=64)
def _made(address: str) -> segno.QRCode:
    if len(address) > MAX_ADDRESS:
        refuse(_("The page's address is too long for a QR code."), "page_url")
    return segno.make(address, error="m", micro=False)


def qr_svg(address: str, *, border: int = 0, millimetres: float | None = None) -> bytes:
    """A QR code as SVG; `millimetres` is the width that it has when printed as it is. Raises Refused."""
    code = _made(address)
    out = io.BytesIO()
    if millimetres is None:
        code.save(out, kind="svg", border=border, xmldecl=False, scale=4)
    else:
        modules = code.symbol_size(border=border)[0]
        scale = round(millimetres / modules, 4)
        code.save(out, kind="svg", border=border, unit="mm", scale=scale, light="white", xmldecl=False)
    return out.getvalue()


def qr_png(address: str, *, millimetres: float, border: int = QUIET) -> bytes:
    """A QR code as PNG for print at 300 dpi: whole pixels for each module, at least `millimetres` wide."""
    code = _made(address)
    modules = code.symbol_size(border=border)[0]
    scale = max(1, -(-round(millimetres / 25.4 * PRINT_DPI) // modules))
    out = io.BytesIO()
    code.save(out, kind="png", border=border, scale=scale, dpi=PRINT_DPI)
    return out.getvalue()
