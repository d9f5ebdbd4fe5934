"""Forms that visitors sent: the submission, the contact it makes or finds, and the evidence of consent."""

import uuid
from collections.abc import Mapping

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from tmpa.accounts.addresses import fold
from tmpa.audiences.models import Contact
from tmpa.audiences.service import add_contact, record_consent
from tmpa.engagement.models import EngagementEvent
from tmpa.engagement.verdicts import FORM_SPAM
from tmpa.kernel.errors import Refused
from tmpa.kernel.jobs import emit
from tmpa.pages.models import PublishedPage, Submission

_NAME_FIELDS = {
    "first_name": "first_name",
    "last_name": "last_name",
    "name": "first_name",
    "company": "company",
}


def take(
    session: Session,
    event: EngagementEvent,
    page: PublishedPage,
    fields: Mapping[str, str],
    email: str,
    wording: str,
) -> Submission:
    """Store what a form brought. Unless it is spam: its sender becomes a contact of the partner, and the rooms above
    hear "engagement.submitted" with the submission's id, which is the event's.

    `wording` is the text that the sender agreed to, empty when they didn't. Sets the event's contact.
    """
    spam = bool(FORM_SPAM & set(event.signs.split()))
    contact = _known(session, page, email) if spam else _contact(session, page, fields, email)
    if contact is not None and not spam:
        event.contact_id = contact.id
        if wording:
            record_consent(session, contact, "given", "form", page.url, wording)
    submission = Submission(
        id=event.id,
        vendor_id=page.vendor_id,
        partner_id=page.partner_id,
        campaign_id=page.campaign_id,
        page_id=page.id,
        recipient_id=event.recipient_id,
        contact_id=contact.id if contact else None,
        locale=page.locale,
        email_key=fold(email) if email else "",
        fields=dict(fields),
        consent_wording=wording,
        submitted_at=event.occurred_at,
    )
    session.add(submission)
    if not spam:
        emit(session, "engagement.submitted", {"submission": str(submission.id)})
    return submission


def _known(session: Session, page: PublishedPage, email: str) -> Contact | None:
    """Whose name spam bears, if that is somebody: when they are erased, it must go, too."""
    query = select(Contact).where(Contact.partner_id == page.partner_id, Contact.email_key == fold(email))
    return session.scalars(query).one_or_none() if email else None


def _contact(session: Session, page: PublishedPage, fields: Mapping[str, str], email: str) -> Contact | None:
    if not email:
        return None
    names: dict[str, str] = {}
    for field, column in _NAME_FIELDS.items():
        if fields.get(field):
            names.setdefault(column, fields[field])
    try:
        return add_contact(session, page.partner_id, email, **names)
    except Refused:
        return None  # the intake checked it by older rules: the submission is kept all the same


def forget(session: Session, contact_id: uuid.UUID) -> None:
    """Remove what a person's forms and events say about them, for their erasure. Counts and proofs stay."""
    session.execute(
        update(Submission)
        .where(Submission.contact_id == contact_id)
        .values(fields={}, email_key="", consent_wording="")
        .execution_options(synchronize_session=False)
    )
    session.execute(
        update(EngagementEvent)
        .where(EngagementEvent.contact_id == contact_id)
        .values(agent="", network="")
        .execution_options(synchronize_session=False)
    )
