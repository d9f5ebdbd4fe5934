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
from tmpa.kernel.lookalikes import check_host
from tmpa.kernel.objects import ObjectStore
from tmpa.partners import registration
from tmpa.partners.brand_logos import add_logo
from tmpa.partners.colours import parse_colour
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
MAX_BRANDS = 20
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
_UNPRINTED = re.compile("[\u061c\u200c-\u200f\u2800\u3164\uffa0\u115f\u1160]")
_UNPRINTABLE = {"Cc", "Cs", "Zl", "Zp"}  # Unicode categories
_SPACES = re.compile(r"[ \t\u00a0]+")


def default_brand(session: Session, partner_id: uuid.UUID) -> BrandProfile | None:
    """The brand that a partner's campaigns begin with."""
    found = brands_of(session, partner_id)
    return found[0] if found else None


def brands_of(session: Session, partner_id: uuid.UUID) -> list[BrandProfile]:
    """The partner's brands, the default first, then the oldest."""
    return list(
        session.scalars(
            select(BrandProfile)
            .where(BrandProfile.partner_id == partner_id)
            .order_by(BrandProfile.is_default.desc(), BrandProfile.created_at, BrandProfile.id)
        )
    )


def copy_brand(session: Session, brand: BrandProfile) -> BrandProfile:
    """Another brand with all that `brand` has, to be changed. Raises Refused past the limit."""
    others = brands_of(session, brand.partner_id)
    if len(others) >= MAX_BRANDS:
        raise Refused(_("You have %(limit)s brands. Remove one that you no longer need.", limit=MAX_BRANDS))
    kept = {
        column.key: getattr(brand, column.key)
        for column in BrandProfile.__table__.columns
        if column.key not in {"id", "created_at", "updated_at", "is_default", "name"}
    }
    taken = {other.name for other in others}
    number = next(number for number in range(2, len(others) + 3) if f"{brand.name} {number}" not in taken)
    name = f"{brand.name[: LIMITS['name'] - 4]} {number}"
    fresh = BrandProfile(**kept, name=name, is_default=False, updated_at=utcnow())
    session.add(fresh)
    session.flush()
    audit.record(session, "brand.copied", fresh, original=brand.public_id)
    return fresh


def make_default(session: Session, brand: BrandProfile) -> None:
    """New campaigns begin with this brand from now on."""
    for other in brands_of(session, brand.partner_id):
        other.is_default = other.id == brand.id
    session.flush()
    audit.record(session, "brand.made_default", brand)


def missing(brand: BrandProfile | None) -> list[str]:
    """The required fields that are still empty, in the form's order."""
    return [name for name in REQUIRED if brand is None or not getattr(brand, name)]


def missing_by_law(brand: BrandProfile | None) -> list[registration.RegistrationField]:
    """What the law of the brand's country wants printed and the brand hasn't yet."""
    return registration.missing(brand.country, brand.registration or {}) if brand else []


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
    if _UNPRINTED.search(address):
        raise Refused(
            _("The address has hidden characters in it. Type it anew instead of pasting it."), "website"
        )
    check_host(host, "website")  # every piece links it
    return address


def save_brand(
    session: Session,
    store: ObjectStore,
    partner_id: uuid.UUID,
    values: Mapping[str, str],
    logo: bytes | None = None,
    remove_logo: bool = False,
    *,
    brand: BrandProfile | None = None,
) -> tuple[BrandProfile, dict[str, str]]:
    """Keep every valid value in `brand` (else the partner's default one); it, and a sentence for each field refused.

    Fields that `values` doesn't name stay as they are. A refused value never replaces a good one. `remove_logo` takes
    all logos away. Registration data come as "registration-<field>".
    """
    brand = brand or default_brand(session, partner_id)
    if brand is None:
        brand = BrandProfile(
            partner_id=partner_id, is_default=True, logos={}, registration={}, country="",
            **dict.fromkeys(REQUIRED, ""),
        )  # fmt: skip
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
    _save_registration(brand, values, errors, changes)
    if remove_logo and not logo and brand.logo_key:
        brand.logos, brand.logo_key, brand.logo_width, brand.logo_height = {}, None, None, None
        changes["logo"] = ""
    if logo:
        try:
            add_logo(store, brand, logo)
            changes["logo"] = str(brand.logo_key)
        except Refused as refusal:
            errors["logo"] = str(refusal)
    if changes:
        brand.updated_at = utcnow()
        session.flush()
        audit.record(session, "brand.changed", brand, fields=sorted(changes))
    return brand, errors


def _save_registration(
    brand: BrandProfile, values: Mapping[str, str], errors: dict[str, str], changes: dict[str, str]
) -> None:
    """The country and what its law wants. Values that a new country can't use are left behind."""
    kept = dict(brand.registration or {})
    if "country" in values:
        try:
            country = registration.check_country(values["country"])
        except Refused as refusal:
            errors["country"] = str(refusal)
        else:
            if country != brand.country:
                brand.country = changes["country"] = country
    for item in registration.country_fields(brand.country):
        place = registration.PREFIX + item.name
        typed = values.get(place, str(kept.get(item.name, "")))
        try:
            kept[item.name] = registration.check_value(brand.country, item.name, typed)
        except Refused as refusal:
            if place in values:
                errors[place] = str(refusal)
            else:
                kept[item.name] = ""
    if registration.SHOWN in values:
        kept[registration.UNREGISTERED] = (
            "1" if values.get(registration.PREFIX + registration.UNREGISTERED) else ""
        )
    kept = {name: value for name, value in kept.items() if value}
    if kept != (brand.registration or {}):
        brand.registration = kept
        changes["registration"] = ", ".join(sorted(kept))
