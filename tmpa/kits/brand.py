"""A partner's brand as pieces print it."""

import re
from dataclasses import dataclass, field, fields

from tmpa.kernel.errors import Refused
from tmpa.kernel.i18n import gettext as _
from tmpa.kits.values import (
    check_colour,
    check_email,
    check_length,
    check_link,
    check_phone,
    clean_lines,
    clean_text,
    readable_on,
)

_LOGO_URL = re.compile(r"(https?://|data:image/(png|jpeg|svg\+xml);base64,|/)[^\s\"'<>\\`]+")
OPTIONAL = ("website", "phone", "email", "logo_url", "disclaimer")
LIMITS = {"name": 120, "legal_name": 200, "address": 400, "logo_alt": 200, "disclaimer": 1500}


@dataclass(frozen=True, slots=True)
class Brand:
    """Brand values, normalised when made. Raises Refused with the field's name for what can't be printed.

    `primary` is #rrggbb. `logo` are PNG, JPEG or SVG bytes for documents, `logo_url` the address for mails and pages.
    `country` (ISO 3166, or "") chooses the legal texts; templates can't print it.
    """

    name: str
    legal_name: str
    address: str
    primary: str = "#1f4e79"
    website: str = ""
    phone: str = ""
    email: str = ""
    logo_url: str = ""
    logo_alt: str = ""
    disclaimer: str = ""
    country: str = ""
    logo: bytes = field(default=b"", repr=False)

    def __post_init__(self) -> None:
        cleaned = {name: clean_text(getattr(self, name)) for name in ("name", "legal_name", "logo_alt")}
        for name in ("address", "disclaimer"):
            separator = ", " if name == "address" else " "
            lines = [line.rstrip(" ,") for line in clean_lines(getattr(self, name)).split("\n")]
            cleaned[name] = clean_text(separator.join(line for line in lines if line))
        for name in ("name", "legal_name", "address"):
            if not cleaned[name]:
                raise Refused(_("The brand needs this before a piece can be made."), name)
        for name, limit in LIMITS.items():
            check_length(cleaned[name], limit, name)
        cleaned["logo_alt"] = cleaned["logo_alt"] or cleaned["name"]
        cleaned["primary"] = check_colour(self.primary.strip(), "primary")
        cleaned["website"] = check_link(self.website, "website") if self.website.strip() else ""
        cleaned["phone"] = check_phone(self.phone, "phone") if self.phone.strip() else ""
        cleaned["email"] = check_email(self.email, "email") if self.email.strip() else ""
        if self.logo_url and not _LOGO_URL.fullmatch(self.logo_url):
            raise Refused(_("The logo's address can't be used."), "logo_url")
        cleaned["country"] = self.country.strip().upper()
        if cleaned["country"] and not re.fullmatch("[A-Z]{2}", cleaned["country"]):
            raise Refused(_("Choose a country."), "country")
        for name, value in cleaned.items():
            object.__setattr__(self, name, value)

    @property
    def on_primary(self) -> str:
        """A text colour that reads well on `primary` (4.5:1 or better)."""
        return readable_on(self.primary)

    def value(self, name: str) -> str:
        """A printed value by its name in templates."""
        return self.on_primary if name == "on_primary" else str(getattr(self, name))

    @property
    def filled(self) -> frozenset[str]:
        """The optional values that this brand has."""
        return frozenset(name for name in OPTIONAL if getattr(self, name))


NAMES = (*(item.name for item in fields(Brand) if item.name not in {"logo", "country"}), "on_primary")

SAMPLE_BRAND = Brand(
    name="Nordlicht IT",
    legal_name="Nordlicht IT-Systemhaus GmbH",
    address="Hafenstraße 7, 24103 Kiel, Germany",
    primary="#1d4f91",
    website="https://nordlicht-it.example",
    phone="+49 431 555 0100",
    email="hello@nordlicht-it.example",
)
