"""`python -m tmpa.partners.rasterise`: a checked SVG on stdin becomes a PNG on stdout, under hard limits."""

import resource
import sys
import tempfile
from pathlib import Path

import typst

CPU_SECONDS = 10
MEMORY_BYTES = 2 * 1024**3
_DRAWING = """#set page(width: 1280pt, height: 480pt, margin: 0pt, fill: none)
#image("logo.svg", width: 100%, height: 100%, fit: "contain")
"""


def rasterise(svg: bytes) -> bytes:
    """A PNG of 1280 × 480 pixels with the picture in its middle, on nothing. Raises typst's error for a bad one."""
    with tempfile.TemporaryDirectory(prefix="tmpa-logo-") as folder:
        (Path(folder) / "logo.svg").write_bytes(svg)
        main = Path(folder) / "main.typ"
        main.write_text(_DRAWING)
        png = typst.compile(str(main), root=folder, format="png", ppi=72)
    if not isinstance(png, bytes):
        raise ValueError("the drawing has more than one page")
    return png


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    sys.stdout.buffer.write(rasterise(sys.stdin.buffer.read()))
