"""Rules of mails: what is spam in which language, what a client supports, what longer texts do; no kit is compiled."""

import pytest

from tests.unit.kits.conftest import Make
from tmpa.kernel.i18n import LOCALES
from tmpa.kits.checks.client_tables import ELEMENTS, GRACEFUL, PROPERTIES, PSEUDO, UNITS
from tmpa.kits.checks.clients import check_clients, client_data, features_of
from tmpa.kits.checks.expansion import check_expansion, lengthen, pseudo_source, width_of
from tmpa.kits.checks.finished import Finished
from tmpa.kits.checks.mails import check_plain_text, check_spam, check_subject, phrases_in, shouts
from tmpa.kits.checks.spam_words import PHRASES
from tmpa.kits.localisation.po import read
from tmpa.kits.manifest import MailPiece
from tmpa.kits.samples import sample_values
from tmpa.kits.slots import validate_slots
from tmpa.kits.source import KitSource

FILE = "mails/announcement.mjml"


def piece_of(kit: KitSource) -> MailPiece:
    """The starting kit's mail."""
    piece = kit.manifest.piece("announcement")
    assert isinstance(piece, MailPiece)
    return piece


@pytest.mark.parametrize(
    "subject", ["Re: x", "RE : x", "Fwd: x", "AW: x", "Antw: x", "TR: x", "回复:x", "رد: x", "Re[2]: x"]
)
def test_forged_replies_are_found_in_many_languages(kit: KitSource, subject: str) -> None:
    (finding,) = check_subject(kit, piece_of(kit), subject)
    assert (finding.rule, finding.severity) == ("subject", "error")
    assert kit.text("kit.toml").splitlines()[finding.line - 1].startswith("subject")


@pytest.mark.parametrize(
    "subject", ["Reorder: what to know", "Trends: 2027", "One question about your backup", "返品について"]
)
def test_honest_subjects_have_no_finding(kit: KitSource, subject: str) -> None:
    assert list(check_subject(kit, piece_of(kit), subject)) == []


def test_subjects_have_a_length(kit: KitSource) -> None:
    assert [item.severity for item in check_subject(kit, piece_of(kit), "x" * 200)] == ["warning"]
    assert [item.severity for item in check_subject(kit, piece_of(kit), " ")] == ["error"]


@pytest.mark.parametrize(
    ("text", "locale", "found"),
    [
        ("Act now and save", "en", ["act now"]),
        ("ACT  NOW", "fr", ["act now"]),
        ("Jetzt zuschlagen!", "de-AT", ["jetzt zuschlagen"]),
        ("Vous avez gagné", "fr", ["vous avez gagné"]),
        ("今なら完全無料です", "ja", ["完全無料"]),
        ("لقد ربحت جائزة", "ar", ["لقد ربحت"]),
        ("You wondered about backups", "en", []),  # not “you won”
        ("The test is free of charge", "en", []),
        ("Der Test ist kostenlos", "de", []),
    ],
)
def test_phrases_are_whole_words_of_the_language(text: str, locale: str, found: list[str]) -> None:
    assert phrases_in(text, locale) == found


def test_the_languages_of_the_portal_have_phrases() -> None:
    assert set(LOCALES) <= set(PHRASES)
    assert all(phrase == phrase.casefold() for phrases in PHRASES.values() for phrase in phrases)


def test_shouting_is_capitals_not_abbreviations() -> None:
    assert shouts("BIG SALE TODAY ONLY")
    assert not shouts("NIS2 and ISO 27001: what SMEs do")
    assert not shouts("GMBH")
    assert not shouts("今日のお知らせ")


def test_spam_is_found_in_the_whole_mail(kit: KitSource) -> None:
    def rules(body: str, subject: str = "A subject", preheader: str = "") -> list[str]:
        html = f"<html lang='en'><body>{body}</body></html>"
        finished = Finished(kit, "mail", FILE, "en", html)
        return [item.rule for item in check_spam(kit, piece_of(kit), finished, subject, preheader)]

    text = "<p>" + "Sound words about a backup that works. " * 8 + "</p>"
    assert rules(text) == []
    assert rules(text + "<h2>Act now</h2>") == ["spam"]
    assert rules(text + "<p>Wow!!!</p>") == ["spam"]
    assert rules(text, preheader="Only €1000! Only €1000!") == ["spam", "spam"]
    assert rules('<img src="kit:a.png" width="600" alt="All of it">') == ["image-only"]


def test_plain_text_reads_well(kit: KitSource) -> None:
    def rules(text: str, *targets: str) -> list[str]:
        return [item.message for item in check_plain_text(piece_of(kit), text, list(targets))]

    sound = (
        "Sound words about a backup that works, and where to ask for it.\n\nhttps://x.example/"
        + "a" * 300
        + "\n"
    )
    assert rules(sound, "https://x.example") == []
    assert len(rules("")) == 1
    assert "&nbsp;" in rules(sound + "&nbsp;")[0]
    assert "<td" in rules(sound + "<td >")[0]
    assert "{{" in rules(sound + "{{ slot.x }}")[0]
    assert "300" in rules(sound, "https://x.example/".ljust(300, "a"))[0]


def test_tables_of_client_support_name_features_that_the_data_have() -> None:
    data = client_data()
    assert data is not None, "run `make assets`"
    for table in (ELEMENTS, PSEUDO, UNITS):
        assert set(table.values()) <= set(data.features), set(table.values()) - set(data.features)
    assert set(GRACEFUL) <= set(data.features), set(GRACEFUL) - set(data.features)
    assert len(set(PROPERTIES.values()) - set(data.features)) == 0
    assert all(len(reason) > 30 for reason in GRACEFUL.values())


@pytest.mark.parametrize(
    ("body", "feature"),
    [
        ('<p style="display:flex">a</p>', "css-display-flex"),
        ('<p style="DISPLAY: inline-grid">a</p>', "css-display-grid"),
        ('<p style="width:calc(100% - 2px)">a</p>', "css-unit-calc"),
        ('<p style="color:var(--x)">a</p>', "css-variables"),
        ("<style>:root{--x:1px}</style>", "css-variables"),
        ('<p style="padding-inline-start:2px">a</p>', "css-padding-inline-start-end"),
        ('<p style="position:absolute;inset:0">a</p>', "css-inset"),
        ('<p style="font-size:2rem">a</p>', "css-unit-rem"),
        ("<style>p::before{content:'a'}</style>", "css-pseudo-element-before"),
        ("<style>p:has(b){color:red}</style>", "css-pseudo-class-has"),
        ("<style>@media (min-width:9px){p{color:red}}</style>", "css-at-media"),
        ("<style>@supports (gap:1px){p{color:red}}</style>", "css-at-supports"),
        ("<video></video>", "html-video"),
        ("<form><select></select></form>", "html-select"),
        ("<section>a</section>", "html-semantics"),
    ],
)
def test_features_of_a_mail_are_recognised(body: str, feature: str) -> None:
    assert feature in features_of(f"<html><body>{body}</body></html>")


def test_what_only_old_outlook_reads_is_left_out() -> None:
    html = '<html><body><!--[if mso]><p style="display:flex">a</p><![endif]-->a</body></html>'
    assert "css-display-flex" not in features_of(html)


def test_support_is_asked_of_the_clients_that_the_kit_names(kit: KitSource) -> None:
    html = '<html><body><p style="display:flex">a</p></body></html>'
    (finding,) = check_clients(kit, FILE, html)
    assert finding.rule == "mail-clients"
    assert "Outlook" in finding.message
    assert "Apple" not in finding.message
    only_apple = kit.manifest.model_copy(update={"clients": ["apple-mail"]})
    assert list(check_clients(KitSource(kit.files, only_apple, "x"), FILE, html)) == []


@pytest.mark.parametrize(
    "text",
    ["Read more", "From %(price)s a month, %% included", "Talk to {{ brand.name }}", "<b>Now</b> &amp; here"],
)
def test_longer_texts_keep_what_is_no_text(text: str) -> None:
    longer = lengthen(text)
    letters = sum(char.isalpha() for char in text)
    assert len(longer) >= len(text) + 0.1 * letters
    for kept in ("%(price)s", "%%", "{{ brand.name }}", "<b>", "</b>", "&amp;"):
        assert longer.count(kept) == text.count(kept)


def test_the_longer_kit_is_read_as_any_other(kit: KitSource) -> None:
    longer, locale = pseudo_source(kit)
    assert locale == "de"
    book = {entry.id: entry.forms[0] for entry in read(longer.files["locales/de.po"]).entries}
    assert book["Read more"] == lengthen("Read more")
    assert width_of("日本", 10, False) == 20


def test_a_default_without_room_is_named(changed: Make) -> None:
    kit = changed("kit.toml", "max_length = 80\n", "max_length = 35\n")
    assert validate_slots(kit, sample_values(kit, "en"), "en").texts["headline"]
    found = [item for item in check_expansion(kit) if item.file == "kit.toml"]
    assert [item.rule for item in found] == ["text-expansion"]
    assert "headline" in found[0].message
