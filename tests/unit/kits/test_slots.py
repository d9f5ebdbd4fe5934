"""Slot values and brands, held to the kit's rules."""

import pytest

from tests.unit.kits.conftest import Make
from tmpa.kernel.errors import Refused
from tmpa.kits.brand import Brand
from tmpa.kits.slots import SlotsRefused, clean_richtext, length_of, validate_slots
from tmpa.kits.source import KitSource
from tmpa.kits.values import check_link, clean_text, count_characters, readable_on
from tmpa.kits.words import recipient_values
from tmpa.partners.colours import contrast


def sentence(kit: KitSource, name: str, value: object) -> str:
    with pytest.raises(SlotsRefused) as caught:
        validate_slots(kit, {name: value}, "en")
    assert caught.value.field == name
    return caught.value.errors[name]


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("headline", "x" * 81, "81 characters; 80 fit"),
        ("headline", "x" * 50_000, "far too long"),
        ("headline", "👩‍👩‍👧‍👦" * 81, "81 characters; 80 fit"),
        ("headline", "Ｇuarаnteed for you", "word “guaranteed”"),
        ("headline", "Guaran\u200dteed for you", "word “guaranteed”"),
        ("headline", 5, "Write a text"),
        ("headline", "Guaranteed for you", "word “guaranteed”"),
        ("offer", "<p>" + "x" * 501 + "</p>", "500 fit"),
        ("offer", '<a href="https://user@evil.example/">x</a>', "full address"),
        ("tone", "home", "listed values"),
        ("until", "31.12.2026", "year-month-day"),
        ("until", "1066-10-14", "between"),
        ("price_from", "12 EUR", "amount and a currency"),
        ("price_from", {"amount_minor": True, "currency": "EUR"}, "amount and a currency"),
        ("price_from", {"amount_minor": -1, "currency": "EUR"}, "range"),
        ("price_from", {"amount_minor": 1, "currency": "XXQ"}, "not a currency"),
        ("about_link", "http://plain.example", "https://"),
        ("about_link", "javascript:alert(1)", "https://"),
        ("about_link", "https://localhost/", "https://"),
        ("about_link", 'https://a.example/" onload="x', "https://"),
        ("photo", "ftp://x", "picture"),
        ("about_link", "https://gооgle.example/", "several scripts (Cyrillic, Latin)"),
        ("about_link", "https://xn--80ak6aa92e.com/", "reads as “apple” but is not"),
        ("about_link", "https://ɡoogle.example/", "look like others"),
        ("about_link", "https://xn--zzzzzzzzz99999.com/", "browsers understand"),
        ("about_link", "https://ok.example/\u202egnp.exe", "hidden characters"),
        ("offer", '<a href="https://gооgle.example/">x</a>', "several scripts"),
        ("photo", {"url": "https://a.example/x.png", "alt": 3}, "picture"),
        ("photo", {"url": "https://a.example/x.png", "alt": "\u200d"}, "Say what the picture shows"),
        ("photo", {"url": "https://a.example/x.png", "picture": "pic_1", "alt": "x"}, "another shape"),
        ("unknown", "x", "no slot"),
    ],
)
def test_values_are_refused_with_a_sentence(kit: KitSource, name: str, value: object, says: str) -> None:
    assert says in sentence(kit, name, value)


def test_empty_values_fall_back_to_the_translated_default(kit: KitSource) -> None:
    assert validate_slots(kit, {"headline": "  "}, "de").texts["headline"].startswith("Eine Überschrift")
    assert validate_slots(kit, {}, "en").choices == {"tone": "office"}


def test_a_required_slot_without_default_must_be_filled(changed: Make) -> None:
    source = changed("kit.toml", 'default = "A headline that says what changes"\n', "")
    assert "fill this in" in sentence(source, "headline", "")
    partly = validate_slots(source, {"about_link": "nonsense"}, "en", partial=True)
    assert set(partly.errors) == {"headline", "about_link"}
    assert partly.texts["about_link"] == ""


def test_values_are_written_as_the_locale_writes_them(kit: KitSource) -> None:
    raw: dict[str, object] = {
        "until": "2027-03-31",
        "price_from": {"amount_minor": 123450, "currency": "EUR"},
    }
    english, german = validate_slots(kit, raw, "en").texts, validate_slots(kit, raw, "de").texts
    assert english["until"] == "March 31, 2027"
    assert german["until"] == "31. März 2027"
    assert english["price_from"] == "€1,234.50"
    assert german["price_from"] == "1.234,50\xa0€"


def test_lengths_are_counted_as_people_count() -> None:
    assert count_characters("👩‍👩‍👧‍👦é" + "e\u0301") == 3


def test_each_locale_has_its_own_limit(changed: Make) -> None:
    source = changed("kit.toml", "max_length = 80\n", "max_length = 80\nmax_lengths = { de = 10, en = 20 }\n")
    fits: dict[str, object] = {"headline": "x" * 15}
    assert validate_slots(source, fits, "en").texts["headline"] == "x" * 15
    with pytest.raises(SlotsRefused, match="15 characters; 10 fit"):
        validate_slots(source, fits, "de")


def test_the_count_is_of_what_is_kept(kit: KitSource) -> None:
    headline, offer = kit.manifest.slot("headline"), kit.manifest.slot("offer")
    assert length_of(headline, "  two\u200b  words\n here ") == len("two words here")
    assert length_of(offer, "<p>a <strong>b</strong></p><script>x</script>") == 3
    assert length_of(offer, "one\n\n\ntwo") == 7


def test_heaps_of_marks_are_cut_and_what_nobody_sees_is_nothing(kit: KitSource) -> None:
    assert clean_text("e" + "\u0335" * 5000) == "e" + "\u0335" * 4
    assert clean_text("می\u200cخواهم") == "می\u200cخواهم"
    texts = validate_slots(kit, {"headline": "\u200d\u3164\u2800"}, "en").texts
    assert texts["headline"] == "A headline that says what changes"


def test_a_picture_is_described_in_each_language_or_is_decoration(kit: KitSource) -> None:
    photo = {"url": "https://a.example/x.png", "alt": {"en": "Our team", "de": "Unser Team"}}
    assert validate_slots(kit, {"photo": photo}, "de").alts == {"photo": "Unser Team"}
    assert validate_slots(kit, {"photo": {**photo, "decorative": True}}, "en").alts == {"photo": ""}
    with pytest.raises(SlotsRefused, match="Say what the picture shows"):
        validate_slots(kit, {"photo": {**photo, "alt": {"de": "Unser Team"}}}, "en")


def test_text_that_hides_or_reorders_is_cleaned() -> None:
    assert clean_text("a\u202eb\u2066c\x00d\u200be\nf\ud800") == "abc def\ufffd".replace("def", "de f")
    assert clean_text("مرحبا\u200f!") == "مرحبا\u200f!"  # a right-to-left mark is part of the text


def test_rich_text_keeps_allowed_tags_only() -> None:
    assert clean_richtext("one\n\ntwo & three") == "<p>one</p><p>two &amp; three</p>"
    assert clean_richtext("a <strong>b</strong><script>x</script>") == "<p>a <strong>b</strong></p>"
    assert (
        clean_richtext('<p onclick="x" style="x">a <a href="javascript:x" target="_blank">b</a></p>')
        == "<p>a <a>b</a></p>"
    )
    assert clean_richtext('<ul><li><a href="https://a.example/?x=1&y=2">b</a></li></ul>') == (
        '<ul><li><a href="https://a.example/?x=1&amp;y=2">b</a></li></ul>'
    )


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("https://example.com/a", True),
        ("https://www.example.com/a", True),
        ("https://example.com.evil.example/", False),
        ("https://evilexample.com/", False),
        ("https://example.com@evil.example/", False),
        ("https://examp\u04cfe.com/", False),
        ("https://example.com\u3002evil.example/", False),
        ("https://evil.example/?example.com", False),
    ],
)
def test_link_domains(address: str, allowed: bool) -> None:
    if allowed:
        assert check_link(address, "link", ["example.com"]) == address
    else:
        with pytest.raises(Refused):
            check_link(address, "link", ["example.com"])


def test_international_hosts_are_written_in_ascii() -> None:
    assert check_link("https://Müller.example/ä?ö#ü", "link") == "https://xn--mller-kva.example/ä?ö#ü"


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("https://пример.com/", "https://xn--e1afmkfd.com/"),
        ("https://сосо.ru/", "https://xn--n1aahb.ru/"),
        ("https://παράδειγμα.gr/", "https://xn--hxajbheg2az3al.gr/"),
        ("https://日本語tokyo.jp/", "https://xn--tokyo-1e1k07ec84j.jp/"),
        ("https://مثال.example/", "https://xn--mgbh0fb.example/"),
    ],
)
def test_honest_names_of_every_script_are_taken(address: str, kept: str) -> None:
    assert check_link(address, "link") == kept


@pytest.mark.parametrize(
    ("field", "value"),
    [("primary", "green"), ("website", "http://a.example"), ("email", "nobody"), ("phone", "call me"),
     ("name", ""), ("name", "x" * 121), ("logo_url", "javascript:x"), ("address", "\n")],
)  # fmt: skip
def test_brands_name_the_field_at_fault(field: str, value: str) -> None:
    values = {"name": "A", "legal_name": "A Ltd", "address": "1 Street", field: value}
    with pytest.raises(Refused) as caught:
        Brand(**values)
    assert caught.value.field == field


def test_addresses_of_several_lines_become_one() -> None:
    assert (
        Brand(name="A", legal_name="A", address="1 Street,\n\n12345 Town\r\nGermany").address
        == "1 Street, 12345 Town, Germany"
    )


@pytest.mark.parametrize("colour", ["#ffffff", "#000000", "#ffd400", "#808080", "#777777", "#0b6e4f"])
def test_text_on_the_brand_colour_is_always_readable(colour: str) -> None:
    assert contrast(colour, readable_on(colour)) >= 4.5


def test_greetings_cope_without_a_name() -> None:
    assert recipient_values("de-AT", "Ada", "")["recipient.greeting"] == "Guten Tag Ada,"
    assert recipient_values("ja", " ", "")["recipient.greeting"] == "ご担当者様"
    assert recipient_values("sw", "Ada", "")["recipient.greeting"] == "Hello Ada,"
