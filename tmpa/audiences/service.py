"""A partner's contacts and lists; what a campaign goes to; erasing a person."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session

from tmpa.accounts.addresses import check_address, fold
from tmpa.audiences.models import CampaignList, Consent, Contact, ContactImport, ContactList, ListMember
from tmpa.campaigns.models import Campaign
from tmpa.kernel import audit
from tmpa.kernel.clock import utcnow
from tmpa.kernel.ids import new_id
from tmpa.kernel.jobs import emit, enqueue

PAGE = 50


@dataclass(frozen=True)
class ListSummary:
    """A list with the number of people on it."""

    list: ContactList
    people: int


@dataclass(frozen=True)
class Page:
    """One page of contacts; `number` counts from 1."""

    items: Sequence[Contact]
    number: int
    pages: int
    total: int


def lists(session: Session) -> list[ListSummary]:
    """The partner's lists, newest first."""
    rows = session.execute(
        select(ContactList, func.count(ListMember.id))
        .outerjoin(ListMember, ListMember.list_id == ContactList.id)
        .group_by(ContactList.id)
        .order_by(ContactList.created_at.desc())
    )
    return [ListSummary(row, people) for row, people in rows]


def contacts(session: Session, search: str = "", number: int = 1, list_id: uuid.UUID | None = None) -> Page:
    """Contacts whose name, company or address holds `search`."""
    query = select(Contact)
    if list_id:
        query = query.join(ListMember, ListMember.contact_id == Contact.id).where(
            ListMember.list_id == list_id
        )
    if search:
        columns = (Contact.email_key, Contact.first_name, Contact.last_name, Contact.company)
        query = query.where(or_(*(column.icontains(search, autoescape=True) for column in columns)))
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    pages = max(1, -(-total // PAGE))
    number = min(max(number, 1), pages)
    found = session.scalars(
        query.order_by(Contact.last_name, Contact.email_key).limit(PAGE).offset((number - 1) * PAGE)
    )
    return Page(found.all(), number, pages, total)


def add_contact(
    session: Session,
    partner_id: uuid.UUID,
    email: str,
    *,
    first_name: str = "",
    last_name: str = "",
    company: str = "",
) -> Contact:
    """The partner's contact of that address, made when there is none; empty fields are filled. Raises Refused."""
    email = check_address(email)
    key = fold(email)
    contact = session.scalars(
        select(Contact).where(Contact.partner_id == partner_id, Contact.email_key == key)
    ).one_or_none()
    if contact is None:
        contact = Contact(id=new_id(), partner_id=partner_id, email=email, email_key=key, consent="none")
        session.add(contact)
    contact.first_name = contact.first_name or first_name[:200]
    contact.last_name = contact.last_name or last_name[:200]
    contact.company = contact.company or company[:200]
    session.flush()
    return contact


def record_consent(
    session: Session, contact: Contact, state: str, basis: str, source: str, wording: str = ""
) -> None:
    """Note that a person gave or withdrew consent, with the evidence."""
    session.add(
        Consent(
            partner_id=contact.partner_id,
            contact_id=contact.id,
            state=state,
            basis=basis,
            source=source[:300],
            wording=wording,
            occurred_at=utcnow(),
        )
    )
    contact.consent = state


def set_campaign_lists(session: Session, campaign: Campaign, chosen: Sequence[ContactList]) -> None:
    """The lists that `campaign` goes to, in place of those before."""
    session.execute(delete(CampaignList).where(CampaignList.campaign_id == campaign.id))
    for each in chosen:
        session.add(
            CampaignList(
                vendor_id=campaign.vendor_id,
                partner_id=campaign.partner_id,
                campaign_id=campaign.id,
                list_id=each.id,
            )
        )
    session.flush()


def campaign_lists(session: Session, campaign: Campaign) -> list[ContactList]:
    """The lists that `campaign` goes to."""
    return list(
        session.scalars(
            select(ContactList)
            .join(CampaignList, CampaignList.list_id == ContactList.id)
            .where(CampaignList.campaign_id == campaign.id)
            .order_by(ContactList.name)
        )
    )


def erase_contact(session: Session, contact: Contact) -> None:
    """Forget a person on request (GDPR art. 17): name, address and the key of the pseudonym are destroyed.

    The row stays as an empty shell, so that ledgers and the evidence log stay whole; the suppression of the
    address, if there is one, stays too, as it must to be honoured.
    """
    key = contact.email_key
    emit(session, "audiences.erasing", {"contact": str(contact.id)})
    session.execute(delete(ListMember).where(ListMember.contact_id == contact.id))
    session.execute(
        update(Contact)
        .where(Contact.id == contact.id)
        .values(
            email=f"erased-{contact.id}@invalid",
            email_key=f"erased-{contact.id}@invalid",
            first_name="",
            last_name="",
            company="",
            country="",
            phone="",
            locale="",
            consent="withdrawn",
            pseudonym_key=None,
            updated_at=utcnow(),
        )
    )
    session.execute(
        update(Consent).where(Consent.contact_id == contact.id).values(source="erased", wording="")
    )
    for row in session.scalars(select(ContactImport).where(ContactImport.partner_id == contact.partner_id)):
        kept = [each for each in row.refusals if fold(str(each["value"])) != key]
        if len(kept) != len(row.refusals):
            enqueue(
                session, "audiences.delete_report", {"import_id": str(row.id)}
            )  # it names the person, too
            row.refusals, row.report_key = kept, None
    session.expire(contact)
    audit.record(session, "contact.erased", contact)
