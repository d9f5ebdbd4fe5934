"""What came of a kit: counted from campaigns and their rollups, never from a person's rows."""

import uuid
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tmpa.campaigns.models import Campaign
from tmpa.campaigns.queries import LAUNCHED
from tmpa.engagement.models import DailyRollup
from tmpa.kits.models import KitVersion

_COUNTED = ("delivered", "clicked", "submitted")


@dataclass(frozen=True, slots=True)
class Use:
    """A kit's use, over all its versions. `clicked` and `submitted` count people only."""

    partners: int = 0
    campaigns: int = 0
    drafts: int = 0
    delivered: int = 0
    clicked: int = 0
    submitted: int = 0


def use_of_kits(session: Session) -> dict[uuid.UUID, Use]:
    """By kit, for the campaigns in scope."""
    kit_of = dict(session.execute(select(KitVersion.id, KitVersion.kit_id)).all())
    rows = session.execute(select(Campaign.id, Campaign.kit_version_id, Campaign.partner_id, Campaign.state))
    partners: dict[uuid.UUID, set[uuid.UUID]] = {}
    counts: dict[uuid.UUID, dict[str, int]] = {}
    kit_of_campaign: dict[uuid.UUID, uuid.UUID] = {}
    for campaign_id, version_id, partner_id, state in rows:
        kit_id = kit_of[version_id]
        kit_of_campaign[campaign_id] = kit_id
        own = counts.setdefault(kit_id, dict.fromkeys(("campaigns", "drafts", *_COUNTED), 0))
        if state in LAUNCHED:
            own["campaigns"] += 1
            partners.setdefault(kit_id, set()).add(partner_id)
        elif state in ("draft", "scheduled"):
            own["drafts"] += 1
    sums = session.execute(
        select(DailyRollup.campaign_id, DailyRollup.kind, func.sum(DailyRollup.count))
        .where(
            DailyRollup.kind.in_(_COUNTED),
            (DailyRollup.verdict == "human") | (DailyRollup.kind == "delivered"),
        )
        .group_by(DailyRollup.campaign_id, DailyRollup.kind)
    )
    for campaign_id, kind, count in sums:
        if campaign_id in kit_of_campaign:
            counts[kit_of_campaign[campaign_id]][kind] += int(count)
    return {kit_id: Use(len(partners.get(kit_id, ())), **own) for kit_id, own in counts.items()}


@dataclass(frozen=True, slots=True)
class PartnerUse:
    """One partner's campaigns from a kit."""

    partner_id: uuid.UUID
    version: str
    campaigns: int


def partners_of_kit(session: Session, kit_id: uuid.UUID) -> list[PartnerUse]:
    """Launched campaigns by partner and version, most first."""
    count = func.count(Campaign.id)
    rows = session.execute(
        select(Campaign.partner_id, KitVersion.version, count)
        .join(KitVersion, KitVersion.id == Campaign.kit_version_id)
        .where(KitVersion.kit_id == kit_id, Campaign.state.in_(LAUNCHED))
        .group_by(Campaign.partner_id, KitVersion.version)
        .order_by(count.desc())
    )
    return [PartnerUse(*row) for row in rows]
