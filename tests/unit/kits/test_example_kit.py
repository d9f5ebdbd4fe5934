"""docs/examples: the kit that was made from docs/kit-format.md alone stays without findings."""

from pathlib import Path

import pytest

from tmpa.kits import checking

EXAMPLES = Path(__file__).resolve().parents[3] / "docs" / "examples"


@pytest.mark.parametrize("folder", sorted(path.parent.name for path in EXAMPLES.glob("*/kit.toml")))
def test_the_example_kits_have_no_finding(folder: str) -> None:
    assert checking.check_folder(EXAMPLES / folder) == []


def test_the_guide_links_every_example() -> None:
    guide = (EXAMPLES.parent / "kit-format.md").read_text()
    folders = [path.parent.name for path in EXAMPLES.glob("*/kit.toml")]
    assert folders
    for folder in folders:
        assert f"(examples/{folder}/" in guide
