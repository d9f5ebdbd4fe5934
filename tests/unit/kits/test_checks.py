"""The checks at publishing: each rule finds its mistake and names where; sound kits have no finding."""

import pytest

from tests.unit.kits.conftest import Make, skeleton_files
from tmpa.kits import checking
from tmpa.kits.catalogue import used_texts
from tmpa.kits.checks import run
from tmpa.kits.findings import Finding, has_errors
from tmpa.kits.localisation.coverage import coverage
from tmpa.kits.source import KitSource, build_source, pack
from tmpa.resources import data_dir

MAIL, PAGE, TOML, PO = "mails/announcement.mjml", "pages/landing.html", "kit.toml", "locales/de.po"


def found(source: KitSource, rule: str) -> Finding:
    """The first finding of that rule."""
    findings = run(source)
    matching = [finding for finding in findings if finding.rule == rule]
    assert matching, findings
    return matching[0]


def test_the_starting_kit_has_no_finding(kit: KitSource) -> None:
    assert checking.check(kit) == []


@pytest.mark.parametrize(
    "folder", sorted(path.parent.name for path in data_dir("campaigns").glob("*/kit.toml"))
)
def test_the_shipped_kits_have_no_finding(folder: str) -> None:
    assert checking.check_folder(data_dir("campaigns") / folder) == []


@pytest.mark.parametrize(
    ("path", "old", "new", "rule", "severity"),
    [
        (MAIL, "{{ recipient.greeting }}", "{{ slot.nothing }}", "unknown-name", "error"),
        (MAIL, "{{ recipient.greeting }}", "{% if locale == 'x' %}{{ slot.no }}{% endif %}", "unknown-name", "error"),
        (MAIL, "{{ recipient.greeting }}", "Hello there", "untranslatable", "error"),
        (MAIL, 'alt="{{ mark.alt }}"', 'alt="Our logo"', "untranslatable", "error"),
        (MAIL, "{{ recipient.greeting }}", "{{ _(locale) }}", "untranslatable", "error"),
        (MAIL, "{{ recipient.greeting }}", "{% if %}", "template", "error"),
        (MAIL, "{{ recipient.greeting }}", "<mj-bogus></mj-bogus>", "mjml", "error"),
        (MAIL, "{{ recipient.greeting }}", '<p class="{{ slot.headline }}"></p>', "hole", "error"),
        (MAIL, ' alt="{{ mark.alt }}"', "", "alt-text", "error"),
        (MAIL, 'lang="{{ locale }}" dir="{{ direction }}"', "", "language", "error"),
        (MAIL, "{{ link.unsubscribe }}", "{{ link.privacy }}", "mail-footer", "error"),
        (MAIL, "{{ brand.address }}", "", "mail-footer", "error"),
        (MAIL, "{{ link.privacy }}", "http://plain.example", "links", "error"),
        (MAIL, "{{ _(\"Unsubscribe\") }}", "", "link-text", "error"),
        (MAIL, 'color="#46535f"', 'color="#b0b8c0"', "contrast", "error"),
        (MAIL, "<h1 ", "<h3 ", "mjml", "error"),
        (MAIL, "{{ recipient.greeting }}", "&nbsp;" * 20_000, "mail-size", "error"),
        (PAGE, "<main>", "<main><h1>{{ slot.headline }}</h1>", "headings", "error"),
        (PAGE, "<main>", "<main><h4>{{ slot.headline }}</h4>", "headings", "error"),
        (PAGE, "{{ form }}", "", "page-form", "error"),
        (PAGE, "<main>", "<main><script>1</script>", "outside", "error"),
        (PAGE, "<main>", '<main><img alt="" src="https://cdn.example/x.png">', "outside", "error"),
        (PAGE, ":root {", "@import url(https://fonts.example/x.css); :root {", "outside", "error"),
        (PAGE, "<main>", '<main><p onclick="x"></p>', "outside", "error"),
        (PAGE, "<main>", '<main><a href="#nowhere">{{ slot.headline }}</a>', "links", "error"),
        (TOML, 'subject = "{{ slot.headline }}"', 'subject = "Re: {{ slot.headline }}"', "subject", "error"),
        (TOML, "max_length = 3000", "max_length = 40", "piece", "error"),
        (TOML, 'max_length = 80\n', "max_length = 10\n", "slot-default", "error"),
        (TOML, 'name = "consent"\nkind = "consent"', 'name = "consent"\nkind = "text"', "page-consent", "warning"),
        (TOML, 'locales = ["en", "de"]', 'locales = ["en", "de", "fr"]', "translation", "error"),
        (PO, 'msgstr "Datenschutz"', 'msgstr ""', "translation", "error"),
        (PO, 'msgid "Privacy"', '#, fuzzy\nmsgid "Privacy"', "translation", "error"),
        (PO, 'msgid "Privacy"', 'msgid "Private"', "translation-stale", "warning"),
        (PO, "Ab %(price)s im Monat", "Ab %(preis)s im Monat", "placeholder", "error"),
        (PO, "Sprechen Sie mit {{ brand.name }}", "Sprechen Sie mit uns", "placeholder", "error"),
        ("documents/onepager.typ", "#slot.offer", "#slot.nothing", "typst", "error"),
        ("documents/onepager.typ", "#slot.offer", '#import "@preview/cetz:0.2.0"', "typst", "error"),
        ("documents/onepager.typ", "#slot.offer", '#read("/etc/passwd")', "typst", "error"),
        ("documents/onepager.typ", "#slot.offer", "#pagebreak()", "document-pages", "warning"),
    ],
)  # fmt: skip
def test_each_rule_finds_its_mistake(
    changed: Make, path: str, old: str, new: str, rule: str, severity: str
) -> None:
    finding = found(changed(path, old, new), rule)
    assert finding.severity == severity
    assert finding.message
    assert finding.mend
    assert finding.file or rule == "piece"


def test_template_findings_name_the_line(changed: Make) -> None:
    source = changed(MAIL, "{{ recipient.greeting }}", "\n\nHello there\n")
    finding = found(source, "untranslatable")
    assert source.text(MAIL).splitlines()[finding.line - 1] == "Hello there"
    source = changed("documents/onepager.typ", "#slot.offer", "#slot.nothing")
    finding = found(source, "typst")
    assert finding.file == "documents/onepager.typ"
    assert "nothing" in source.text("documents/onepager.typ").splitlines()[finding.line - 1]


def test_unused_slots_and_pictures_are_named(files: dict[str, bytes]) -> None:
    files["images/spare.svg"] = files["images/line.svg"]
    spare = b'[[slots]]\nname = "spare"\nkind = "date"\nlabel = "Headline"\n\n[[pieces]]'
    files[TOML] = files[TOML].replace(b"[[pieces]]", spare, 1)
    source = build_source(files)
    assert found(source, "image-unused").file == "images/spare.svg"
    unused = found(source, "slot-unused")
    assert source.text(TOML).splitlines()[unused.line - 1] == 'name = "spare"'


def test_texts_are_found_in_manifest_templates_and_documents(kit: KitSource) -> None:
    used = used_texts(kit)
    assert used["Headline"][0] == TOML
    assert used["Read more"][0] == MAIL
    assert used["From %(price)s a month."][0] == "documents/onepager.typ"
    assert "Ask for a call" in used
    (german,) = coverage(kit)
    assert (german.locale, german.translated, german.total) == ("de", len(used), len(used))


def test_a_kit_that_kills_its_checker_is_a_finding(kit: KitSource, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "MODULE", "tests.unit.kits.dying")
    (finding,) = checking.check(kit)
    assert finding.rule == "check-died"
    assert "SIGSEGV" in finding.message


def test_a_kit_that_never_ends_is_a_finding(changed: Make) -> None:
    slow = "#let n = 0\n#for a in range(9000) { for b in range(9000) { for c in range(9000) { n = n + 1 } } }"
    source = changed("documents/onepager.typ", "#slot.offer", slow)
    (finding,) = checking._child(["-"], pack(source), timeout=8)
    assert finding.rule == "check-died"


def test_unreadable_kits_have_findings_too() -> None:
    assert has_errors(checking.check_zip(b"nonsense"))
    files = skeleton_files()
    files["images/x.svg"] = b"<svg xmlns='http://www.w3.org/2000/svg'>\n<script/></svg>"
    del files["images/line.svg"]
    held = build_source(skeleton_files())
    packed = pack(KitSource(files, held.manifest, ""))
    assert [(finding.rule, finding.line) for finding in checking.check_zip(packed)] == [("svg", 2)]
