"""What the MDF pages read."""

import uuid
from collections.abc import Iterable, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from tmpa.accounts.models import Organization
from tmpa.campaigns.models import Campaign
from tmpa.mdf.models import Claim, FundRequest


def claims(session: Session, states: Sequence[str] = (), limit: int = 200) -> list[Claim]:
    """Claims in scope, newest first."""
    wanted = select(Claim).options(joinedload(Claim.request)).order_by(Claim.created_at.desc()).limit(limit)
    return list(session.scalars(wanted.where(Claim.state.in_(states)) if states else wanted))


def claims_waiting(session: Session) -> list[Claim]:
    """Claims that wait for a decision, the oldest first."""
    wanted = select(Claim).where(Claim.state == "submitted").order_by(Claim.submitted_at, Claim.id).limit(200)
    return list(session.scalars(wanted.options(joinedload(Claim.request))))


def claims_to_pay(session: Session) -> list[Claim]:
    """Approved claims that are not paid yet, the oldest decision first."""
    wanted = (
        select(Claim)
        .where(Claim.state.in_(("approved", "partly_approved")))
        .order_by(Claim.decided_at, Claim.id)
    )
    return list(session.scalars(wanted.options(joinedload(Claim.request)).limit(200)))


def requests(session: Session, limit: int = 200) -> list[FundRequest]:
    """Requests in scope, newest first."""
    wanted = select(FundRequest).options(joinedload(FundRequest.fund)).order_by(FundRequest.created_at.desc())
    return list(session.scalars(wanted.limit(limit)))


def requests_waiting(session: Session) -> list[FundRequest]:
    """Requests that wait for a decision, the oldest first."""
    wanted = select(FundRequest).where(FundRequest.state == "submitted")
    return list(session.scalars(wanted.order_by(FundRequest.submitted_at, FundRequest.id).limit(200)))


def requests_decided(session: Session, limit: int = 50) -> list[FundRequest]:
    """Requests that have been decided about, the newest first."""
    wanted = select(FundRequest).where(FundRequest.state.in_(("approved", "declined", "returned", "closed")))
    wanted = wanted.where(FundRequest.submitted_at.is_not(None))
    return list(session.scalars(wanted.order_by(FundRequest.decided_at.desc(), FundRequest.id).limit(limit)))


def campaigns_for_requests(session: Session, vendor_ids: Iterable[uuid.UUID]) -> list[Campaign]:
    """The partner's campaigns that money can be asked for: not cancelled, newest first."""
    wanted = select(Campaign).where(Campaign.vendor_id.in_(list(vendor_ids)), Campaign.state != "cancelled")
    return list(session.scalars(wanted.order_by(Campaign.created_at.desc()).limit(50)))


def names(session: Session, keys: Iterable[uuid.UUID]) -> dict[uuid.UUID, str]:
    """Names of organizations in scope."""
    rows = session.execute(select(Organization.id, Organization.name).where(Organization.id.in_(set(keys))))
    return {row.id: row.name for row in rows}
