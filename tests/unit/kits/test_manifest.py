"""kit.toml: every error names its key, its file and its line."""

import pytest

from tmpa.kits.findings import Finding, KitRefused
from tmpa.kits.manifest_reading import parse_manifest
from tmpa.kits.toml_lines import key_lines


def findings(text: str) -> tuple[Finding, ...]:
    with pytest.raises(KitRefused) as caught:
        parse_manifest(text.encode())
    return caught.value.findings


def line_with(text: str, needle: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), 1) if needle in line)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('version = "0.1.0"', 'version = "1.0"', "wrong form"),
        ('name = "small-kit"', 'name = "Small Kit"', "wrong form"),
        ('accent = "#1f4e79"', 'accent = "green"', "wrong form"),
        ('locales = ["en", "de"]', 'locales = ["en", "de", "zz-ZZZZ"]', "not a locale"),
        ('source_locale = "en"', 'source_locale = "fr"', "source locale"),
        ("max_length = 80", 'max_length = "80"', "wrong type"),
        ('kind = "richtext"', 'kind = "markdown"', "not one of"),
        ('label = "Monthly price from"', 'label = "x"\ncolour = "red"', "no such key"),
        ('name = "until"', 'name = "offer"', "used twice"),
        ('template = "pages/landing.html"', 'template = "pages/landing.mjml"', "ends in .html"),
        ('default = "office"', 'default = "home"', "one of the choices"),
        ('step = "announcement"\npiece = "announcement"', 'step = "one"\npiece = "landing"', "no mail"),
        ('kind = "email"', 'kind = "text"', "asks for no mail address"),
    ],
)
def test_mistakes_are_named_with_their_line(files: dict[str, bytes], old: str, new: str, says: str) -> None:
    text = files["kit.toml"].decode()
    assert old in text
    text = text.replace(old, new)
    found = findings(text)
    assert any(says in finding.message for finding in found), found
    assert all(finding.file == "kit.toml" and finding.line for finding in found)


def test_the_line_is_that_of_the_nth_table(files: dict[str, bytes]) -> None:
    text = files["kit.toml"].decode().replace('help = "What people get when', 'help = 3 # "')
    (finding,) = findings(text)
    assert finding.line == line_with(text, "help = 3")


def test_fields_of_pieces_have_lines_too(files: dict[str, bytes]) -> None:
    text = files["kit.toml"].decode()
    assert key_lines(text)["pieces", 1, "fields", 2, "label"] == line_with(text, "Size of your company")


def test_broken_toml_names_its_line(files: dict[str, bytes]) -> None:
    text = files["kit.toml"].decode().replace("format = 1", "format = = 1")
    (finding,) = findings(text)
    assert finding.line == line_with(text, "format =")


def test_missing_tables_and_a_missing_key(files: dict[str, bytes]) -> None:
    text = files["kit.toml"].decode().replace('legal_name = "Vendor Ltd"\n', "")
    (finding,) = findings(text)
    assert "vendor.legal_name" in finding.message
    assert finding.line == line_with(text, "[vendor]")


def test_not_utf8_is_said() -> None:
    with pytest.raises(KitRefused, match="UTF-8"):
        parse_manifest(b"title = '\xe9'")
