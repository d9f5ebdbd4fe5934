"""`tmpa kit`: what a vendor types."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.factories.accounts import organization
from tmpa.cli import main
from tmpa.db import Database
from tmpa.kits.source import read_folder, read_zip
from tmpa.settings import Settings


def run(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["kit", *map(str, arguments)])
    return result.exit_code, result.output


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "my-kit"
    assert run("init", made)[0] == 0
    return made


def test_init_makes_a_sound_kit_and_overwrites_nothing(folder: Path) -> None:
    assert 'name = "my-kit"' in (folder / "kit.toml").read_text()
    assert run("check", folder) == (0, "No findings.\n")
    status, output = run("init", folder)
    assert status == 1
    assert "not empty" in output
    assert run("init", folder.parent / "Bad Name")[0] == 1


def test_check_prints_file_and_line_and_fails(folder: Path) -> None:
    mail = folder / "mails" / "announcement.mjml"
    mail.write_text(mail.read_text().replace("{{ recipient.greeting }}", "{{ slot.nothing }}"))
    line = next(n for n, text in enumerate(mail.read_text().splitlines(), 1) if "slot.nothing" in text)
    status, output = run("check", folder)
    assert status == 1
    assert f"mails/announcement.mjml:{line}: error unknown-name: There is no slot.nothing." in output
    status, output = run("check", folder, "--format", "json")
    assert status == 1
    assert json.loads(output)[0]["line"] == line


def test_render_writes_every_piece_in_every_locale(folder: Path, tmp_path: Path) -> None:
    brand = tmp_path / "brand.toml"
    brand.write_text(
        'name = "Südwind"\nlegal_name = "Südwind KG"\naddress = "Markt 1, Ulm"\nprimary = "#aa0000"\n'
    )
    status, output = run("render", folder, "--out", tmp_path / "out", "--brand", brand)
    assert (status, output.split()[0]) == (0, "16")
    assert "Südwind" in (tmp_path / "out" / "de" / "announcement.html").read_text()
    assert (tmp_path / "out" / "en" / "onepager.pdf").read_bytes().startswith(b"%PDF")
    assert (tmp_path / "out" / "de" / "announcement.txt").read_text().startswith("Eine Überschrift")


@pytest.mark.parametrize(
    ("text", "says"),
    [('name = "x"', "can't be read as a brand"), ("name = ", "can't be read"), ('colour = "x"', "can't be read"),
     ('name = "x"\nlegal_name = "x"\naddress = "x"\nprimary = "red"', "primary")],
)  # fmt: skip
def test_bad_brands_are_refused(folder: Path, tmp_path: Path, text: str, says: str) -> None:
    brand = tmp_path / "brand.toml"
    brand.write_text(text)
    status, output = run("render", folder, "--out", tmp_path / "out", "--brand", brand)
    assert status == 1
    assert says in output
    assert not (tmp_path / "out").exists()
    assert run("render", folder, "--out", tmp_path / "out", "--locale", "fr")[0] == 1
    assert run("render", folder, "--out", tmp_path / "out", "--piece", "poster")[0] == 1


@pytest.fixture
def installation(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands find the test's own database and object store."""
    for name in ("database_url", "secret_keys", "var_dir", "env"):
        monkeypatch.setenv(f"TMPA_{name.upper()}", str(getattr(settings, name)))


@pytest.mark.backends("sqlite")
@pytest.mark.usefixtures("installation")
def test_publish_export_and_compare_with_what_is_published(
    folder: Path, tmp_path: Path, database: Database
) -> None:
    organization(database, "vendor", "Stillhaven")
    at = ("--vendor", "Stillhaven")
    status, output = run("publish", folder, *at, "--notes", "First")
    assert status == 0, output
    assert "my-kit 0.1.0 is published for Stillhaven." in output
    (folder / "social" / "linkedin.txt").write_text("{{ slot.headline }} {{ link.page }}\n{{ slot.offer }}\n")
    status, output = run("publish", folder, *at)
    assert status == 1
    assert "raise the version" in output
    assert run("publish", folder, "--vendor", "Nobody")[0] == 1

    back, archive = tmp_path / "back", tmp_path / "back.zip"
    for reference, out in (("my-kit@0.1.0", back), ("my-kit", archive)):
        status, output = run("export", reference, *at, "--out", out)
        assert (status, "is that of the published version." in output) == (0, True), output
        assert run("export", reference, *at, "--out", out)[0] == 1
    assert read_folder(back).files == read_zip(archive.read_bytes()).files
    assert "it has 0.1.0" in run("export", "my-kit@9.9.9", *at, "--out", tmp_path / "x")[1]
    assert "no kit of that name" in run("export", "other", *at, "--out", tmp_path / "x")[1]
    assert not (tmp_path / "x").exists()

    assert run("diff", "my-kit@0.1.0", archive, *at) == (0, "Nothing changed.\n")
    status, output = run("diff", "my-kit@0.1.0", folder, *at, "--exit-code")
    assert status == 1
    assert "The layout of “LinkedIn post” changed" in output
    assert "--vendor" in run("diff", "my-kit@0.1.0", folder)[1]
    assert "no folder or zip" in run("diff", tmp_path / "x", folder)[1]


def test_diff_in_words_as_json_and_as_a_report(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other"
    shutil.copytree(folder, other)
    manifest = other / "kit.toml"
    manifest.write_text(manifest.read_text().replace("A headline that says", "<b>One that says"))
    status, output = run("diff", folder, other)
    assert status == 0
    assert "    - A headline that says what changes\n    + <b>One that says what changes\n" in output
    found = json.loads(run("diff", folder, other, "--format", "json")[1])
    assert {"section", "kind", "place", "what", "before", "after"} == found[0].keys()
    assert run("diff", folder, other, "--locale", "fr", "--out", tmp_path / "report")[0] == 1
    monkeypatch.setenv("TMPA_CHROMIUM", "no-such-program")
    status, output = run("diff", folder, other, "--locale", "en", "--out", tmp_path / "report")
    assert status == 0, output
    page = (tmp_path / "report" / "index.html").read_text()
    assert "Chromium was not found" in page
    assert "&lt;b&gt;One that says what changes" in page
    assert "<b>One" not in page
    assert (
        (tmp_path / "report" / "pictures" / "en" / "onepager-marked.png").read_bytes().startswith(b"\x89PNG")
    )
