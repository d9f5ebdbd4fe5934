"""Addresses that must not be mailed: by a partner, by a vendor, or everywhere."""

import uuid
from collections.abc import Collection
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from tmpa.accounts.addresses import fold
from tmpa.audiences.models import Suppression
from tmpa.kernel import audit
from tmpa.kernel.i18n import lazy_gettext as _l
from tmpa.kernel.scope import lifted

REASON_NAMES = {
    "unsubscribed": _l("Unsubscribed"),
    "bounced": _l("The mailbox doesn’t exist"),
    "complained": _l("Complained about spam"),
    "asked": _l("Asked you to stop"),
    "imported": _l("Came with a list of stopped addresses"),
}


def suppress(
    session: Session, organization_id: uuid.UUID | None, email: str, reason: str, evidence: dict[str, Any]
) -> Suppression:
    """Stop mails to `email` by one organization, or everywhere (None). Nothing changes when it is stopped already."""
    key = fold(email)
    kept = session.scalars(
        select(Suppression).where(
            Suppression.organization_id == organization_id, Suppression.email_key == key
        )
    ).one_or_none()
    if kept:
        return kept
    row = Suppression(organization_id=organization_id, email_key=key, reason=reason, evidence=evidence)
    session.add(row)
    session.flush()
    audit.record(session, "suppression.added", row, reason=reason)
    return row


def suppressed(
    session: Session, email_keys: Collection[str], partner_id: uuid.UUID, vendor_id: uuid.UUID | None
) -> dict[str, str]:
    """Those of `email_keys` that the partner may not mail for the vendor, with the reason."""
    with lifted(session):  # the vendor's own and the installation's suppressions bind the partner too
        rows = session.execute(
            select(Suppression.email_key, Suppression.reason).where(
                Suppression.email_key.in_(email_keys),
                or_(
                    Suppression.organization_id.is_(None),
                    Suppression.organization_id == partner_id,
                    Suppression.organization_id == vendor_id,
                ),
            )
        )
        return {row.email_key: row.reason for row in rows}
