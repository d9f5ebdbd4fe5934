"""A brand's logos: up to one for each form and ground, found by themselves from what is uploaded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from tmpa.kernel import audit
from tmpa.kernel.clock import utcnow
from tmpa.kernel.errors import NotFound, Refused
from tmpa.kernel.i18n import gettext as _
from tmpa.kernel.objects import ObjectStore
from tmpa.kernel.signing import fingerprint
from tmpa.partners.logos import FORMS, GROUNDS, Form, Ground, Logo, form_of, normalise_logo, on_plate
from tmpa.partners.models import BrandProfile

MAX_FILES = len(FORMS) * len(GROUNDS)


@dataclass(frozen=True, slots=True)
class KeptLogo:
    """One of a brand's logos as it is kept. `has_ground`: it has a background of its own."""

    form: Form
    ground: Ground
    key: str
    width: int
    height: int
    ink: float
    has_ground: bool

    @property
    def which(self) -> str:
        """Its place among the brand's logos, such as "wide-light"."""
        return f"{self.form}-{self.ground}"


def kept_logos(brand: BrandProfile | None) -> list[KeptLogo]:
    """The brand's logos: those for light ground first, wide before square before tall."""
    if brand is None:
        return []
    found = [
        _read(form, ground, brand.logos[f"{form}-{ground}"])
        for ground in GROUNDS
        for form in FORMS
        if f"{form}-{ground}" in (brand.logos or {})
    ]
    if not found and brand.logo_key and brand.logo_width and brand.logo_height:
        # kept before a brand could have several
        form = form_of(brand.logo_width, brand.logo_height)
        sizes = (brand.logo_width, brand.logo_height)
        found.append(KeptLogo(form, "light", brand.logo_key, *sizes, 0.5, False))
    return found


def _read(form: Form, ground: Ground, entry: Mapping[str, Any]) -> KeptLogo:
    return KeptLogo(
        form,
        ground,
        str(entry["key"]),
        int(entry["width"]),
        int(entry["height"]),
        float(entry.get("ink", 0.5)),
        bool(entry.get("has_ground")),
    )


def find(brand: BrandProfile | None, which: str) -> KeptLogo:
    """The logo in one place. Raises NotFound."""
    found = next((logo for logo in kept_logos(brand) if logo.which == which), None)
    if found is None:
        raise NotFound
    return found


def add_logo(store: ObjectStore, brand: BrandProfile, data: bytes) -> Logo:
    """Keep an uploaded logo in the place that suits its form and ground. Raises Refused (field "logo")."""
    logo = normalise_logo(data)
    key = f"brands/{brand.partner_id}/{fingerprint(logo.png)}.png"
    if not store.exists(key):
        store.put(key, logo.png, "image/png")
    kept = KeptLogo(logo.form, logo.ground, key, logo.width, logo.height, logo.ink, logo.has_ground)
    _keep(store, brand, {**_entries(brand), kept.which: kept})
    return logo


def turn_logo(store: ObjectStore, brand: BrandProfile, which: str) -> None:
    """The logo is for the other ground than it seemed; one that was there changes places with it. Raises NotFound."""
    logo = find(brand, which)
    other: Ground = "dark" if logo.ground == "light" else "light"
    entries = _entries(brand)
    there = entries.pop(f"{logo.form}-{other}", None)
    entries.pop(which)
    entries[f"{logo.form}-{other}"] = logo
    if there is not None:
        entries[which] = there
    _keep(store, brand, entries)


def remove_logo(store: ObjectStore, brand: BrandProfile, which: str) -> None:
    """Take a logo away; pieces that are finished keep it. Raises NotFound."""
    find(brand, which)
    entries = _entries(brand)
    entries.pop(which)
    _keep(store, brand, entries)


def _entries(brand: BrandProfile) -> dict[str, KeptLogo]:
    return {logo.which: logo for logo in kept_logos(brand)}


def _keep(store: ObjectStore, brand: BrandProfile, entries: Mapping[str, KeptLogo]) -> None:
    brand.logos = {
        which: {
            "key": logo.key, "width": logo.width, "height": logo.height, "ink": logo.ink, "has_ground": logo.has_ground
        }
        for which, logo in entries.items()
    }  # fmt: skip
    order = [f"{form}-{ground}" for ground in GROUNDS for form in FORMS]
    first = next((which for which in order if which in entries), None)
    if first is None:
        brand.logo_key = brand.logo_width = brand.logo_height = None
        return
    main = entries[first]
    brand.logo_key, brand.logo_width, brand.logo_height = main.key, main.width, main.height
    if first.endswith("-dark"):
        # templates that ask for no ground print the main logo on white, where this one would not be seen
        png, width, height = on_plate(store.get(main.key))
        key = f"brands/{brand.partner_id}/{fingerprint(png)}.png"
        if not store.exists(key):
            store.put(key, png, "image/png")
        brand.logo_key, brand.logo_width, brand.logo_height = key, width, height


def note_on(logo: Logo) -> str:
    """What people should know about an uploaded logo; empty when there is nothing to say."""
    if logo.was_white:
        return _("The white behind the logo was taken away, so that it can stand on any light ground.")
    if logo.has_ground:
        return _(
            "This logo has a background of its own and is shown as a block. "
            "An SVG, or a PNG with a transparent background, looks better."
        )
    return ""


def change_logos(
    session: Session,
    store: ObjectStore,
    brand: BrandProfile,
    files: Sequence[bytes] = (),
    turn: str = "",
    remove: str = "",
) -> list[str]:
    """Add uploaded logos, turn one to the other ground, take one away; what people should know of the new ones.

    Raises Refused (field "logo") for a file that is no logo, NotFound for a place without one.
    """
    if len(files) > MAX_FILES:
        raise Refused(_("Upload at most %(limit)s logos at once.", limit=MAX_FILES), "logo")
    notes = [note_on(add_logo(store, brand, data)) for data in files]
    if turn:
        turn_logo(store, brand, turn)
    if remove:
        remove_logo(store, brand, remove)
    if files or turn or remove:
        brand.updated_at = utcnow()
        session.flush()
        audit.record(session, "brand.changed", brand, fields=["logos"], logos=sorted(brand.logos))
    return list(dict.fromkeys(filter(None, notes)))
