"""docs/kit.schema.json: current, complete, and of one mind with the manifest's own models."""

import json
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from tests.unit.kits.conftest import skeleton_files
from tmpa.cli import main
from tmpa.kits.findings import KitRefused
from tmpa.kits.key_tables import renewed
from tmpa.kits.manifest import Manifest
from tmpa.kits.manifest_reading import parse_manifest
from tmpa.kits.schema import kit_schema, schema_text
from tmpa.kits.schema_keys import KEYS
from tmpa.resources import data_dir

ROOT = Path(__file__).resolve().parents[3]
VALIDATOR = Draft202012Validator(kit_schema(), format_checker=Draft202012Validator.FORMAT_CHECKER)
SMALL = """
format = 1
name = "a-kit"
version = "1.0.0"
title = "T"
summary = "S"
source_locale = "en"
locales = ["en"]
[vendor]
name = "V"
legal_name = "V"
address = "V"
privacy_url = "https://v.example/p"
[[slots]]
name = "headline"
kind = "text"
label = "Headline"
[[pieces]]
kind = "social"
name = "post"
title = "Post"
template = "social/post.txt"
network = "x"
"""


def plain(text: str) -> Any:
    """A manifest as an editor's language server sees it: dates are texts."""
    return json.loads(json.dumps(tomllib.loads(text), default=lambda value: value.isoformat()))


def test_it_is_a_schema_and_the_shipped_file_is_current() -> None:
    Draft202012Validator.check_schema(kit_schema())
    assert (ROOT / "docs" / "kit.schema.json").read_text() == schema_text(), (
        "write it anew: tmpa kit schema --out docs/kit.schema.json"
    )
    assert CliRunner().invoke(main, ["kit", "schema"]).output == schema_text()


def test_the_tables_of_the_guide_are_current_and_complete() -> None:
    guide = (ROOT / "docs" / "kit-format.md").read_text()
    assert renewed(guide) == guide, "run `make docs`"
    assert {name for name in KEYS if f"<!-- keys of {name} -->" in guide} == set(KEYS)


def test_every_key_is_explained_with_an_example_that_fits() -> None:
    schema = kit_schema()
    tables = {"Manifest": schema, **schema["$defs"]}
    assert {name: set(table["properties"]) for name, table in tables.items()} == {
        name: set(keys) for name, keys in KEYS.items()
    }
    for table in tables.values():
        for key in table["properties"].values():
            assert key["description"].endswith((".", ")"))
            if "$ref" not in key:
                one = Draft202012Validator({**key, "$defs": schema["$defs"]})
                assert all(one.is_valid(example) for example in key["examples"]), key


@pytest.mark.parametrize(
    "path", sorted(data_dir("campaigns").glob("*/kit.toml")), ids=lambda path: path.parent.name
)
def test_shipped_kits_fit(path: Path) -> None:
    assert [problem.message for problem in VALIDATOR.iter_errors(plain(path.read_text()))] == []


def test_the_starting_kit_fits_and_names_the_schema(tmp_path: Path) -> None:
    text = skeleton_files()["kit.toml"].decode()
    assert [problem.message for problem in VALIDATOR.iter_errors(plain(text))] == []
    assert text.startswith("#:schema kit.schema.json\n")
    CliRunner().invoke(main, ["kit", "init", str(tmp_path / "my-kit")])
    assert (tmp_path / "my-kit" / "kit.schema.json").read_text() == schema_text()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("format = 1", "format = 2"),
        ('name = "a-kit"', 'name = "A kit"'),
        ('version = "1.0.0"', 'version = "1"'),
        ('title = "T"', ""),
        ('title = "T"', 'title = "T"\nvalid_from = "soon"'),
        ('title = "T"', 'title = "T"\ncolour = "#112233"'),
        ('title = "T"', 'title = "T"\naccent = "red"'),
        ('title = "T"', 'title = "T"\nclients = ["pine"]'),
        ('locales = ["en"]', "locales = []"),
        ('privacy_url = "https://v.example/p"', 'privacy_url = "http://v.example/p"'),
        ('kind = "text"', 'kind = "colour"'),
        ('kind = "text"', 'kind = "choice"'),
        ('kind = "text"', 'kind = "text"\nchoices = [{ value = "a", label = "A" }]'),
        ('kind = "text"', 'kind = "text"\nmax_length = 0'),
        ('kind = "social"', 'kind = "poster"'),
        ('network = "x"', ""),
        ("social/post.txt", "social/post.html"),
        ('network = "x"', 'network = "x"\nsubject = "S"'),
        ('network = "x"', 'network = "x"\n[severity]\nmjml = "warning"'),
        ('network = "x"', 'network = "x"\n[mdf]\nsuggested_budget_minor = 1.5'),
    ],
)
def test_schema_and_models_refuse_the_same(old: str, new: str) -> None:
    assert VALIDATOR.is_valid(plain(SMALL))
    parse_manifest(SMALL.encode())
    assert old in SMALL
    wrong = SMALL.replace(old, new)
    assert not VALIDATOR.is_valid(plain(wrong))
    with pytest.raises(KitRefused):
        parse_manifest(wrong.encode())


def test_dates_are_dates() -> None:
    text = SMALL.replace('title = "T"', 'title = "T"\nvalid_from = 2026-01-01')
    assert VALIDATOR.is_valid(plain(text))
    assert Manifest.model_validate(tomllib.loads(text)).valid_from == date(2026, 1, 1)
