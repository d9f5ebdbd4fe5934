"""An image slot as a form field: the chosen picture with its middle, its descriptions, and the partner's others."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import url_for
from sqlalchemy.orm import Session

from tmpa.campaigns.models import Campaign
from tmpa.kernel.i18n import direction, language_name
from tmpa.kits.manifest import Slot
from tmpa.partners.models import Picture
from tmpa.partners.pictures import MAX_BYTES, gallery


@dataclass(frozen=True, slots=True)
class Description:
    """The alternative text in one language."""

    locale: str
    language: str
    text: str
    error: str = ""

    @property
    def direction(self) -> str:
        return direction(self.locale)


@dataclass(frozen=True, slots=True)
class PictureField:
    """What the field shows. `across` and `down` are percent; `kept_url` is an address without a picture of ours."""

    upload_url: str
    max_bytes: int
    chosen: Picture | None
    pictures: list[Picture]
    across: int
    down: int
    descriptions: list[Description]
    decorative: bool
    kept_url: str

    @property
    def has_picture(self) -> bool:
        return self.chosen is not None or bool(self.kept_url)


def is_usable(value: object) -> bool:
    """Whether a kept value has a picture that can be shown; what is still wrong then is its description."""
    return isinstance(value, Mapping) and "url" in value


def picture_control(value: object, locale: str) -> str:
    """The end of the name of the control at which an error of an image slot is mended."""
    return f"-alt-{locale}" if is_usable(value) else "-file"


def picture_field(session: Session, campaign: Campaign, slot: Slot, kept: object) -> PictureField:
    """The field of an image slot with the value `kept`."""
    value: Mapping[str, Any] = kept if isinstance(kept, Mapping) else {}
    wanted = str(value.get("picture") or "")
    pictures = gallery(session, campaign.partner_id, wanted)
    chosen = next((each for each in pictures if each.public_id == wanted), None)
    address = str(value.get("url") or "") if not wanted else ""
    focal = value.get("focal") or (0.5, 0.5)
    alt = value.get("alt") or ""
    return PictureField(
        upload_url=url_for("pictures.choose", campaign=campaign.public_id, slot=slot.name),
        max_bytes=MAX_BYTES,
        chosen=chosen,
        pictures=pictures,
        across=round(100 * focal[0]),
        down=round(100 * focal[1]),
        descriptions=[
            Description(
                tag,
                language_name(tag),
                alt.get(tag, "") if isinstance(alt, Mapping) else str(alt),
                campaign.slot_errors.get(tag, {}).get(slot.name, "") if is_usable(value) else "",
            )
            for tag in campaign.locales
        ],
        decorative=value.get("decorative") is True,
        kept_url=address,
    )
