"""Brand profiles: what a partner's pieces show of the partner. Valid parts are kept even while others are not."""

import re
import unicodedata
import uuid
from collections.abc import Mapping
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session

from tmpa.accounts.addresses import check_address
from tmpa.kernel import audit
from tmpa.kernel.clock import utcnow
from tmpa.kernel.errors import Refused
from tmpa.kernel.i18n import gettext as _
from tmpa.kernel.i18n import lazy_gettext as _l
from tmpa.kernel.objects import ObjectStore
from tmpa.kernel.signing import fingerprint
from tmpa.partners.colours import parse_colour
from tmpa.partners.logos import normalise_logo
from tmpa.partners.models import BrandProfile

LIMITS = {
    "name": 120,
    "legal_name": 200,
    "address": 400,
    "website": 300,
    "phone": 60,
    "email": 320,
    "primary_colour": 7,
    "disclaimer": 1500,
    "sender_name": 120,
    "sender_email": 320,
}
REQUIRED = ("name", "legal_name", "address", "sender_name", "sender_email")
LABELS = {
    "name": _l("Company name"),
    "legal_name": _l("Legal name"),
    "address": _l("Postal address"),
    "website": _l("Website"),
    "phone": _l("Phone"),
    "email": _l("E-mail for questions"),
    "primary_colour": _l("Colour"),
    "disclaimer": _l("Disclaimer"),
    "sender_name": _l("Sender’s name"),
    "sender_email": _l("Sender’s address"),
}
_PHONE = re.compile(r"[+0-9][0-9 ()./-]{2,40}")
_WEBSITE = re.compile(r"https://[^\s\"'<>\\`@{}|^]+")
_HOST = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")
_LINKABLE = re.compile(r"[^\s@<>\"'(),:;\\]{1,64}@[^\s@<>\"'(),:;\\]{1,253}")
_UNSEEN = re.compile(r"[\u200b\u202a-\u202e\u2060\u2066-\u2069\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]")
_UNPRINTABLE = {"Cc", "Cs", "Zl", "Zp"}  # Unicode categories
_SPACES = re.compile(r"[ \t\u00a0]+")


def default_brand(session: Session, partner_id: uuid.UUID) -> BrandProfile | None:
    """The brand that a partner's campaigns begin with."""
    return session.scalars(
        select(BrandProfile)
        .where(BrandProfile.partner_id == partner_id)
        .order_by(BrandProfile.is_default.desc(), BrandProfile.created_at)
        .limit(1)
    ).one_or_none()


def missing(brand: BrandProfile | None) -> list[str]:
    """The required fields that are still empty, in the form's order."""
    return [name for name in REQUIRED if brand is None or not getattr(brand, name)]


def check_value(name: str, raw: str) -> str:
    """One field's value as it is kept. Raises Refused with the field's name.

    An empty required field is refused too: a mail without sender and postal address must not leave (CAN-SPAM,
    16 CFR 316).
    """
    raw = _UNSEEN.sub("", unicodedata.normalize("NFC", raw.replace("\r\n", "\n")))
    lines = [_SPACES.sub(" ", line).strip() for line in raw.split("\n")]
    text = "\n".join(lines).strip() if name in {"address", "disclaimer"} else " ".join(lines).strip()
    if any(unicodedata.category(letter) in _UNPRINTABLE and letter != "\n" for letter in text):
        raise Refused(_("This contains characters that can't be shown. Type it again."), name)
    if not text:
        if name in REQUIRED:
            raise Refused(_("Fill this in: every mail has to show it."), name, "missing")
        return "#1f4e79" if name == "primary_colour" else ""
    if len(text) > LIMITS[name] and name != "primary_colour":
        raise Refused(_("This is longer than %(limit)s characters.", limit=LIMITS[name]), name)
    if name in REQUIRED and not any(letter.isalnum() for letter in text):
        raise Refused(_("This has no letters or digits. Type it again."), name)
    if name in {"email", "sender_email"}:
        address = check_address(text, name)
        if name == "email" and not _LINKABLE.fullmatch(address):
            raise Refused(_("This address can’t stand in a link. Use one without quotes and brackets."), name)
        return address
    if name == "website":
        return _website(text)
    if name == "phone" and not _PHONE.fullmatch(text):
        raise Refused(_("Write the number with digits, such as +49 40 123456."), name)
    if name == "primary_colour":
        colour = parse_colour(text)
        if colour is None:
            raise Refused(_("“%(given)s” is not a colour. Write it as #1f4e79.", given=text[:20]), name)
        return colour
    return text


def _website(text: str) -> str:
    address = text if "://" in text else f"https://{text}"
    try:
        parts = urlsplit(address)
        host = (parts.hostname or "").encode("idna").decode("ascii").lower()
        is_reachable = bool(_HOST.fullmatch(host)) and (parts.port is None or parts.port > 0)
    except (UnicodeError, ValueError):
        is_reachable = False
    if not _WEBSITE.fullmatch(address) or not is_reachable:
        raise Refused(
            _("“%(given)s” is not a web address. Write it as https://www.example.com.", given=text[:60]),
            "website",
        )
    return address


def save_brand(
    session: Session,
    store: ObjectStore,
    partner_id: uuid.UUID,
    values: Mapping[str, str],
    logo: bytes | None = None,
    remove_logo: bool = False,
) -> tuple[BrandProfile, dict[str, str]]:
    """Keep every valid value in the partner's default brand; the brand, and a sentence for each field refused.

    Fields that `values` doesn't name stay as they are. A refused value never replaces a good one.
    """
    brand = default_brand(session, partner_id)
    if brand is None:
        brand = BrandProfile(partner_id=partner_id, is_default=True, **dict.fromkeys(REQUIRED, ""))
        session.add(brand)
    errors: dict[str, str] = {}
    changes: dict[str, str] = {}
    for name in LIMITS:
        if name not in values:
            continue
        try:
            value = check_value(name, values[name])
        except Refused as refusal:
            errors[name] = str(refusal)
            continue
        if value != getattr(brand, name):
            setattr(brand, name, value)
            changes[name] = value
    try:
        if logo:
            _put_logo(store, brand, logo)
            changes["logo"] = str(brand.logo_key)
    except Refused as refusal:
        errors["logo"] = str(refusal)
    if remove_logo and not logo and brand.logo_key:
        brand.logo_key = brand.logo_width = brand.logo_height = None
        changes["logo"] = ""
    if changes:
        brand.updated_at = utcnow()
        session.flush()
        audit.record(session, "brand.changed", brand, fields=sorted(changes))
    return brand, errors


def _put_logo(store: ObjectStore, brand: BrandProfile, data: bytes) -> None:
    logo = normalise_logo(data)
    key = f"brands/{brand.partner_id}/{fingerprint(logo.png)}.png"
    store.put(key, logo.png, "image/png")
    brand.logo_key, brand.logo_width, brand.logo_height = key, logo.width, logo.height
