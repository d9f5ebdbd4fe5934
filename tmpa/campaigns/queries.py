"""What pages ask about campaigns."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload, selectinload

from tmpa.campaigns.models import Campaign
from tmpa.kits.models import Kit, KitVersion

LAUNCHED = ("launching", "running", "paused", "done")


@dataclass(frozen=True, slots=True)
class Activity:
    """How much a partner does with a vendor's kits."""

    launched: int = 0
    running: int = 0
    drafts: int = 0
    last_at: datetime | None = None


def activity_by_partner(session: Session) -> dict[uuid.UUID, Activity]:
    """Campaign counts and the last change, by partner, for the campaigns in scope."""
    rows = session.execute(
        select(Campaign.partner_id, Campaign.state, func.count(Campaign.id), func.max(Campaign.saved_at))
        .where(Campaign.state != "cancelled")
        .group_by(Campaign.partner_id, Campaign.state)
    )
    found: dict[uuid.UUID, Activity] = {}
    for partner_id, state, count, last_at in rows:
        was = found.get(partner_id, Activity())
        found[partner_id] = Activity(
            was.launched + (count if state in LAUNCHED else 0),
            was.running + (count if state in ("launching", "running", "paused") else 0),
            was.drafts + (count if state in ("draft", "scheduled") else 0),
            max(filter(None, (was.last_at, last_at)), default=None),
        )
    return found


def campaigns(session: Session, partner_id: uuid.UUID | None = None) -> list[Campaign]:
    """The campaigns in scope with kit and steps, last changed first; thrown-away drafts are left out."""
    query = (
        select(Campaign)
        .options(joinedload(Campaign.kit_version).joinedload(KitVersion.kit), selectinload(Campaign.steps))
        .where((Campaign.state != "cancelled") | Campaign.launched_at.is_not(None))
        .order_by(func.coalesce(Campaign.launched_at, Campaign.saved_at, Campaign.created_at).desc())
    )
    if partner_id is not None:
        query = query.where(Campaign.partner_id == partner_id)
    return list(session.scalars(query))


def usable_kits(session: Session) -> list[KitVersion]:
    """The newest published version of each kit in scope, newest kit first."""
    versions = session.scalars(
        select(KitVersion)
        .options(joinedload(KitVersion.kit))
        .join(Kit, Kit.id == KitVersion.kit_id)
        .where(KitVersion.state == "published")
        .order_by(KitVersion.created_at.desc())
    )
    newest: dict[uuid.UUID, KitVersion] = {}
    for version in versions:
        newest.setdefault(version.kit_id, version)
    return list(newest.values())


def last_launched(session: Session) -> Campaign | None:
    """The campaign in scope that was launched last."""
    return session.scalars(
        select(Campaign)
        .options(joinedload(Campaign.kit_version))
        .where(Campaign.launched_at.is_not(None))
        .order_by(Campaign.launched_at.desc())
        .limit(1)
    ).one_or_none()
