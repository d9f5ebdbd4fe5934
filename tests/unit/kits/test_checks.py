"""The checks at publishing: each rule finds its mistake and names where; sound kits have no finding."""

import re
from pathlib import Path

import pytest

from tests.unit.kits.conftest import Make, skeleton_files
from tmpa.kits import checking
from tmpa.kits.catalogue import used_texts
from tmpa.kits.checks import clients, run
from tmpa.kits.findings import Finding, has_errors
from tmpa.kits.localisation.coverage import coverage
from tmpa.kits.source import KitSource, build_source, pack
from tmpa.resources import data_dir

MAIL, PAGE, TOML, PO = "mails/announcement.mjml", "pages/landing.html", "kit.toml", "locales/de.po"


def only(source: KitSource, *kinds: str) -> KitSource:
    """The kit with its pieces of some kinds only: what a test doesn't look at isn't drawn."""
    pieces = [piece for piece in source.manifest.pieces if piece.kind in kinds]
    manifest = source.manifest.model_copy(update={"pieces": pieces, "journey": []})
    return KitSource(source.files, manifest, f"{source.content_hash}-{kinds}")


def found(source: KitSource, rule: str, path: str = "") -> Finding:
    """The first finding of that rule; with `path`, among the pieces that a change there concerns."""
    kinds = {MAIL: ("mail",), PAGE: ("page",), TOML: ("mail", "page", "social"), PO: ("social",)}.get(path)
    if path.endswith(".typ"):
        kinds = ("document",)
    findings = run(only(source, *kinds) if kinds else source)
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
        (MAIL, "{% for text in legal %}<br />{{ text }}{% endfor %}", "", "legal-text", "error"),
        (PAGE, "{% for text in legal %}<p>{{ text }}</p>{% endfor %}", "", "legal-text", "error"),
        (MAIL, "<mj-text><div>", '<mj-text><div style="display:flex">', "mail-clients", "warning"),
        (MAIL, "<mj-text><div>", '<mj-text><div style="width:calc(1px + 1em)">', "mail-clients", "warning"),
        (MAIL, ' inner-padding="13px 25px"', "", "touch-size", "warning"),
        (MAIL, "<h1 ", '<table><tr><td>&nbsp;</td></tr></table><h1 ', "table-role", "warning"),
        (MAIL, '<br /><a href="{{ link.unsubscribe }}"',
         '<br /><a aria-hidden="true" href="{{ link.unsubscribe }}"', "plain-text", "error"),
        (MAIL, "{{ link.privacy }}", "https://bit.ly/x", "url-shortener", "warning"),
        (MAIL, "{{ recipient.greeting }}", "{{ recipient.greeting }}!!!", "spam", "warning"),
        (MAIL, "{{ recipient.greeting }}", '<p colour="a"></p><mj-button>', "mjml", "error"),
        (MAIL, 'align="{{ start }}"', 'align="start"', "mjml-attribute", "error"),
        (MAIL, "<mj-section>\n", '<mj-section text-padding="1px">\n', "mjml-unsupported", "error"),
        (TOML, 'subject = "{{ slot.headline }}"', 'subject = "ACT NOW AND WIN"', "spam", "warning"),
        (TOML, 'subject = "{{ slot.headline }}"', 'subject = "Free!!! Only $$$ today"', "spam", "warning"),
        (TOML, 'subject = "{{ slot.headline }}"', f'subject = "{"A long subject, " * 8}"', "text-expansion", "warning"),
        (PAGE, "<h1>", '<h1 style="white-space:nowrap">{{ _("Ask for a call") }} {{ _("Ask for a call") }} ',
         "text-expansion", "warning"),
        (MAIL, ' inner-padding="13px 25px"', ' inner-padding="13px 25px" width="90px"', "text-expansion", "warning"),
        (PAGE, "<main>", '<main><p style="color:#999">{{ slot.headline }}</p>', "contrast", "error"),
    ],
)  # fmt: skip
def test_each_rule_finds_its_mistake(
    changed: Make, path: str, old: str, new: str, rule: str, severity: str
) -> None:
    finding = found(changed(path, old, new), rule, path)
    assert finding.severity == severity
    assert finding.message
    assert finding.mend
    assert finding.file or rule == "piece"


def test_template_findings_name_the_line(changed: Make) -> None:
    source = changed(MAIL, "{{ recipient.greeting }}", "\n\nHello there\n")
    finding = found(source, "untranslatable", MAIL)
    assert source.text(MAIL).splitlines()[finding.line - 1] == "Hello there"
    source = changed("documents/onepager.typ", "#slot.offer", "#slot.nothing")
    finding = found(source, "typst", "documents/onepager.typ")
    assert finding.file == "documents/onepager.typ"
    assert "nothing" in source.text("documents/onepager.typ").splitlines()[finding.line - 1]


def test_unused_slots_and_pictures_are_named(files: dict[str, bytes]) -> None:
    files["images/spare.svg"] = files["images/line.svg"]
    spare = b'[[slots]]\nname = "spare"\nkind = "date"\nlabel = "Headline"\n\n[[pieces]]'
    files[TOML] = files[TOML].replace(b"[[pieces]]", spare, 1)
    source = only(build_source(files), "social")
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
    (finding,) = checking._child(["-"], pack(source), timeout=4)
    assert finding.rule == "check-died"


def test_findings_in_html_name_the_line_that_says_it(changed: Make) -> None:
    for rule, old, new in (
        ("links", "{{ link.privacy }}", "http://plain.example"),
        ("contrast", 'color="#46535f"', 'color="#b0b8c0"'),
        ("mail-clients", "<mj-text><div>", '<mj-text><div style="display:flex">'),
        ("mjml-attribute", ' inner-padding="13px 25px"', ' inner-padding="13 25"'),
    ):
        source = changed(MAIL, old, new)
        finding = found(source, rule, MAIL)
        assert new.strip() in source.text(MAIL).splitlines()[finding.line - 1], rule


def test_missing_data_about_mail_clients_are_a_finding(
    kit: KitSource, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    clients.client_data.cache_clear()
    monkeypatch.setattr(clients, "data_dir", lambda name: tmp_path / name)
    try:
        assert found(kit, "client-data", MAIL).severity == "warning"
    finally:
        clients.client_data.cache_clear()


def test_a_right_to_left_locale_is_laid_beside_the_source(files: dict[str, bytes]) -> None:
    files[TOML] = files[TOML].replace(b'locales = ["en", "de"]', b'locales = ["en", "ar"]')
    files["locales/ar.po"] = files[PO]
    headline = "ستة عشر ساعة من العمل بلا انقطاع".encode()
    files["locales/ar.po"] = re.sub(rb'(msgid "Ask for a call"\nmsgstr ")[^"]*', rb"\1" + headline, files[PO])
    files[PAGE] = files[PAGE].replace(
        b"<main>", b'<main><p style="text-align:left">{{ _("Ask for a call") }}</p>'
    )
    del files[PO]
    finding = found(only(build_source(files), "page"), "mirrored")
    assert "left" in finding.message
    assert finding.line


def test_unreadable_kits_have_findings_too() -> None:
    assert has_errors(checking.check_zip(b"nonsense"))
    files = skeleton_files()
    files["images/x.svg"] = b"<svg xmlns='http://www.w3.org/2000/svg'>\n<script/></svg>"
    del files["images/line.svg"]
    held = build_source(skeleton_files())
    packed = pack(KitSource(files, held.manifest, ""))
    assert [(finding.rule, finding.line) for finding in checking.check_zip(packed)] == [("svg", 2)]
