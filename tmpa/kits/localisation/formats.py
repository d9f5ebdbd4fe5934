"""What templates call to write numbers, days and lists as the piece's language does (CLDR, through Babel).

In every Jinja template, on constants of the kit (never on holes: money and dates of slots come ready-made):

``format_number(1234.5)``          1,234.5 · 1.234,5 · 1 234,5
``format_percent(0.25)``           25% · 25 %                   (a share: 0.25 is a quarter; `digits=1` for decimals)
``format_money(4900, "EUR")``      €49.00 · 49,00 €            (minor units, ISO 4217)
``format_unit(3, "day")``          3 days · 3 Tage · 3 日       (CLDR units; `length="short"|"long"|"narrow"`)
``format_date("2026-11-30")``      Nov 30, 2026 · 30.11.2026   (`length="short"|"medium"|"long"|"full"`)
``format_list([a, b, c])``         a, b, and c · a, b und c    (`style="or"` for a choice; holes may stand in it)
``ngettext("one day", "%(num)s days", 3)``  the plural form that the language wants for 3
"""

import re
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Any

from babel import dates, lists, numbers, units

from tmpa.kernel.i18n import babel_locale, use_locale
from tmpa.kernel.i18n import format_money as kernel_money
from tmpa.kernel.i18n import gettext as _
from tmpa.kits.catalogue import Catalogue
from tmpa.kits.template_values import TemplateHole, TemplateMistake, fill, printable

_LENGTHS_FROM: dict[str, tuple[Any, ...]] = {
    "long": ("long", "short", "narrow"), "short": ("short", "narrow"), "narrow": ("narrow", "short"),
}  # fmt: skip
_DATE_LENGTHS = ("short", "medium", "long", "full")
_STYLES = {"and": "standard", "or": "or"}
MAX_NUMBER = 10**15


def _mistake(name: str, wants: str) -> TemplateMistake:
    message = _("%(name)s wants %(wants)s.", name=name, wants=wants)
    return TemplateMistake(message, _("See “Numbers, days and lists” in docs/kit-format.md."))


def _number(name: str, value: object) -> Decimal:
    if isinstance(value, TemplateHole):
        value.refuse()
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise _mistake(name, _("a number"))
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        raise _mistake(name, _("a number")) from None
    if not found.is_finite() or abs(found) > MAX_NUMBER:
        raise _mistake(name, _("a number of sane size"))
    return found


def format_number(locale: str, value: object) -> str:
    """A number with the language's digits and separators."""
    return numbers.format_decimal(_number("format_number", value), locale=babel_locale(locale))


def format_percent(locale: str, share: object, digits: int = 0) -> str:
    """A share (0.25 is a quarter) as percent with up to `digits` decimals."""
    places = int(_number("format_percent", digits))
    if not 0 <= places <= 6:
        raise _mistake("format_percent", _("0 to 6 digits"))
    chosen = babel_locale(locale)
    pattern = str(chosen.percent_formats[None].pattern)
    if places:
        pattern = re.sub(
            r"#,##0|#,##,##0|0(?=[^0]*$)", lambda found: f"{found[0]}.{'#' * places}", pattern, count=1
        )
    return numbers.format_percent(_number("format_percent", share), pattern, locale=chosen)


def format_money(locale: str, amount_minor: object, currency: object) -> str:
    """Minor units (cents) of an ISO 4217 currency."""
    amount = _number("format_money", amount_minor)
    if not isinstance(currency, str) or not re.fullmatch(r"[A-Z]{3}", currency) or amount != int(amount):
        raise _mistake("format_money", _('whole minor units and a currency such as "EUR"'))
    with use_locale(locale):
        return kernel_money(int(amount), currency)


def format_unit(locale: str, value: object, unit: object, length: str = "long") -> str:
    """A number with a CLDR unit such as "day", "gigabyte" or "kilometer"."""
    if not isinstance(unit, str) or length not in _LENGTHS_FROM:
        raise _mistake("format_unit", _('a unit such as "day", and a length of short, long or narrow'))
    amount, chosen = _number("format_unit", value), babel_locale(locale)
    for size in _LENGTHS_FROM[length]:
        try:
            probe = units.format_unit(2, unit, size, locale=chosen)
            text = str(units.format_unit(amount, unit, size, locale=chosen))
        except units.UnknownUnitError:
            raise _mistake("format_unit", _('a unit that CLDR knows, such as "day"')) from None
        if probe != f"{numbers.format_decimal(2, locale=chosen)} {unit}":
            break  # else Babel prints the unit's id: ja, zh and ar have no word of that length
    return text


def format_date(locale: str, day: object, length: str = "medium") -> str:
    """A day, given as "2026-11-30"."""
    if isinstance(day, TemplateHole):
        day.refuse()
    if length not in _DATE_LENGTHS:
        raise _mistake("format_date", _("a length of short, medium, long or full"))
    try:
        found = day if isinstance(day, date) else date.fromisoformat(str(day))
    except ValueError:
        raise _mistake("format_date", _('a day such as "2026-11-30"')) from None
    sizes: Any = length
    return dates.format_date(found, sizes, locale=babel_locale(locale))


def format_list(locale: str, items: object, style: str = "and") -> str:
    """Texts joined as the language lists them; holes may be among them."""
    if not isinstance(items, Sequence) or isinstance(items, str) or style not in _STYLES or len(items) > 100:
        raise _mistake("format_list", _('a list of texts, and the style "and" or "or"'))
    texts = [str(printable(item)) for item in items]
    chosen: Any = _STYLES[style]
    return lists.format_list([text for text in texts if text], style=chosen, locale=babel_locale(locale))


def ngettext(book: Catalogue, singular: object, plural: object, number: object, /, **values: object) -> str:
    """The plural form that `number` wants, with %(num)s and the other placeholders filled."""
    if not isinstance(singular, str) or not isinstance(plural, str):
        raise _mistake("ngettext", _("two texts in quotes and a number"))
    count = _number("ngettext", number)
    if count != int(count):
        raise _mistake("ngettext", _("a whole number"))
    text = book.ngettext(singular, plural, int(count))
    filled = {name: printable(value) for name, value in values.items()}
    try:
        return fill(text, {"num": format_number(book.locale, int(count)), **filled})
    except (KeyError, TypeError, ValueError):
        message = _("The placeholders of “%(entry)s” don't fit.", entry=text[:60])
        mend = _("Use %%(name)s and give a value for each; write %%%% for a percent sign.")
        raise TemplateMistake(message, mend, "placeholder") from None


def template_helpers(book: Catalogue) -> dict[str, Callable[..., str]]:
    """The functions by the names that templates call them by. Lambdas: a partial would show its arguments."""
    made: dict[str, Callable[..., str]] = {}
    for function in (format_number, format_percent, format_money, format_unit, format_date, format_list):
        made[function.__name__] = _bound(partial(function, book.locale))
    made["ngettext"] = _bound(partial(ngettext, book))
    return made


def _bound(function: Callable[..., str]) -> Callable[..., str]:
    def call(*arguments: object, **options: object) -> str:
        try:
            return function(*arguments, **options)
        except TypeError as problem:
            raise TemplateMistake(
                _("The template fails: %(problem)s", problem=str(problem)[:200]), _("Correct the line.")
            ) from None

    return call
