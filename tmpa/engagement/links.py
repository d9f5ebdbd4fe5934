"""How many links a finished mail has, read once per piece: what "every link was touched" is measured by."""

import json
import uuid
from collections.abc import Iterable
from typing import Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from tmpa.campaigns.models import CampaignPiece
from tmpa.kernel.objects import MissingObject, ObjectStore

PieceKey = tuple[uuid.UUID, str, str]

_COUNTS: dict[str, int | None] = {}  # keys hold the content's hash: what was counted once stays true


class OfPiece(Protocol):
    """Something that names a finished mail."""

    @property
    def campaign_id(self) -> uuid.UUID: ...
    @property
    def piece(self) -> str: ...
    @property
    def locale(self) -> str: ...


def links_in_mail(session: Session, objects: ObjectStore, mails: Iterable[OfPiece]) -> dict[PieceKey, int]:
    """The number of links by (campaign, piece, locale); pieces that aren't finished are left out."""
    campaigns = {mail.campaign_id for mail in mails}
    pieces = session.execute(
        select(
            CampaignPiece.campaign_id, CampaignPiece.piece, CampaignPiece.locale, CampaignPiece.object_key
        ).where(CampaignPiece.campaign_id.in_(campaigns), CampaignPiece.kind == "mail")
    )
    found: dict[PieceKey, int] = {}
    for campaign_id, piece, locale, key in pieces:
        count = _count(objects, key)
        if count is not None:
            found[campaign_id, piece, locale] = count
    return found


def _count(objects: ObjectStore, key: str) -> int | None:
    if key not in _COUNTS:
        if len(_COUNTS) > 5000:
            _COUNTS.clear()
        try:
            links = json.loads(objects.get(key)).get("links")
        except (MissingObject, ValueError, AttributeError):
            return None
        _COUNTS[key] = len(links) if isinstance(links, list) else None
    return _COUNTS[key]
