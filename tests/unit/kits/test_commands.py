"""`tmpa kit`: what a vendor types."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.factories.accounts import organization
from tmpa.cli import main
from tmpa.db import Database
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
    assert (status, output.split()[0]) == (0, "10")
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


def test_publish(
    folder: Path, database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("database_url", "secret_keys", "var_dir", "env"):
        monkeypatch.setenv(f"TMPA_{name.upper()}", str(getattr(settings, name)))
    organization(database, "vendor", "Stillhaven")
    status, output = run("publish", folder, "--vendor", "Stillhaven", "--notes", "First")
    assert status == 0, output
    assert "my-kit 0.1.0 is published for Stillhaven." in output
    assert run("publish", folder, "--vendor", "Stillhaven")[1] == output
    (folder / "social" / "linkedin.txt").write_text("{{ slot.headline }} {{ link.page }}\n{{ slot.offer }}\n")
    status, output = run("publish", folder, "--vendor", "Stillhaven")
    assert status == 1
    assert "raise the version" in output
    assert run("publish", folder, "--vendor", "Nobody")[0] == 1
