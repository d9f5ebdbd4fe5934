"""What people type into slots: kept as typed, read by place and locale, and nothing lost on the way."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.factories.campaigns import KIT
from tmpa.campaigns import typed
from tmpa.kits.source import read_folder

SOURCE = read_folder(KIT)
MANIFEST = SOURCE.manifest
NAMES = [typed.field_name(slot, locale) for slot in MANIFEST.slots for locale in ("en", "de")]
FIELDS = sorted({*NAMES, "slot-all-price_from-amount", "slot-all-price_from-currency"})


def test_texts_lie_under_their_locale_and_the_rest_under_every_locale() -> None:
    form = {
        "slot-de-headline": "Guten Morgen",
        "slot-all-audience": "practice",
        "slot-all-price_from-amount": "1.234,50",
        "slot-all-price_from-currency": "EUR",
    }
    assert typed.read(MANIFEST, ["en", "de"], form, "de") == {
        "de": {"headline": "Guten Morgen"},
        "*": {"audience": "practice", "price_from": {"amount_minor": 123450, "currency": "EUR"}},
    }


def test_amounts_know_their_currency_and_the_readers_language() -> None:
    def read(text: str, currency: str, locale: str) -> object:
        form = {"slot-all-price_from-amount": text, "slot-all-price_from-currency": currency}
        return typed.read(MANIFEST, ["en"], form, locale)["*"]["price_from"]

    assert read("1,500", "JPY", "en") == {"amount_minor": 1500, "currency": "JPY"}
    assert read("1.5", "KWD", "en") == {"amount_minor": 1500, "currency": "KWD"}
    kept = read("12,3456", "EUR", "de")
    assert isinstance(kept, dict) and kept["typed"] == "12,3456" and kept["problem"]


def test_a_field_that_was_not_sent_stays_as_it_was() -> None:
    kept = {"en": {"headline": "Mine", "contact_name": "Kim"}}
    brought = typed.read(MANIFEST, ["en"], {"slot-en-contact_name": ""}, "en")
    assert typed.merged(kept, brought, {}) == {"en": {"headline": "Mine"}}


def test_an_emptied_text_falls_back_to_the_kits_own_words() -> None:
    slots = typed.merged({"de": {"headline": "Alt"}}, {"de": {"headline": ""}}, typed.defaults(SOURCE))
    values, errors = typed.checked(SOURCE, slots, "de")
    assert not errors and values.texts["headline"] == typed.defaults(SOURCE)["de"]["headline"]


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(FIELDS), st.text(max_size=200)))
def test_whatever_is_typed_is_kept_checked_and_never_breaks_the_page(form: dict[str, str]) -> None:
    slots = typed.merged({}, typed.read(MANIFEST, ["en", "de"], form, "en"), typed.defaults(SOURCE))
    for locale in ("en", "de"):
        values, errors = typed.checked(SOURCE, slots, locale)
        assert set(errors) <= {slot.name for slot in MANIFEST.slots}
        assert all(isinstance(sentence, str) and sentence for sentence in errors.values())
        assert set(values.texts) | set(values.choices) == {slot.name for slot in MANIFEST.slots}
    again = typed.merged(slots, {}, {})
    assert again == slots
