"""What the deals pages read."""

import uuid
from collections.abc import Iterable, Sequence

from sqlalchemy import case, select
from sqlalchemy.orm import Session

from tmpa.accounts.models import Organization
from tmpa.campaigns.models import Campaign
from tmpa.deals.models import DealRegistration
from tmpa.kits.models import KitVersion

WAITING = ("submitted", "under_review")


def vendor_products(session: Session, vendor_id: uuid.UUID) -> list[str]:
    """The products that the vendor's published kits are about, sorted."""
    manifests = session.scalars(
        select(KitVersion.manifest).where(KitVersion.vendor_id == vendor_id, KitVersion.state == "published")
    )
    return sorted({product for manifest in manifests for product in manifest.get("products", [])})


def deals(session: Session, states: Sequence[str] = ()) -> list[DealRegistration]:
    """Registrations in scope, those that wait for a decision first, then the newest."""
    waits_last = case((DealRegistration.state.in_(WAITING), 0), else_=1)
    wanted = select(DealRegistration).order_by(waits_last, DealRegistration.created_at.desc()).limit(500)
    return list(session.scalars(wanted.where(DealRegistration.state.in_(states)) if states else wanted))


def waiting(session: Session) -> list[DealRegistration]:
    """Registrations that the vendor has to decide about, the earliest deadline first."""
    return list(
        session.scalars(
            select(DealRegistration)
            .where(DealRegistration.state.in_(WAITING))
            .order_by(DealRegistration.decide_by, DealRegistration.id)
            .limit(200)
        )
    )


def decided(session: Session, limit: int = 50) -> list[DealRegistration]:
    """Registrations that the vendor has decided about, the newest first. A draft is the partner's own affair."""
    return list(
        session.scalars(
            select(DealRegistration)
            .where(
                DealRegistration.state.not_in((*WAITING, "draft")), DealRegistration.submitted_at.is_not(None)
            )
            .order_by(DealRegistration.decided_at.desc(), DealRegistration.id.desc())
            .limit(limit)
        )
    )


def organization_names(session: Session, keys: Iterable[uuid.UUID]) -> dict[uuid.UUID, str]:
    """Names of organizations in scope."""
    rows = session.execute(select(Organization.id, Organization.name).where(Organization.id.in_(set(keys))))
    return {row.id: row.name for row in rows}


def campaign_names(session: Session, keys: Iterable[uuid.UUID]) -> dict[uuid.UUID, str]:
    """Names of campaigns in scope."""
    rows = session.execute(select(Campaign.id, Campaign.name).where(Campaign.id.in_(set(keys))))
    return {row.id: row.name for row in rows}
