"""`make bench-kits`: compiling, launching for many partners, previewing, checking. Targets: docs/developers.md."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any
from unittest.mock import patch

from mjml import mjml2html

from tests.bench.fanout import fan_out
from tests.bench.measuring import (
    ROOT,
    Figure,
    below,
    cpu_of,
    least,
    percentile_95,
    repeated,
    report,
    seconds_of,
)
from tests.factories.accounts import PASSWORD
from tests.factories.campaigns import stage
from tmpa.kits.brand import SAMPLE_BRAND
from tmpa.kits.compile import Shape, compile_cached, compile_piece, shape_of
from tmpa.kits.samples import sample_values
from tmpa.kits.slots import validate_slots
from tmpa.kits.source import KitSource, read_folder
from tmpa.settings import Settings
from tmpa.story.browser import Visitor
from tmpa.story.stage import running, settings_of

ROUNDS = 5
FEW, MANY = 100, 1000
KITS = ("calm-backup", "clear-desk", "bright-edge")
KEYSTROKES = 200


def compile_ms_beyond_mjml(source: KitSource) -> float:
    """CPU milliseconds to compile one mail for one brand and locale, without those spent inside mjml-python.

    The cache of compiled pieces is emptied before each mail; the kit's parsed templates stay, as they do in a worker.
    """
    spent: list[float] = []
    mails = [piece.name for piece in source.manifest.pieces if piece.kind == "mail"]
    for locale in source.manifest.locales:
        shape = shape_of(SAMPLE_BRAND, validate_slots(source, sample_values(source, locale), locale))
        for mail in mails:
            spent.append(_compile_once(source, mail, locale, shape))
    return median(spent) * 1000


def _compile_once(source: KitSource, mail: str, locale: str, shape: Shape) -> float:
    inside: list[float] = []

    def timed(*args: Any, **options: Any) -> Any:
        begun = time.process_time()
        html = mjml2html(*args, **options)
        inside.append(time.process_time() - begun)
        return html

    compile_cached.cache_clear()
    with patch("tmpa.kits.mjml_guard.mjml2html", timed):
        whole = cpu_of(lambda: compile_piece(source, mail, locale, shape))
    return whole - sum(inside)


def preview_p95_ms() -> float:
    """95th percentile of the milliseconds from a changed slot to the new preview's last byte, over HTTP.

    A real portal with all its parts beside it; each round saves another headline as the page's script does, then
    fetches the preview of the mail.
    """
    with tempfile.TemporaryDirectory(prefix="tmpa-bench-") as folder:
        settings = settings_of(Settings(secret_keys="bench-secret-of-at-least-32-characters"), Path(folder))
        with running(settings, Path(folder) / "output") as services:
            campaign = stage(services).campaign()
            visitor = Visitor()
            visitor.submit(
                visitor.get(f"{settings.portal_url}/sign-in"),
                {"email": "partner@north.example", "password": PASSWORD},
            )
            address = f"{settings.portal_url}/campaigns/{campaign}"
            page = visitor.get(address)
            token = page.tree.xpath("//input[@name='csrf_token']/@value")[0]
            taken = [_keystroke(visitor, address, token, number) for number in range(KEYSTROKES)]
    return percentile_95(taken) * 1000


def _keystroke(visitor: Visitor, address: str, token: str, number: int) -> float:
    headline = f"At 10:{number % 60:02} the files were gone"
    begun = time.perf_counter()
    saved = visitor.post(f"{address}/save", {"csrf_token": token, "slot-en-headline": headline})
    shown = visitor.get(f"{address}/preview/announcement?locale=en")
    taken = time.perf_counter() - begun
    if saved.status != 200 or headline.encode() not in shown.body:
        raise RuntimeError(f"the preview did not follow: {saved.status}, {shown.status}")
    return taken


def check_seconds(kit: str) -> float:
    """Wall seconds of `tmpa kit check` in a fresh process."""
    command = [sys.executable, "-m", "tmpa", "kit", "check", str(ROOT / "campaigns" / kit)]
    return seconds_of(lambda: subprocess.run(command, check=True, capture_output=True, cwd=ROOT))


def main() -> int:
    """Measure everything; the exit status says whether every target holds."""
    sources = [read_folder(ROOT / "campaigns" / kit) for kit in KITS]
    for source in sources:
        compile_ms_beyond_mjml(source)  # the first time parses the templates
    compiled = repeated(ROUNDS, lambda: median(compile_ms_beyond_mjml(source) for source in sources))
    checked = repeated(3, lambda: median(check_seconds(kit) for kit in KITS))
    previewed = preview_p95_ms()
    few = sorted((fan_out(FEW) for _ in range(3)), key=lambda run: run.seconds)[1]
    many = fan_out(MANY)
    figures: list[Figure] = [
        below("compile_ms_beyond_mjml", "Compile one mail, CPU ms beyond mjml-python", compiled, 3),
        least("pieces_per_second", f"Pieces a second, {MANY:,} partners × 15", many.rate, 150),
        below("growth_10x", f"Time for {MANY:,} partners ÷ time for {FEW}", many.seconds / few.seconds, 11),
        below("rss_mb", "Largest worker, MB", max(few.resident_mb, many.resident_mb), 250),
        below("preview_p95_ms", "Slot change to preview, p95 ms", previewed, 150),
        below("check_seconds", "kit check of a shipped kit, s", checked, 3),
    ]
    return report("kits", figures)


if __name__ == "__main__":
    sys.exit(main())
