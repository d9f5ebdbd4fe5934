"""What `compare` says of two versions: nothing when they are equal, and otherwise what people would want to know."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.kits.conftest import Make, skeleton_files
from tmpa.kernel.i18n import use_locale
from tmpa.kits.diff import SECTIONS, Change, compare
from tmpa.kits.diff.looks import Look
from tmpa.kits.diff.report import write_report
from tmpa.kits.source import KitSource, build_source

MAIL = "mails/announcement.mjml"


def told(kit: KitSource, other: KitSource) -> list[tuple[str, str]]:
    return [(change.kind, change.what) for change in compare(kit, other)]


def test_equal_kits_have_no_changes(kit: KitSource) -> None:
    assert compare(kit, build_source(skeleton_files())) == []


@pytest.mark.parametrize(
    ("old", "new", "kind", "place", "says"),
    [
        ('version = "0.1.0"', 'version = "0.2.0"', "changed", "version", "The version number changed."),
        ('summary = "One', 'summary = "A', "changed", "summary", "The summary changed."),
        ('accent = "#1f4e79"', 'tiers = ["Gold"]\naccent = "#1f4e79"', "tightened", "tiers",
         "The tiers whose partners may use the kit changed."),
        ("max_length = 80", "max_length = 60", "tightened", "slots.headline.max_length",
         "Fewer characters fit into “Headline”."),
        ("max_length = 80", "max_length = 90", "loosened", "slots.headline.max_length",
         "More characters fit into “Headline”."),
        ("max_length = 80", "max_length = 80\nmax_lengths = { de = 70 }", "tightened",
         "slots.headline.max_lengths", "In German fewer characters fit into “Headline”."),
        ('label = "Monthly price from"', 'label = "Monthly price from"\nrequired = true', "tightened",
         "slots.price_from.required", "“Monthly price from” must now be filled in."),
        ('  { value = "workshop", label = "Workshops" },\n', "", "tightened", "slots.tone.choices",
         "“workshop” can no longer be chosen in “Whom you write to”."),
        ('domains = ["*"]', 'domains = ["example.com"]', "tightened", "slots.about_link.domains",
         "The sites that a link in “Your own page about it” may lead to changed."),
        ('forbidden_words = ["guaranteed"]', 'forbidden_words = []', "loosened", "brand.forbidden_words",
         "Partners may write “guaranteed”."),
        ("min_contrast = 4.5", "min_contrast = 7.0", "tightened", "brand.min_contrast",
         "The smallest contrast changed."),
        ('button = "Ask for a call"', 'button = "Call me"', "changed", "pieces.landing.button",
         "The button of the form of “Landing page” changed."),
        ('label = "Your name"\nrequired = true', 'label = "Your name"', "loosened",
         "pieces.landing.fields.name.required", "“name” may stay empty on “Landing page”."),
        ("day = 0", "day = 2", "changed", "journey.announcement.day",
         "The step “announcement” is sent on another day."),
        ("suggested_budget_minor = 100000", "suggested_budget_minor = 90000", "changed",
         "mdf.suggested_budget_minor", "The suggested budget changed (in minor units of the currency)."),
        ('[[slots]]\nname = "headline"', '[[legal]]\ncountry = "DE"\ntext = "Angebot"\n\n[[slots]]\nname = "headline"',
         "added", "legal.DE", "The legal text for the country DE changed."),
        ('[[slots]]\nname = "headline"', '[severity]\nsubject = "error"\n\n[[slots]]\nname = "headline"',
         "tightened", "severity.subject", "What the rule subject finds now stops publishing."),
    ],
)  # fmt: skip
def test_keys(kit: KitSource, changed: Make, old: str, new: str, kind: str, place: str, says: str) -> None:
    found = compare(kit, changed("kit.toml", old, new))
    assert (kind, place, says) in [(change.kind, change.place, change.what) for change in found]
    assert all(change.section in SECTIONS for change in found)
    back = compare(changed("kit.toml", old, new), kit)
    assert {change.place for change in back} >= {place}
    opposite = {"tightened": "loosened", "loosened": "tightened", "added": "removed"}.get(kind, kind)
    assert opposite in [change.kind for change in back if change.place == place]


def test_a_new_text_is_named_with_its_piece_and_as_missing_in_other_languages(
    kit: KitSource, changed: Make
) -> None:
    found = compare(kit, changed(MAIL, "The month ends on Friday, as it always does.", "The month is over."))
    assert found == [
        Change("texts", "changed", MAIL, "A text of “Mail: announcement” changed.",
               "The month ends on Friday, as it always does.", "The month is over."),
        Change("translations", "missing", "locales/de.po#The month is over.",
               "A text has no translation into German.", "", "The month is over."),
    ]  # fmt: skip


def test_layout_translations_pictures_and_the_rest(kit: KitSource, changed: Make) -> None:
    assert told(kit, changed(MAIL, 'font-size="13px"', 'font-size="14px"')) == [
        ("changed", "The layout of “Mail: announcement” changed in 1 line of its template.")
    ]
    assert compare(kit, changed("locales/de.po", '"Vielen Dank."', '"Danke."')) == [
        Change("translations", "changed", "locales/de.po#Thank you.", "A translation into German changed.",
               "Vielen Dank.", "Danke.")
    ]  # fmt: skip
    assert told(kit, changed("images/line.svg", 'stroke-width="4"', 'stroke-width="5"')) == [
        ("changed", "The picture images/line.svg changed, shown in: landing.")
    ]
    assert told(kit, changed("kit.toml", "# The smallest", "# A small")) == [
        ("changed", "Only spacing or remarks changed in kit.toml.")
    ]


def test_pieces_slots_and_locales_come_and_go(kit: KitSource) -> None:
    files = skeleton_files()
    text = files["kit.toml"].decode()
    start = text.index('[[pieces]]\nname = "linkedin"')
    end = text.index('[[pieces]]\nname = "onepager"')
    text = text[:start] + text[end:]
    text = text.replace('locales = ["en", "de"]', 'locales = ["en"]')
    text = text.replace('[[slots]]\nname = "photo"\nkind = "image"\nlabel = "A picture of your team"\n', "")
    files["kit.toml"] = text.encode()
    del files["social/linkedin.txt"], files["locales/de.po"]
    for path in (MAIL, "pages/landing.html"):
        lines = files[path].decode().splitlines(keepends=True)
        files[path] = "".join(line for line in lines if "slot.photo" not in line).encode()
    small = build_source(files)
    gone = told(kit, small)
    assert ("removed", "“LinkedIn post” is gone.") in gone
    assert ("removed", "The kit no longer speaks German.") in gone
    assert (
        "removed",
        "The slot “A picture of your team” is gone: what partners wrote there is no longer shown.",
    ) in gone
    come = told(small, kit)
    assert ("added", "“LinkedIn post” is new.") in come
    assert ("added", "There is a new slot “A picture of your team”.") in come
    assert any(what.startswith("The kit now speaks German; ") for _kind, what in come)


def test_sentences_are_in_the_readers_language(kit: KitSource, changed: Make) -> None:
    with use_locale("de"):
        (change,) = compare(kit, changed("locales/de.po", '"Vielen Dank."', '"Danke."'))
    assert "Deutsch" in change.what


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_other_content_never_has_no_changes(data: st.DataObject) -> None:
    files = skeleton_files()
    path = data.draw(st.sampled_from(sorted(path for path in files if path != "kit.toml")))
    content = files[path]
    at = data.draw(st.sampled_from([number for number, byte in enumerate(content) if byte in b"\n "]))
    files[path] = content[:at] + data.draw(st.sampled_from([b" ", b"\n"])) + content[at:]
    old = build_source(skeleton_files())
    try:
        new = build_source(files)
    except ValueError:
        return
    assert compare(old, new)
    assert compare(new, old)


def test_a_report_shows_what_is_new_or_gone(kit: KitSource, changed: Make, tmp_path: Path) -> None:
    other = changed("kit.toml", 'version = "0.1.0"', 'version = "0.2.0"')
    looks = [
        Look("banner", "Banner", "en", "728x90", after=b"new"),
        Look("mail", "Mail", "en", before=b"old"),
        Look("page", "Page", "en"),
    ]
    page = write_report(tmp_path, kit, other, compare(kit, other), looks, "").read_text()
    assert "There was none before." in page and "There is none now." in page
    assert (tmp_path / "pictures/en/banner-728x90-after.png").read_bytes() == b"new"
