"""`tmpa kit verify-piece`: a finished file against a kit folder, with nothing else at hand."""

import json
from pathlib import Path

from click.testing import CliRunner

from tests.unit.kits.conftest import skeleton_files
from tmpa.cli import main
from tmpa.kits.brand import SAMPLE_BRAND
from tmpa.kits.compile import compile_piece, shape_of
from tmpa.kits.locked import record_of
from tmpa.kits.render import render_page
from tmpa.kits.samples import PAGE_URL, sample_values
from tmpa.kits.slots import validate_slots
from tmpa.kits.source import KitSource


def test_a_finished_page_is_proved_from_the_kits_folder(kit: KitSource, tmp_path: Path) -> None:
    for path, data in skeleton_files().items():
        target = tmp_path / "kit" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    slots = validate_slots(kit, sample_values(kit, "de"), "de")
    page = render_page(
        kit, "landing", "de", SAMPLE_BRAND, slots, page_url=PAGE_URL, form_action=PAGE_URL, form_token="t"
    )
    compiled = compile_piece(kit, "landing", "de", shape_of(SAMPLE_BRAND, slots))
    record, file = tmp_path / "record.json", tmp_path / "page.html"
    record.write_text(json.dumps(record_of(compiled)))

    def verify() -> tuple[int, str]:
        result = CliRunner().invoke(
            main, ["kit", "verify-piece", *map(str, (tmp_path / "kit", record, file))]
        )
        return result.exit_code, result.output

    file.write_text(page.html)
    assert verify() == (0, "page.html is the kit's but for the partner's values.\n")
    file.write_text(page.html.replace("</h1>", "!</h1>", 1).replace("</body>", "<i></i></body>"))
    status, said = verify()
    assert status == 1 and "first in “html/" in said
    mended = tmp_path / "kit" / "pages" / "landing.html"
    mended.write_text(mended.read_text().replace("</main>", "<hr></main>"))
    status, said = verify()
    assert status == 1 and "The kit gives another “html/" in said
    record.write_text("{}")
    assert "not the record" in verify()[1]
