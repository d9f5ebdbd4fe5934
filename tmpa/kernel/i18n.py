"""Texts and formats in the reader's language. Works in requests, workers and commands alike."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from functools import lru_cache
from typing import Any, Literal

from babel import Locale, UnknownLocaleError, dates, numbers
from babel.support import LazyProxy, NullTranslations, Translations

from tmpa.resources import data_dir

LOCALES = ("en", "de", "fr", "ja", "ar")
OWN_NAMES = {"en": "English", "de": "Deutsch", "fr": "Français", "ja": "日本語", "ar": "العربية"}

_current: ContextVar[str] = ContextVar("locale", default="en")
_zone: ContextVar[tzinfo | None] = ContextVar("zone", default=None)


def current_locale() -> str:
    """The tag of the language that texts come out in now."""
    return _current.get()


@contextmanager
def use_locale(tag: str, zone: tzinfo | None = None) -> Iterator[None]:
    """Within: texts and formats in `tag` (its nearest shipped language for texts), times in `zone` (else UTC)."""
    token, zone_token = _current.set(tag), _zone.set(zone)
    try:
        yield
    finally:
        _current.reset(token)
        _zone.reset(zone_token)


def nearest(tags: list[str]) -> str:
    """The first shipped language of a reader's preference list, else English."""
    for tag in tags:
        language = tag.replace("_", "-").split("-")[0].lower()
        if language in LOCALES:
            return language
    return "en"


@lru_cache(maxsize=32)
def _catalogue(language: str) -> NullTranslations:
    return Translations.load(str(data_dir("locales")), [language])


def translations() -> NullTranslations:
    """The catalogue of the current language (for Jinja's i18n extension)."""
    return _catalogue(nearest([_current.get()]))


def gettext(text: str, /, **values: Any) -> str:
    """`text` in the current language with `%(name)s` filled."""
    translated = translations().ugettext(text)
    return translated % values if values else translated


def ngettext(singular: str, plural: str, num: int, /, **values: Any) -> str:
    """The plural form that `num` wants; `%(num)s` is filled with it, grouped as the language does."""
    return translations().ungettext(singular, plural, num) % {"num": format_number(num), **values}


def template_ngettext(singular: str, plural: str, num: int) -> str:
    """`ngettext` for Jinja, which fills the other placeholders itself after this: only the number is put in here."""
    text = translations().ungettext(singular, plural, num)
    return text.replace("%(num)s", format_number(num).replace("%", "%%"))


def lazy_gettext(text: str, /, **values: Any) -> Any:
    """Like `gettext`, translated when shown."""
    return LazyProxy(gettext, text, enable_cache=False, **values)


@lru_cache(maxsize=256)
def babel_locale(tag: str) -> Locale:
    """Babel's locale for a BCP 47 tag; English when unknown."""
    try:
        return Locale.parse(tag.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return Locale.parse("en")


def direction(tag: str | None = None) -> Literal["ltr", "rtl"]:
    """Writing direction of a locale (the current one by default)."""
    order = babel_locale(tag or _current.get()).character_order
    return "rtl" if order == "right-to-left" else "ltr"


def language_name(tag: str) -> str:
    """The name of a language in the reader's language; the tag itself when nobody knows it."""
    try:
        return Locale.parse(tag.replace("-", "_")).get_display_name(babel_locale(_current.get())) or tag
    except (UnknownLocaleError, ValueError):
        return tag


def country_name(code: str) -> str:
    """The name of a country (ISO 3166 code) in the reader's language; the code itself when nobody knows it."""
    return str(babel_locale(_current.get()).territories.get(code.upper(), code))


def format_money(amount_minor: int, currency: str) -> str:
    """Minor units as the current locale writes money."""
    amount = Decimal(amount_minor).scaleb(-numbers.get_currency_precision(currency))
    return numbers.format_currency(amount, currency, locale=babel_locale(_current.get()))


def format_number(value: float | Decimal) -> str:
    """A number as the current locale writes it."""
    return numbers.format_decimal(value, locale=babel_locale(_current.get()))


def format_percent(share: float | Decimal, digits: int = 1) -> str:
    """A share (0.25 is 25 %) as the current locale writes it."""
    pattern = "#,##0." + "#" * digits + "%"
    return numbers.format_percent(share, pattern, locale=babel_locale(_current.get()))


def format_date(value: date, length: Literal["short", "medium", "long", "full"] = "medium") -> str:
    """A day as the current locale writes it."""
    return dates.format_date(value, length, locale=babel_locale(_current.get()))


def format_datetime(value: datetime, length: Literal["short", "medium", "long", "full"] = "medium") -> str:
    """An aware moment in the reader's zone, as the current locale writes it; "medium" is without seconds."""
    locale = babel_locale(_current.get())
    if length != "medium":
        return dates.format_datetime(value, length, tzinfo=_zone.get(), locale=locale)
    # CLDR's medium time has seconds: the locale's own pattern joins its medium day and short time instead
    zoned = value.astimezone(_zone.get() or UTC)
    pattern = str(dates.get_datetime_format("medium", locale=locale)).replace("'", "")
    day, time = dates.format_date(zoned.date(), "medium", locale=locale), format_time(value)
    return pattern.replace("{1}", day).replace("{0}", time)


def format_time(value: datetime) -> str:
    """The time of day of an aware moment in the reader's zone, as the current locale writes it."""
    return dates.format_time(value, "short", tzinfo=_zone.get(), locale=babel_locale(_current.get()))


def format_ago(value: datetime, now: datetime) -> str:
    """How long ago (or ahead), in words."""
    return dates.format_timedelta(value - now, add_direction=True, locale=babel_locale(_current.get()))
