"""What people type, made fit to print: characters, addresses, colours."""

import re
import unicodedata
from typing import NoReturn
from urllib.parse import urlsplit

import regex

from tmpa.kernel.errors import Refused
from tmpa.kernel.i18n import gettext as _
from tmpa.kernel.lookalikes import check_host
from tmpa.partners.colours import contrast

# Overrides and isolates can turn the text around them; marks (U+200E, U+200F, U+061C) and joiners can't and are needed.
_UNSEEN = regex.compile(
    r"[\u202a-\u202e\u2066-\u206f\u200b\u2060-\u2064\ufeff\ufff9-\ufffb\ue000\ue001\u034f\u115f\u1160\u17b4\u17b5"
    r"\u180e\u3164\uffa0\U0001d173-\U0001d17a\U000e0000-\U000e007f]"
)
_CONTROL = regex.compile(r"[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]")
_STACKED = regex.compile(
    r"(\p{Mn}{4})\p{Mn}+"
)  # no script stacks more; a heap of marks covers the lines around it
_JOINERS = regex.compile(r"([\u200c\u200d])[\u200c\u200d]+")
_VISIBLE = regex.compile(r"[^\p{Z}\p{C}\p{M}\u115f\u1160\u2800\u3164\uffa0]")
_HIDDEN = regex.compile(r"[\p{Cf}\p{Cn}\p{Co}\u3164\uffa0\u115f\u1160\u2800]")
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_HOST = re.compile(r"(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$")
_EMAIL = re.compile(r"[^\s@<>\"'(),:;\\]{1,64}@[^\s@<>\"'(),:;\\]{1,253}")
_PHONE = re.compile(r"[+0-9][0-9 ()./-]{2,40}")


def refuse(message: str, field: str) -> NoReturn:
    """Raise the refusal of one field."""
    raise Refused(message, field)


def clean_lines(text: str) -> str:
    """NFC text whose only control character is the newline; what could reorder or hide text is taken out."""
    text = unicodedata.normalize("NFC", text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n")
    text = _JOINERS.sub(r"\1", _STACKED.sub(r"\1", _UNSEEN.sub("", text)))
    return "\n".join(_CONTROL.sub(" ", line).strip() for line in text.split("\n")).strip()


def clean_text(text: str) -> str:
    """`clean_lines` on one line."""
    return re.sub(r"\s*\n\s*|[ \t]{2,}", " ", clean_lines(text)).strip()


def is_blank(text: str) -> bool:
    """Whether nothing of `text` would be seen: spaces, joiners, marks without a letter."""
    return not _VISIBLE.search(text)


def count_characters(text: str) -> int:
    """Length as people count: grapheme clusters (Unicode UAX #29)."""
    return len(regex.findall(r"\X", text))


def check_length(text: str, limit: int, field: str) -> None:
    """Raise Refused when `text` is longer than `limit` characters, or stacks marks without end."""
    length = count_characters(text) if len(text) <= 12 * limit + 64 else len(text)
    if length > limit:
        refuse(_("This has %(length)s characters; %(limit)s fit.", length=length, limit=limit), field)


def check_link(address: str, field: str, domains: list[str] | None = None) -> str:
    """An https address with a real host name, under one of `domains` ("*" = any); the host in its ASCII form.

    Raises Refused, also for a host name made to be taken for another (Unicode TR 39) and for hidden characters.
    """
    address = address.strip()
    problem = _("Write a full address that begins with https://.")
    if len(address) > 2000 or re.search(r"[\s\"'<>\\`{}|^\x00-\x1f\x7f]", address):
        refuse(problem, field)
    if _HIDDEN.search(address):
        refuse(_("The address has hidden characters in it. Type it anew instead of pasting it."), field)
    try:
        parts = urlsplit(address)
        port = parts.port
        host = (parts.hostname or "").encode("idna").decode("ascii").lower()
    except (ValueError, UnicodeError):
        refuse(problem, field)
    if parts.scheme != "https" or parts.username or parts.password or not _HOST.fullmatch(host):
        refuse(problem, field)
    check_host(host, field)
    if domains and "*" not in domains:
        allowed = [domain.lower().lstrip("*.") for domain in domains]
        if not any(host == domain or host.endswith("." + domain) for domain in allowed):
            refuse(_("Links must lead to %(domains)s.", domains=", ".join(allowed)), field)
    rest = address.split("://", 1)[1]
    tail = re.sub(r"^[^/?#]*", "", rest)
    return f"https://{host}{f':{port}' if port else ''}{tail}"


def check_colour(value: str, field: str) -> str:
    """A colour such as #0b6e4f in small letters. Raises Refused."""
    if not _COLOUR.fullmatch(value):
        refuse(_("Write a colour as # and six digits, such as #0b6e4f."), field)
    return value.lower()


def check_email(value: str, field: str) -> str:
    """A mail address that can stand in a link. Raises Refused."""
    value = clean_text(value)
    if not _EMAIL.fullmatch(value):
        refuse(_("“%(value)s” is not a mail address.", value=value[:60]), field)
    return value


def check_phone(value: str, field: str) -> str:
    """A phone number of digits, spaces and the usual signs. Raises Refused."""
    value = clean_text(value)
    if not _PHONE.fullmatch(value):
        refuse(_("“%(value)s” is not a phone number.", value=value[:60]), field)
    return value


def readable_on(colour: str) -> str:
    """White or black, whichever reads better on `colour`; one of them always reaches 4.5:1."""
    return max("#ffffff", "#000000", key=lambda text: contrast(text, colour))
