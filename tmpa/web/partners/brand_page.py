"""What the brand page and its parts show."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import request

from tmpa.campaigns import queries
from tmpa.kernel.errors import Refused
from tmpa.kernel.http import db
from tmpa.kits.manifest import BrandRules
from tmpa.kits.models import KitVersion
from tmpa.partners import brand_logos, brands, registration
from tmpa.partners.colours import READABLE, WHITE, contrast, mended, parse_colour, snapped
from tmpa.partners.forms import BrandForm
from tmpa.partners.models import BrandProfile

PLAIN = "#1f4e79"  # until a colour is chosen


@dataclass(frozen=True, slots=True)
class LawField:
    """One field of the country's law, as it is shown."""

    field: registration.RegistrationField
    name: str
    value: str
    error: str


def brand_context(
    form: BrandForm, profile: BrandProfile | None, partner_id: uuid.UUID, law_errors: Mapping[str, str]
) -> dict[str, object]:
    """The whole page."""
    kits = queries.usable_kits(db())
    chosen = next((version for version in kits if version.public_id == request.args.get("kit")), None)
    colour = parse_colour(form.primary_colour.data or "") or PLAIN
    return {
        "form": form,
        "profile": profile,
        "others": brands.brands_of(db(), partner_id),
        "kits": kits,
        "chosen": chosen or (kits[0] if kits else None),
        **logo_context(form, profile),
        **law_context(profile, form.country.data or "", law_errors),
        **colour_context(colour, kits),
    }


def logo_context(form: BrandForm, profile: BrandProfile | None) -> dict[str, object]:
    """The logos, and which others would help."""
    logos = brand_logos.kept_logos(profile)
    return {
        "form": form,
        "profile": profile,
        "logos": logos,
        "has_dark": any(logo.ground == "dark" for logo in logos),
        "has_wide": any(logo.form == "wide" for logo in logos),
        "has_square": any(logo.form == "square" for logo in logos),
    }


def law_context(profile: BrandProfile | None, country: str, errors: Mapping[str, str]) -> dict[str, object]:
    """The fields that a country's law wants, with what is kept or was typed."""
    kept: Mapping[str, Any] = (profile.registration if profile else None) or {}
    typed = request.form
    fields = [
        LawField(item, name, typed.get(name, _usable(country, item.name, kept)), errors.get(name, ""))
        for item in registration.country_fields(country)
        for name in [registration.PREFIX + item.name]
    ]
    return {
        "law": fields,
        "profile": profile,
        "asks_register": registration.asks_register(country),
        "unregistered": bool(
            typed.get(registration.PREFIX + registration.UNREGISTERED)
            if registration.SHOWN in typed
            else kept.get(registration.UNREGISTERED)
        ),
    }


def _usable(country: str, name: str, kept: Mapping[str, Any]) -> str:
    """A kept value, if it can be one of the country: another country's number is not offered."""
    try:
        return registration.check_value(country, name, str(kept.get(name, "")))
    except Refused:
        return ""


def colour_context(colour: str, kits: list[KitVersion]) -> dict[str, object]:
    """How the colour reads, the nearest that reads better, and what kits with rules of their own make of it."""
    ratio = contrast(colour, WHITE)
    suggestion = mended(colour) if ratio < READABLE else None
    used = suggestion or colour
    by_kit = []
    for version in kits:
        rules = BrandRules.model_validate(version.manifest.get("brand", {}))
        printed = snapped(used, rules.colours, rules.min_contrast)
        if printed != used:
            by_kit.append((version.kit.title, printed))
    return {
        "colour": colour,
        "ratio": ratio,
        "suggestion": suggestion,
        "by_kit": by_kit,
    }
