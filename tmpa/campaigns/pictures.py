"""A campaign's pictures: each image slot's choice becomes the address of the partner's picture, cut for the slot.

A value is ``{"picture": "pic_…", "focal": [x, y], "alt": {locale: text}, "decorative": true}`` as a form brings it, and
keeps besides ``url`` (the published cut), ``crop`` (what the slot wanted) or ``problem`` (why it can't be used).
"""

import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from tmpa.campaigns.addresses import asset_key, put_asset
from tmpa.kernel.errors import NotFound, Refused
from tmpa.kernel.i18n import gettext as _
from tmpa.kernel.objects import MissingObject, ObjectStore
from tmpa.kernel.scope import load
from tmpa.kits.manifest import Slot
from tmpa.kits.slots import crop_of
from tmpa.kits.source import KitSource
from tmpa.partners.models import Picture
from tmpa.partners.pictures import cut
from tmpa.settings import Settings

KEPT = "kept"
"""Instead of a picture's id: the address that the slot has already, from before there were pictures."""

MIDDLE = (0.5, 0.5)
Value = dict[str, Any]


def settle(
    session: Session,
    store: ObjectStore,
    settings: Settings,
    source: KitSource,
    partner_id: uuid.UUID,
    before: Mapping[str, Any],
    values: Mapping[str, Any],
) -> dict[str, Any]:
    """Slot values that serve every locale, with each picture cut and published; `before` are those kept until now.

    A picture that isn't the partner's, is gone or too small gets a `problem` in place of an address. What was cut
    before for the same slot and middle is not cut again.
    """
    result = dict(values)
    for slot in source.manifest.slots:
        value = values.get(slot.name)
        if slot.kind != "image" or not isinstance(value, Mapping):
            continue
        old = before.get(slot.name)
        result[slot.name] = _settled(
            session, store, settings, slot, partner_id, old if isinstance(old, Mapping) else {}, value
        )
    return result


def _settled(
    session: Session,
    store: ObjectStore,
    settings: Settings,
    slot: Slot,
    partner_id: uuid.UUID,
    old: Mapping[str, Any],
    value: Mapping[str, Any],
) -> Any:
    chosen = value.get("picture")
    alt = _descriptions(old.get("alt") if chosen in {old.get("picture"), KEPT} else None, value.get("alt"))
    described: Value = {"alt": alt, **({"decorative": True} if value.get("decorative") is True else {})}
    if chosen is None or chosen == KEPT:
        address = old.get("url") if chosen == KEPT else value.get("url")
        if chosen == KEPT and not address:
            return ""
        if not _is_ours(settings, address):
            return {
                **described,
                "problem": _("Upload the picture here; pictures of other sites can't be used."),
            }
        return {**described, "url": address}
    focal = _focal(value.get("focal"))
    if old.get("picture") not in (
        None,
        chosen,
    ):  # what was said of the last picture says nothing about this one
        if focal == _focal(old.get("focal")):
            focal = MIDDLE
        if described["alt"] == old.get("alt"):
            described["alt"] = {}
    made: Value = {**described, "picture": chosen, "focal": list(focal), "crop": crop_of(slot)}
    is_same = all(old.get(key) == made[key] for key in ("picture", "focal", "crop"))
    try:
        picture = _load(session, partner_id, chosen)
        if is_same and _is_ours(settings, old.get("url")):
            return {**made, "url": old["url"]}
        shown = cut(store.get(picture.object_key), slot.ratio, slot.min_width, focal)
    except (NotFound, MissingObject):
        return {**made, "problem": _("This picture isn't among yours any more. Choose another one.")}
    except Refused as refusal:
        return {**made, "problem": str(refusal)}
    return {**made, "url": put_asset(store, settings, shown.data, shown.suffix)}


def _load(session: Session, partner_id: uuid.UUID, reference: object) -> Picture:
    """The partner's picture. Raises NotFound for anybody else's, also where the session sees every row."""
    if not isinstance(reference, str):
        raise NotFound
    picture = load(session, Picture, reference)
    if picture.partner_id != partner_id:
        raise NotFound
    return picture


def _is_ours(settings: Settings, address: object) -> bool:
    """Whether an address is that of a picture which the platform published."""
    place = f"{settings.pages_address}/assets/"
    return (
        isinstance(address, str)
        and address.startswith(place)
        and asset_key(address[len(place) :]) is not None
    )


def _focal(given: object) -> tuple[float, float]:
    """The wished middle as shares of width and height; the picture's own where none is given."""
    if not isinstance(given, list | tuple) or len(given) != 2:
        return MIDDLE
    if not all(isinstance(part, int | float) and not isinstance(part, bool) for part in given):
        return MIDDLE
    across, down = (round(min(1.0, max(0.0, float(part))), 3) for part in given)
    return across, down


def _descriptions(old: object, new: object) -> Any:
    """Alternative texts by locale: those of languages that the form didn't show stay."""
    if not isinstance(new, Mapping):
        return new if isinstance(new, str) else ""
    kept = dict(old) if isinstance(old, Mapping) else {}
    return {locale: text for locale, text in {**kept, **new}.items() if text}
