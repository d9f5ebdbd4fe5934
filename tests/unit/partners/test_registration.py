"""What the law of a country wants printed: asked, checked softly, said in the piece's language."""

import pytest
from babel import Locale
from hypothesis import given, settings
from hypothesis import strategies as st

from tmpa.kernel.errors import Refused
from tmpa.kernel.i18n import use_locale
from tmpa.kits.brand import Brand
from tmpa.partners import registration as law

GERMAN = {
    "seat": "Kiel",
    "register_court": "Amtsgericht Kiel",
    "register_number": "HRB 12345",
    "directors": "Kim Beispiel",
    "vat_id": "DE123456789",
}
FIELDS = [(code, item) for code, country in law.COUNTRIES.items() for item in country.fields]


@pytest.mark.parametrize(("country", "item"), FIELDS, ids=lambda each: getattr(each, "name", each))
def test_every_example_passes_its_own_check(country: str, item: law.RegistrationField) -> None:
    assert law.check_value(country, item.name, item.example)
    assert law.check_value(country, item.name, "  ") == ""
    assert all(Locale(tag) for tag in item.own)


def test_countries_are_those_of_cldr_in_the_readers_language() -> None:
    with use_locale("de"):
        names = dict(law.countries())
    assert names["DE"] == "Deutschland" and "EU" not in names and "ZZ" not in names and len(names) > 240
    assert set(law.COUNTRIES) <= set(names)
    assert law.check_country("de") == "DE" and law.check_country("") == ""
    with pytest.raises(Refused):
        law.check_country("XX")


@pytest.mark.parametrize(
    ("country", "name", "typed", "kept"),
    [
        ("DE", "vat_id", "de 123 456 789", "DE123456789"),
        ("DE", "register_number", "HRB 12345 KI", "HRB 12345 KI"),
        ("AT", "vat_id", "ATU 12345678", "ATU12345678"),
        ("FR", "siren", "732 829 320", "732829320"),
        ("CH", "uid", "CHE-123.456.789 MWST", "CHE-123.456.789 MWST"),
        ("GB", "company_number", "SC123456", "SC123456"),
        ("US", "vat_id", "anything", ""),
    ],
)
def test_values_are_kept_as_people_write_them(country: str, name: str, typed: str, kept: str) -> None:
    assert law.check_value(country, name, typed) == kept


@pytest.mark.parametrize(
    ("country", "name", "typed"),
    [
        ("DE", "vat_id", "DE12345"),
        ("DE", "vat_id", "DE12345678٩"),
        ("FR", "siren", "732829321"),
        ("GB", "company_number", "12345"),
        ("NL", "vat_id", "NL123456789X01"),
        ("DE", "seat", "x" * 201),
        ("DE", "seat", "\ue000"),
        ("DE", "seat", "---"),
    ],
)
def test_a_wrong_value_is_refused_with_the_reason(country: str, name: str, typed: str) -> None:
    with pytest.raises(Refused) as refusal:
        law.check_value(country, name, typed)
    assert refusal.value.field == f"registration-{name}" and str(refusal.value)


def test_what_is_missing_follows_the_law_and_the_register() -> None:
    assert [item.name for item in law.missing("DE", {})] == [
        "seat", "register_court", "register_number", "directors"
    ]  # fmt: skip
    assert not law.missing("DE", GERMAN) and not law.missing("US", {}) and not law.missing("", {})
    assert not law.missing("DE", {law.UNREGISTERED: "1"})
    assert [item.name for item in law.missing("FR", {law.UNREGISTERED: "1"})] == ["siren"]


def test_the_line_speaks_the_pieces_language() -> None:
    assert law.line("DE", GERMAN, "de-AT").startswith("Sitz: Kiel · Registergericht: Amtsgericht Kiel")
    assert "VAT number: DE123456789" in law.line("DE", GERMAN, "en")
    assert law.line("JP", {"corporate_number": "1234567890123"}, "ja") == "法人番号\uff1a1234567890123"
    assert law.line("DE", {}, "de") == "" and law.line("", GERMAN, "de") == ""
    assert law.line("DE", {**GERMAN, law.UNREGISTERED: "1"}, "de") == "USt-IdNr.: DE123456789"
    assert "\u2068DE123456789\u2069" in law.line("DE", GERMAN, "ar")


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(FIELDS), st.text(max_size=60), st.sampled_from(["en", "de", "ar", "ja", "sv"]))
def test_what_is_kept_can_always_be_printed(
    place: tuple[str, law.RegistrationField], typed: str, locale: str
) -> None:
    country, item = place
    try:
        value = law.check_value(country, item.name, typed)
    except Refused:
        return
    brand = Brand("A", "A Ltd", "Street 1", country=country, registration=((item.name, value),))
    assert bool(brand.value("registration", locale)) == bool(value)
