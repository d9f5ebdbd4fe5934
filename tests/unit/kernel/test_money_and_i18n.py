"""Amounts as people type and read them, dates and words in five languages."""

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tmpa.kernel import i18n
from tmpa.kernel.errors import Refused
from tmpa.kernel.money import MAX_MINOR, Money, check_currency, exponent, parse_amount, to_minor, write_amount

CURRENCIES = ("EUR", "USD", "JPY", "KWD")
MOMENT = datetime(2026, 3, 5, 14, 7, 9, tzinfo=UTC)


def test_exponents_are_those_of_iso_4217() -> None:
    assert {code: exponent(code) for code in CURRENCIES} == {"EUR": 2, "USD": 2, "JPY": 0, "KWD": 3}


@given(
    amount=st.integers(0, MAX_MINOR // 1000),
    currency=st.sampled_from(CURRENCIES),
    locale=st.sampled_from([*i18n.LOCALES, "de-CH", "ar-EG", "pt-BR", "fr-CA"]),
)
def test_what_is_written_reads_back(amount: int, currency: str, locale: str) -> None:
    assert parse_amount(write_amount(amount, currency, locale), currency, locale) == amount


@pytest.mark.parametrize(
    ("text", "locale"),
    [
        ("1,234.50", "en"),
        ("1234.5", "en"),
        ("1.234,50", "de"),
        ("1234,50", "de"),
        ("1234.50", "de"),  # as machines write it
        ("1 234,50", "de"),
        ("1 234,50", "fr"),
        ("1\u202f234,50", "fr"),
        ("1\u00a0234,50", "fr"),
        ("1,234.50", "ja"),
        ("１，２３４．５０", "ja"),
        ("١٬٢٣٤٫٥٠", "ar"),
        ("1,234.50", "ar"),
        ("1’234.50", "de-CH"),
        ("  1234.50  ", "en"),
    ],
)
def test_an_amount_is_read_as_its_language_writes_it(text: str, locale: str) -> None:
    assert parse_amount(text, "EUR", locale) == 123_450


@pytest.mark.parametrize(
    "text",
    ["", " ", "-", "abc", "1,23", "1.2.3", "12 34", "NaN", "sNaN", "Infinity", "1e5", "1e999999", "1_000", "0x10",
     "½", "12,34,56", "--5", "1\x00", "€5"],
)  # fmt: skip
def test_what_is_no_amount_is_refused_next_to_its_field(text: str) -> None:
    with pytest.raises(Refused) as refused:
        parse_amount(text, "EUR", "en", field="net")
    assert refused.value.field == "net"


@pytest.mark.parametrize(
    ("text", "currency", "says"),
    [
        ("-5", "EUR", "zero or more"),
        ("1.234", "EUR", "EUR has 2 digits"),
        ("1.5", "JPY", "JPY has 0 digits"),
        ("1.2345", "KWD", "KWD has 3 digits"),
        ("9" * 17, "EUR", "too large"),
        ("9" * 40, "EUR", "too large"),
    ],
)
def test_an_amount_that_can_not_be_says_why(text: str, currency: str, says: str) -> None:
    with pytest.raises(Refused, match=says):
        parse_amount(text, currency, "en")


@given(text=st.text(max_size=60), locale=st.sampled_from(i18n.LOCALES))
def test_no_text_does_anything_but_parse_or_be_refused(text: str, locale: str) -> None:
    try:
        amount = parse_amount(text, "EUR", locale)
    except Refused as refused:
        assert str(refused)
    else:
        assert 0 <= amount <= MAX_MINOR


def test_money_does_not_mix_currencies() -> None:
    assert Money(150, "EUR") + Money(50, "EUR") == Money(200, "EUR")
    assert Money(1234, "KWD").decimal() == Decimal("1.234")
    assert to_minor(Decimal("0.005"), "EUR") == 1
    with pytest.raises(ValueError, match="USD"):
        Money(1, "EUR") + Money(1, "USD")
    assert check_currency(" eur ") == "EUR"
    with pytest.raises(Refused, match="not a currency code"):
        check_currency("EURO")


@pytest.mark.parametrize(
    ("tags", "language"),
    [
        (["de-AT", "en"], "de"),
        (["pt", "fr_CA"], "fr"),
        (["AR-eg"], "ar"),
        (["tlh", "*"], "en"),
        ([], "en"),
        (["ja-JP-u-ca-japanese"], "ja"),
    ],
)
def test_the_nearest_language_that_we_ship(tags: list[str], language: str) -> None:
    assert i18n.nearest(tags) == language


@pytest.mark.parametrize(
    ("locale", "written"),
    [
        ("en", "Mar 5, 2026, 3:07\u202fPM"),
        ("de", "05.03.2026, 15:07"),
        ("fr", "5 mars 2026, 15:07"),
        ("ja", "2026/03/05 15:07"),
        ("ar", "05\u200f/03\u200f/2026، 3:07 م"),
    ],
)
def test_moments_show_hours_and_minutes_in_the_readers_zone(locale: str, written: str) -> None:
    with i18n.use_locale(locale, ZoneInfo("Europe/Berlin")):
        assert i18n.format_datetime(MOMENT) == written


def test_a_moment_near_midnight_has_the_day_of_the_readers_zone() -> None:
    late = datetime(2026, 3, 5, 23, 30, tzinfo=UTC)
    with i18n.use_locale("de", ZoneInfo("Asia/Tokyo")):
        assert i18n.format_datetime(late) == "06.03.2026, 08:30"
    with i18n.use_locale("de"):
        assert i18n.format_datetime(late) == "05.03.2026, 23:30"


def test_figures_are_written_as_their_language_does() -> None:
    with i18n.use_locale("de"):
        assert i18n.format_money(123_450, "EUR") == "1.234,50\u00a0€"
        assert i18n.format_money(1234, "JPY") == "1.234\u00a0¥"
        assert i18n.format_number(1234567) == "1.234.567"
        assert i18n.format_percent(0.256) == "25,6\u00a0%" or i18n.format_percent(0.256) == "25,6%"
        assert i18n.format_date(date(2026, 3, 5), "long") == "5. März 2026"
    assert i18n.current_locale() == "en"


def test_plurals_are_the_languages_own() -> None:
    with i18n.use_locale("en"):
        assert i18n.ngettext("%(num)s person", "%(num)s people", 1) == "1 person"
        assert i18n.ngettext("%(num)s person", "%(num)s people", 1200) == "1,200 people"


def test_directions() -> None:
    assert [i18n.direction(tag) for tag in i18n.LOCALES] == ["ltr", "ltr", "ltr", "ltr", "rtl"]
    assert i18n.direction("he-IL") == "rtl" and i18n.direction("nonsense!") == "ltr"


def test_a_lazy_text_is_translated_when_it_is_shown() -> None:
    lazy = i18n.lazy_gettext("Give %(name)s a name.", name="it")
    with i18n.use_locale("en"):
        assert str(lazy) == "Give it a name."
