"""E-mail addresses: checked, and folded for comparison."""

import unicodedata

from email_validator import EmailNotValidError, validate_email

from tmpa.kernel.errors import Refused
from tmpa.kernel.i18n import lazy_gettext as _l


def check_address(text: str, field: str = "email") -> str:
    """The address as it should be written (international ones too). Raises Refused naming what is wrong with it.

    No DNS is asked: that a domain takes mail is found out by sending to it.
    """
    try:
        return validate_email(text.strip(), check_deliverability=False, strict=True).normalized
    except EmailNotValidError as error:
        raise Refused(
            _l("“%(address)s” is not an e-mail address: %(why)s", address=text.strip()[:80], why=str(error)),
            field,
            "bad_address",
        ) from None


def fold(address: str) -> str:
    """The form in which two spellings of one mailbox are equal (NFKC, case folded, domain in Unicode)."""
    local, _, domain = unicodedata.normalize("NFKC", address.strip()).rpartition("@")
    try:
        domain = domain.encode("idna").decode("ascii").lower() if domain.isascii() else domain
        domain = domain.encode("ascii").decode("idna")
    except UnicodeError:
        pass
    return f"{local.casefold()}@{domain.casefold()}"
