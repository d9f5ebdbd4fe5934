"""Money: integer minor units with an ISO 4217 currency (JPY has 0 digits, KWD 3)."""

import re
import unicodedata
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from babel.numbers import (
    NumberFormatError,
    format_decimal,
    get_currency_precision,
    get_group_symbol,
    is_currency,
    parse_decimal,
)

from tmpa.kernel.errors import Refused
from tmpa.kernel.i18n import babel_locale
from tmpa.kernel.i18n import lazy_gettext as _l

MAX_MINOR = 10**15
_TYPED = re.compile(r"-?[0-9.,'’ ]{1,40}")  # no exponents, no “NaN”, no underscores, which Decimal would take
_SPACED = re.compile(r"(?<=[0-9])[ '’](?=[0-9])")  # what people group digits with, whatever their locale says
_PLAIN = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,6})?")  # as machines write it, whatever the locale
_DIGITS = str.maketrans("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹٫٬−", "01234567890123456789.,-")


def exponent(currency: str) -> int:
    """Digits after the point in `currency` (CLDR, as ISO 4217)."""
    return get_currency_precision(currency)


def check_currency(code: str) -> str:
    """The code in capitals. Raises Refused when ISO 4217 has no such currency."""
    code = code.strip().upper()
    if not is_currency(code):
        raise Refused(
            _l("%(code)s is not a currency code; use one such as EUR or USD.", code=code[:10]), "currency"
        )
    return code


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units of one currency."""

    amount_minor: int
    currency: str

    def decimal(self) -> Decimal:
        """The amount in major units, exact."""
        return Decimal(self.amount_minor).scaleb(-exponent(self.currency))

    def __add__(self, other: "Money") -> "Money":
        if self.currency != other.currency:
            raise ValueError(f"can't add {other.currency} to {self.currency}")
        return Money(self.amount_minor + other.amount_minor, self.currency)


def to_minor(amount: Decimal, currency: str) -> int:
    """Minor units of a decimal amount, rounded half up."""
    return int(amount.scaleb(exponent(currency)).quantize(Decimal(1), ROUND_HALF_UP))


def parse_amount(text: str, currency: str, locale: str, field: str = "amount") -> int:
    """Minor units from what a person typed in their locale, such as `1.234,50` in German.

    Raises Refused (with `field`) for text that is no number, more digits than the currency has, negative or
    absurdly large amounts.
    """
    where = babel_locale(locale)
    typed = _latin(text)
    try:
        if not _TYPED.fullmatch(typed):
            raise NumberFormatError(typed)
        amount = parse_decimal(_SPACED.sub(get_group_symbol(where), typed), locale=where, strict=True)
    except NumberFormatError:
        if not _PLAIN.fullmatch(typed):
            raise Refused(_l("“%(text)s” is not an amount.", text=text.strip()[:40]), field) from None
        amount = Decimal(typed)
    if amount < 0:
        raise Refused(_l("The amount must be zero or more."), field)
    if amount > MAX_MINOR:
        raise Refused(_l("The amount is too large."), field)
    minor = amount.scaleb(exponent(currency))
    if minor != minor.to_integral_value():
        raise Refused(
            _l(
                "%(currency)s has %(digits)s digits after the point.",
                currency=currency,
                digits=exponent(currency),
            ),
            field,
        )
    if minor > MAX_MINOR:
        raise Refused(_l("The amount is too large."), field)
    return int(minor)


def _latin(text: str) -> str:
    """What was typed with the digits and marks that Babel reads: full-width and Arabic ones become ASCII."""
    return unicodedata.normalize("NFKC", text).strip().translate(_DIGITS)


def write_amount(amount_minor: int, currency: str, locale: str) -> str:
    """The amount as `parse_amount` reads it back in the same locale, for a form's field."""
    digits = exponent(currency)
    pattern = f"0.{'0' * digits}" if digits else "0"
    return format_decimal(Money(amount_minor, currency).decimal(), pattern, locale=babel_locale(locale))
