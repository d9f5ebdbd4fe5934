"""Catalogues brought up to date, counted and checked; which language stands in; numbers and lists by language."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.unit.kits.localisation.conftest import DAYS, FOOTER, GREETING, MANIFEST, POST, make
from tmpa.kernel.errors import Refused
from tmpa.kits.brand import SAMPLE_BRAND
from tmpa.kits.catalogue import load_catalogue, plural_rule, read_catalogue
from tmpa.kits.commands import kit as kit_commands
from tmpa.kits.localisation.checks import check_catalogues
from tmpa.kits.localisation.coverage import also_reads, count_words, coverage, locale_coverage
from tmpa.kits.localisation.fallback import fallback_chain, other_scripts, parents
from tmpa.kits.localisation.glossary import check_terms, term_problems, terms_in
from tmpa.kits.localisation.po import PoFile, read, write
from tmpa.kits.localisation.usage import kit_texts
from tmpa.kits.localisation.workflow import template, updated
from tmpa.kits.render import render_post
from tmpa.kits.slots import validate_slots
from tmpa.kits.source import KitSource
from tmpa.kits.words import full_name, recipient_values


def test_every_text_knows_where_it_is_used() -> None:
    texts = kit_texts(make())
    assert texts[DAYS[0]].plural == DAYS[1]
    assert (texts[FOOTER].uses[0].place, texts[FOOTER].pieces) == ("social/foot.txt:1", ("post",))
    assert texts["Begin today"].uses[0].hint == "slot headline: default (at most 30 characters)"
    assert (texts["Begin today"].pieces, texts["Headline"].pieces) == (("post",), ())
    made = template(make())
    entry = next(entry for entry in made.entries if entry.id == GREETING)
    assert (entry.hints, entry.places) == (("social post",), ("social/post.txt:2",))


GERMAN = f"""msgid ""
msgstr ""
"Language: de\\n"

# mind the tone
#, reviewed
msgid "Headline"
msgstr "Titel"

msgid "{FOOTER} today"
msgstr "Ein Rücksicherungstest heute"

msgid "Something else entirely"
msgstr "Ganz anders"

#~ msgid "For tests."
#~ msgstr "Für Tests."
"""


def test_an_update_keeps_what_is_good_and_marks_what_changed() -> None:
    source = make({"de": GERMAN})
    file, done = updated(source, "de", read_catalogue(source, "de"))
    entries = {entry.id: entry for entry in file.entries}
    assert (entries["Headline"].notes, entries["Headline"].reviewed) == (("mind the tone",), True)
    changed = entries[FOOTER]
    assert (changed.fuzzy, changed.previous) == (True, f"{FOOTER} today")
    assert changed.forms == ("Ein Rücksicherungstest heute",)
    assert entries["For tests."].forms == ("Für Tests.",)
    assert (entries["Something else entirely"].obsolete, entries[DAYS[0]].forms) == (True, ("", ""))
    assert (done.fuzzy, done.revived, done.obsolete) == (
        (FOOTER,),
        ("For tests.",),
        ("Something else entirely",),
    )
    again, nothing = updated(source, "de", read(write(file)))
    assert (again, nothing.changed) == (file, False)


def test_a_new_language_has_its_plural_forms() -> None:
    file, _done = updated(make(), "ar", PoFile())
    assert file.value("Plural-Forms").startswith("nplurals=6;")
    assert next(entry for entry in file.entries if entry.plural).forms == ("",) * 6
    assert plural_rule("ar", file.value("Plural-Forms"))[1](3) == 3
    with pytest.raises(ValueError):
        plural_rule("de", "nplurals=2; plural=__import__('os');")


def test_coverage_says_what_is_missing_and_what_stands_in() -> None:
    source = make({"fr": 'msgid "Headline"\nmsgstr "Titre"\n\n#, fuzzy\nmsgid "A post"\nmsgstr "Un post"\n'})
    french = locale_coverage(source, "fr")
    assert (french.translated, len(french.fuzzy), french.percent) == (1, 1, 12)
    canadian = locale_coverage(source, "fr-CA")
    assert (canadian.inherited, canadian.own, canadian.stand_in) == (("Headline",), 0, "fr")
    assert (also_reads(source, "fr-CA"), also_reads(source, "fr"), also_reads(source, "en")) == (
        "fr",
        None,
        None,
    )
    assert load_catalogue(source, "fr-CA").gettext("Headline") == "Titre"
    assert load_catalogue(source, "fr-CA").origin("A post") is None
    assert [each.locale for each in coverage(source)] == ["de", "ar", "fr", "fr-CA"]
    rules = [finding.rule for finding in check_catalogues(source) if finding.file == "locales/fr-CA.po"]
    assert rules == ["translation-fallback"]
    assert count_words("Backup & recovery: 日本語 l’eau") == 6


@pytest.mark.parametrize(
    ("tag", "chain"),
    [("fr-CA", ("fr", "en")), ("en-GB", ("en",)), ("de", ("de", "en")), ("ja", ("en",)), ("xx-bad", ("en",))],
)
def test_the_chain_of_fallbacks(tag: str, chain: tuple[str, ...]) -> None:
    assert fallback_chain(make({"fr": "", "de": ""}), tag) == chain


def test_no_fallback_crosses_scripts() -> None:
    assert parents("es-MX") == ("es-419", "es")
    assert "zh" not in parents("zh-TW")
    assert parents("sr-Latn") == ()
    assert {"zh-tw", "zh-hant", "zh-hant-hk"} <= other_scripts("zh")
    assert "zh-sg" not in other_scripts("zh")
    assert other_scripts("fr") == frozenset()


def shown(source: KitSource, locale: str) -> str:
    slots = validate_slots(source, {}, locale)
    return render_post(source, "post", locale, SAMPLE_BRAND, slots, page_url="https://p.example").text


def test_plural_forms_and_formats_in_templates() -> None:
    arabic = (
        'msgid "one day left"\nmsgid_plural "%(num)s days left"\nmsgstr[0] "zero"\nmsgstr[1] "one"\n'
        'msgstr[2] "two"\nmsgstr[3] "few %(num)s"\nmsgstr[4] "many %(num)s"\nmsgstr[5] "other %(num)s"\n'
    )
    post = POST + (
        '{{ format_number(1234.5) }} {{ format_percent(0.25) }} {{ format_money(4900, "EUR") }} '
        '{{ format_unit(3, "day") }} {{ format_date("2026-11-30") }} '
        '{{ format_list(["a", brand.name, "c"]) }} {{ format_list(["a", "b"], style="or") }}\n'
    )
    source = make({"ar": arabic}, post)
    assert "few 3" in shown(source, "ar")
    assert "3 أيام" in shown(source, "ar")  # Babel's long form would say "3 day"
    english = shown(source, "en")
    assert "3 days left" in english
    assert "1,234.5 25% €49.00 3 days Nov 30, 2026 a, Nordlicht IT, and c a or b" in english
    german = shown(source, "de").replace("\xa0", " ")
    assert "1.234,5 25 % 49,00 € 3 Tage 30.11.2026 a, Nordlicht IT und c a oder b" in german


@pytest.mark.parametrize(
    "call",
    ["format_number(slot.headline)", 'format_number("x")', 'format_unit(3, "nonsense")', 'format_date("soon")',
     'format_list("abc")', "format_money(1.5, 'EUR')", "format_percent(0.2, 99)", 'ngettext("a", "%(b)s", 2)',
     'format_number(1, 2, 3)', 'format_number("1e999")'],
)  # fmt: skip
def test_a_wrong_call_is_the_authors_mistake(call: str) -> None:
    with pytest.raises(Refused):
        shown(make(post="{{ " + call + " }}"), "en")


def test_plural_forms_that_got_lost_are_found() -> None:
    lost = 'msgid "one day left"\nmsgid_plural "%(num)s days left"\nmsgstr[0] "ein Tag"\nmsgstr[1] "Tage"\n'
    (finding,) = [each for each in check_catalogues(make({"de": lost})) if each.rule == "placeholder"]
    assert "lost %(num)s" in finding.message
    short = 'msgid "one day left"\nmsgid_plural "%(num)s days left"\nmsgstr[0] "يوم"\n'
    (finding,) = [each for each in check_catalogues(make({"ar": short})) if each.rule == "placeholder"]
    assert "has 1 forms; this language wants 6" in finding.message


@pytest.mark.parametrize(
    ("translation", "locale", "lost"),
    [
        ("Ein Rücksicherungstest von Stillhaven Recovery", "de", []),
        ("Stillhaven Recoverys Rücksicherungstests", "de", []),
        ("Ein Test von Stillhaven", "de", ["restore test", "Stillhaven Recovery"]),
        ("ein Rücksicherungstest von Stillhaven Recoverymann", "de-AT", ["Stillhaven Recovery"]),
        ("Stillhaven Recoveryの復元テスト", "ja", []),
        ("復元テスト", "ja", ["Stillhaven Recovery"]),
        ("اختبار من Stillhaven Recovery", "ar", []),
        ("un test de restauration par stillhaven recovery", "fr", ["Stillhaven Recovery"]),
    ],
)
def test_the_glossary_is_kept_in_every_script(translation: str, locale: str, lost: list[str]) -> None:
    terms = make().manifest.terms
    assert [problem.wanted.term for problem in term_problems(terms, FOOTER, translation, locale)] == lost


def test_terms_are_words_of_their_own() -> None:
    terms = make().manifest.terms
    assert [wanted.term for wanted in terms_in(terms, "Stillhavenly restore testing", "de")] == []
    assert [wanted.term for wanted in terms_in(terms, "Restore test (Stillhaven)", "de")] == [
        "restore test",
        "Stillhaven",
    ]
    assert [wanted.term for wanted in terms_in(terms, "Stillhavenの", "ja")] == ["Stillhaven"]


def test_lost_terms_are_findings_with_their_line() -> None:
    source = make({"de": f'msgid "{FOOTER}"\nmsgstr "Ein Test von Stillhafen"\n'})
    findings = list(check_terms(source))
    assert [(finding.severity, finding.file, finding.line) for finding in findings] == [
        ("warning", "locales/de.po", 1),
        ("error", "locales/de.po", 1),
    ]


def test_names_stand_in_local_order() -> None:
    assert full_name("hu", "Anna", "Kovács") == "Kovács Anna"
    assert full_name("ja-JP", "太郎", "山田") == "山田太郎"
    assert full_name("ja", "Anna", "Smith") == "Anna Smith"
    assert full_name("de", "Anna", "") == "Anna"
    assert recipient_values("ja", "太郎", "", "山田")["recipient.greeting"] == "山田 様"
    assert recipient_values("de", "Kim", "", "Beispiel")["recipient.greeting"] == "Guten Tag Kim Beispiel,"
    assert recipient_values("en", "Kim", "", "Example")["recipient.greeting"] == "Hello Kim,"


def test_the_commands_work_on_a_folder(tmp_path: Path) -> None:
    manifest = MANIFEST.replace('["en", "de", "ar", "fr", "fr-CA"]', '["en", "de"]')
    source, folder = make(manifest=manifest), tmp_path / "kit"
    for path, data in source.files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)

    def run(*words: str, status: int = 0) -> str:
        done = CliRunner().invoke(kit_commands, ["translations", *words])
        assert done.exit_code == status, done.output
        return done.output

    total = len(kit_texts(source))
    assert f"{total} texts" in run("extract", str(folder))
    assert 'msgid "Headline"' in run("extract", str(folder), "--out", "-")
    assert f"{total} new" in run("update", str(folder))
    figures = json.loads(run("stats", str(folder), "--format", "json"))
    assert (figures[0]["locale"], figures[0]["missing"], figures[0]["percent"]) == ("de", total, 0)
    sent = tmp_path / "de.xlf"
    run("export", str(folder), "--out", str(sent))
    text = sent.read_text().replace(
        '<source xml:space="preserve">Headline</source>',
        '<source xml:space="preserve">Headline</source><target xml:space="preserve">Titel</target>',
    )
    sent.write_text(text)
    assert "1 added" in run("import", str(folder), str(sent), "--dry-run")
    assert "Titel" not in (folder / "locales/de.po").read_text()
    run("import", str(folder), str(sent))
    assert "Titel" in (folder / "locales/de.po").read_text()
    assert "fuzzy" in run("stats", str(folder))
    bad = tmp_path / "bad.po"
    bad.write_text(f'msgid "{GREETING}"\nmsgstr "ohne"\n')
    assert "bad.po:1: refused:" in run("import", str(folder), str(bad), status=1)
    assert "fr uses en" in run("stats", str(folder), "--locale", "fr")
