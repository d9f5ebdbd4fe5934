"""E-mail addresses: checked, and folded for comparison."""

import unicodedata
from contextlib import suppress
from typing import Any

import idna
from email_validator import EmailNotValidError, validate_email

from tmpa.kernel.errors import Refused
from tmpa.kernel.i18n import lazy_gettext as _l

LONGEST = 320  # the columns


def check_address(text: str, field: str = "email") -> str:
    """The address as it should be written (international ones too). Raises Refused naming what is wrong with it.

    No DNS is asked: that a domain takes mail is found out by sending to it.
    """
    address = text.strip()
    try:
        found = validate_email(address, check_deliverability=False, strict=True).normalized
        if len(fold(found)) > LONGEST:  # compatibility letters grow when they are folded
            raise EmailNotValidError
        return found
    except EmailNotValidError:
        raise Refused(
            _l("“%(address)s”: %(why)s", address=address[:80], why=_why(address)), field, "bad_address"
        ) from None


def _why(address: str) -> Any:
    # the library says it in English only
    if address.count("@") != 1:
        return _l("An e-mail address has one @.")
    if any(letter.isspace() for letter in address):
        return _l("An e-mail address has no spaces.")
    if len(address.partition("@")[0]) > 64 or len(address) > 254:
        return _l("An e-mail address is shorter than this.")
    if "." not in address.partition("@")[2].strip("."):
        return _l("The part behind the @ is no domain, such as example.com.")
    return _l("This is not an e-mail address. Check it for typing mistakes.")


def fold(address: str) -> str:
    """The form in which two spellings of one mailbox are equal: NFKC, lower case, the domain in Unicode.

    Domains as in IDNA 2008, where straße.example and strasse.example are two (RFC 5891).
    """
    local, _, domain = unicodedata.normalize("NFKC", address.strip()).rpartition("@")
    domain = domain.lower()
    if not domain.isascii() or "xn--" in domain:
        with suppress(UnicodeError):
            domain = idna.decode(idna.encode(domain, uts46=True))
    return f"{local.lower()}@{domain}"
