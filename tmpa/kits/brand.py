"""A partner's brand as pieces print it."""

import io
import re
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from functools import lru_cache

from PIL import Image

from tmpa.kernel.errors import Refused
from tmpa.kernel.i18n import gettext as _
from tmpa.kernel.signing import fingerprint
from tmpa.kits.logo_space import PREFIX, SCALE, BrandLogo, LogoSpace, fit, parse_space
from tmpa.kits.manifest import BrandRules
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
from tmpa.partners import registration
from tmpa.partners.colours import WHITE, reads, snapped
from tmpa.partners.logos import form_of, ink_of

_LOGO_URL = re.compile(r"(https?://|data:image/(png|jpeg|svg\+xml);base64,|/)[^\s\"'<>\\`]+")
OPTIONAL = ("website", "phone", "email", "logo_url", "disclaimer", "registration")
LIMITS = {"name": 120, "legal_name": 200, "address": 400, "logo_alt": 200, "disclaimer": 1500}


@dataclass(frozen=True, slots=True)
class Brand:
    """Brand values, normalised when made. Raises Refused with the field's name for what can't be printed.

    `primary` is #rrggbb. `logo` are PNG, JPEG or SVG bytes for documents, `logo_url` the address for mails and pages.
    `logos` are what `logo(…)` chooses from; `publish` gives the address of a picture (None: it is embedded).
    `registration` is what the law of `country` wants, as pairs of field and value; pieces print it as one line.
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
    registration: tuple[tuple[str, str], ...] = ()
    logo: bytes = field(default=b"", repr=False)
    logos: tuple[BrandLogo, ...] = field(default=(), repr=False)
    publish: Callable[[bytes], str] | None = field(default=None, compare=False, repr=False)

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
        pairs = tuple((name, clean_text(value)) for name, value in self.registration)
        for name, value in pairs:
            check_length(value, registration.LIMIT, registration.PREFIX + name)
        object.__setattr__(self, "registration", pairs)

    @property
    def on_primary(self) -> str:
        """A text colour that reads well on `primary` (4.5:1 or better): white where it does, else black."""
        return WHITE if reads(self.primary) else readable_on(self.primary)

    def value(self, name: str, locale: str = "en") -> str:
        """A printed value by its name in templates; `locale` is the piece's, for what is written in words."""
        if name.startswith(PREFIX):
            return self.logo_address(parse_space(name))
        match name:
            case "on_primary":
                return self.on_primary
            case "registration":
                return registration.line(self.country, dict(self.registration), locale)
            case _:
                return str(getattr(self, name))

    @property
    def choice_of_logos(self) -> tuple[BrandLogo, ...]:
        """The logos that can be fitted into a space: `logos`, else `logo` itself."""
        return self.logos or _from_bytes(self.logo)

    def logo_picture(self, space: LogoSpace, scale: int = SCALE) -> bytes:
        """The best logo in `space` as a PNG of exactly `scale` times its size; nothing without a logo."""
        logos = self.choice_of_logos
        return fit(logos, space, scale).png if logos else b""

    def logo_address(self, space: LogoSpace) -> str:
        """Where the best logo in `space` is shown; `logo_url` when only that is known."""
        png = self.logo_picture(space)
        if not png:
            return self.logo_url
        return self.publish(png) if self.publish else "data:image/png;base64," + b64encode(png).decode()

    @property
    def filled(self) -> frozenset[str]:
        """The optional values that this brand has; "logos" where `logo(…)` gives one."""
        found = {name for name in OPTIONAL if name != "registration" and getattr(self, name)}
        if self.registration and self.value("registration"):
            found.add("registration")
        if self.logos or self.logo or self.logo_url:
            found.add("logos")
        return frozenset(found)


@lru_cache(maxsize=64)
def _from_bytes(logo: bytes) -> tuple[BrandLogo, ...]:
    if not logo.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")):
        return ()
    with Image.open(io.BytesIO(logo), formats=["PNG", "JPEG"]) as picture:
        width, height = picture.size
        ink = ink_of(picture.convert("RGBA"))
    own = BrandLogo(form_of(width, height), "light", width, height, fingerprint(logo), lambda: logo, ink)
    return (own,)


@lru_cache(maxsize=1024)
def _snapped(colour: str, allowed: tuple[str, ...], minimum: float) -> str:
    return snapped(colour, allowed, minimum)


def under_rules(brand: Brand, rules: BrandRules) -> Brand:
    """The brand as a kit with these rules prints it: its main colour becomes the nearest one that they allow."""
    primary = _snapped(brand.primary, tuple(rules.colours), rules.min_contrast)
    return brand if primary == brand.primary else replace(brand, primary=primary)


_UNPRINTED = {"logo", "logos", "publish", "country"}
NAMES = (*(item.name for item in fields(Brand) if item.name not in _UNPRINTED), "on_primary")

SAMPLE_BRAND = Brand(
    name="Nordlicht IT",
    legal_name="Nordlicht IT-Systemhaus GmbH",
    address="Hafenstraße 7, 24103 Kiel, Germany",
    primary="#1d4f91",
    website="https://nordlicht-it.example",
    phone="+49 431 555 0100",
    email="hello@nordlicht-it.example",
)
