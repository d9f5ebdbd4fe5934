"""docs/kit-format.md: what it shows works as it is written."""

import re
import tomllib
from pathlib import Path

import click
import pytest

from tests.unit.kits.conftest import skeleton_files
from tmpa.kits import sandbox
from tmpa.kits.banner import render_banner
from tmpa.kits.brand import SAMPLE_BRAND, Brand
from tmpa.kits.commands import kit as kit_group
from tmpa.kits.commands.brands import read_brand
from tmpa.kits.document import render_document
from tmpa.kits.render import render_page, render_post
from tmpa.kits.rules import BY_NAME
from tmpa.kits.samples import PAGE_URL, sample_values
from tmpa.kits.slots import validate_slots
from tmpa.kits.source import KitSource, build_source

GUIDE = (Path(__file__).resolve().parents[3] / "docs" / "kit-format.md").read_text()
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", GUIDE, re.DOTALL)


def block(language: str, word: str) -> str:
    """The example in that language that holds a word."""
    (found,) = [text for kind, text in BLOCKS if kind == language and word in text]
    return found


def rendered(files: dict[str, bytes], path: str, content: str) -> KitSource:
    return build_source({**files, path: content.encode()})


def test_the_smallest_kit_is_a_kit() -> None:
    text = "{{ slot.headline }} {{ link.page }}"
    assert text in GUIDE
    source = build_source({"kit.toml": block("toml", "first-kit").encode(), "social/post.txt": text.encode()})
    slots = validate_slots(source, {}, "en")
    post = render_post(source, "post", "en", SAMPLE_BRAND, slots, page_url=PAGE_URL)
    assert post.text == f"Something worth reading {PAGE_URL}\n"


def test_the_examples_of_documents_and_banners_are_set(files: dict[str, bytes]) -> None:
    sheet = block("typst", "data.qr").replace("slot.price", "slot.price_from")
    source = rendered(files, "documents/onepager.typ", sheet)
    slots = validate_slots(source, sample_values(source, "de"), "de")
    assert render_document(source, "onepager", "de", SAMPLE_BRAND, slots, page_url=PAGE_URL).pages == 1
    source = rendered(files, "banners/display.typ", block("typst", "px, t"))
    (banner,) = render_banner(source, "display", "de", SAMPLE_BRAND, slots, page_url=PAGE_URL)
    assert (banner.width, banner.height) == (300, 250)


def test_the_helpers_give_what_the_table_says(files: dict[str, bytes]) -> None:
    table = GUIDE.split("### Numbers, days and lists")[1].split("### ")[0]
    calls = re.findall(r"^\| `(format_\w+\(.*?\))` \| (.*) \|$", table, re.MULTILINE)
    assert len(calls) == 6
    printed = "".join(f"<p>{{{{ {call} }}}}</p>" for call, _gives in calls)
    printed = "{% set a, b, c = 'a', 'b', 'c' %}" + printed
    page = files["pages/landing.html"].decode().replace("<main>", "<main>" + printed)
    source = rendered(files, "pages/landing.html", page)
    slots = validate_slots(source, sample_values(source, "en"), "en")
    html = render_page(
        source, "landing", "en", SAMPLE_BRAND, slots, page_url=PAGE_URL, form_action="#", form_token=""
    ).html
    for (_call, gives), value in zip(
        calls, re.findall("<p>(.*?)</p>", html.split("<main>")[1]), strict=False
    ):
        assert value in gives


def test_the_example_of_a_form_fits_a_page() -> None:
    form = tomllib.loads(block("toml", "thanks_title"))
    files = skeleton_files()
    text = files["kit.toml"].decode()
    start, end = text.index('[[pieces]]\nname = "landing"'), text.index('[[pieces]]\nname = "linkedin"')
    files["kit.toml"] = (text[:start] + block("toml", "thanks_title") + "\n" + text[end:]).encode()
    piece = build_source(files).manifest.piece("landing")
    assert [field.name for field in getattr(piece, "fields", [])] == [
        field["name"] for field in form["pieces"][0]["fields"]
    ]


def test_the_example_of_a_brand_can_be_read(tmp_path: Path) -> None:
    brand = tmp_path / "brand.toml"
    brand.write_text(block("toml", "Südwind"))
    (tmp_path / "logo.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    read = read_brand(brand)
    assert isinstance(read, Brand)
    assert (read.name, read.country) == ("Südwind", "DE")


def test_names_of_filters_rules_and_commands_exist() -> None:
    (filters,) = re.findall(r"Filters: `([a-z ]+)`", GUIDE)
    assert set(filters.split()) <= set(sandbox.ALLOWED_FILTERS)
    mistakes = GUIDE.split("## Common mistakes")[1]
    for rule in re.findall(r"^\| `([a-z-]+)`", mistakes, re.MULTILINE):
        assert rule in BY_NAME, rule
    context = click.Context(kit_group)
    for line in re.findall(r"`?tmpa kit ([a-z]+)(.*)", GUIDE):
        command = kit_group.get_command(context, line[0])
        assert command is not None, line
        if not isinstance(command, click.Group):
            known = {option for parameter in command.params for option in parameter.opts}
            assert set(re.findall(r"(?<![\w-])--[a-z-]+", line[1].split("|")[0])) <= known, line


@pytest.mark.parametrize("anchor", sorted(set(re.findall(r"\]\(#([a-z0-9-]+)\)", GUIDE))))
def test_links_inside_the_guide_lead_somewhere(anchor: str) -> None:
    headings = re.findall(r"^#+ (.*)$", GUIDE, re.MULTILINE)
    slugs = {re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    assert anchor in slugs
