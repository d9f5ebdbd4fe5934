"""Unsubscribing (RFC 8058): by a token good for years, at once, without cookie or login; a GET never does it."""

import uuid
from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from tmpa.accounts.addresses import fold
from tmpa.accounts.models import Organization
from tmpa.audiences.models import Suppression
from tmpa.audiences.suppression import suppress
from tmpa.campaigns.models import Campaign
from tmpa.kernel.clock import utcnow
from tmpa.kernel.errors import NotFound
from tmpa.kernel.jobs import emit
from tmpa.kernel.signing import BadToken, Signer
from tmpa.kernel.tracking_tokens import decode
from tmpa.sending.models import Recipient


@dataclass(frozen=True, slots=True)
class Subscription:
    """What the preference page tells: who wrote to whom, on whose behalf, and whether that has ended."""

    recipient_id: uuid.UUID
    email: str
    locale: str
    partner: str
    vendor: str
    legal_name: str
    address: str
    has_ended: bool


def look_up(session: Session, signer: Signer, token: str) -> Subscription:
    """The subscription that a token names, in the system's scope. Raises NotFound for a token that isn't ours."""
    recipient, campaign = _named(session, signer, token)
    brand = campaign.brand
    return Subscription(
        recipient_id=recipient.id,
        email=recipient.email,
        locale=recipient.locale,
        partner=session.get_one(Organization, campaign.partner_id).name,
        vendor=session.get_one(Organization, campaign.vendor_id).name,
        legal_name=brand.legal_name if brand else "",
        address=brand.address if brand else "",
        has_ended=_has_ended(session, recipient),
    )


def unsubscribe(session: Session, signer: Signer, token: str, by: str) -> bool:
    """End the subscription that a token names: the partner never mails this address again. False when it had ended.

    `by` says how it was asked: "one_click" (the mail program's button) or "page". Wants the system's scope. Raises
    NotFound for a token that isn't ours.
    """
    recipient, campaign = _named(session, signer, token)
    if not recipient.email or _has_ended(session, recipient):
        return False
    now = utcnow()
    evidence = {
        "by": by,
        "at": now.isoformat(),
        "recipient": str(recipient.id),
        "campaign": str(campaign.id),
        "message_id": recipient.message_id or "",
    }
    suppress(session, recipient.partner_id, recipient.email, "unsubscribed", evidence)
    news = {
        "recipient": str(recipient.id),
        "vendor": str(recipient.vendor_id),
        "by": by,
        "at": now.isoformat(),
    }
    emit(session, "sending.unsubscribed", news)
    return True


def _named(session: Session, signer: Signer, token: str) -> tuple[Recipient, Campaign]:
    try:
        named = decode(signer, "unsubscribe", token)
    except BadToken:
        raise NotFound from None
    recipient = session.get(Recipient, {"id": named.subject_id, "vendor_id": named.vendor_id})
    if recipient is None:
        raise NotFound
    return recipient, session.get_one(Campaign, recipient.campaign_id)


def _has_ended(session: Session, recipient: Recipient) -> bool:
    if not recipient.email:  # erased: there is nothing left to write to
        return True
    found = select(Suppression.id).where(
        Suppression.email_key == fold(recipient.email),
        or_(Suppression.organization_id.is_(None), Suppression.organization_id == recipient.partner_id),
    )
    return session.scalars(found).first() is not None
