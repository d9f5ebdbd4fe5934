"""Contacts, lists, consent, suppression, imports."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    false,
)
from sqlalchemy.orm import Mapped, mapped_column

from tmpa.kernel.base import Base
from tmpa.kernel.scope import PartnerOwned, PartnerPrivate, Scope, Scoped


class ContactList(PartnerPrivate, Base):
    """A named list of a partner's contacts."""

    __tablename__ = "contact_lists"
    __prefix__ = "lst"

    name: Mapped[str] = mapped_column(String(200))


class Contact(PartnerPrivate, Base):
    """A person whom a partner may write to. `email_key` is the folded address; `consent` the state that counts,
    its evidence in `consents`. Destroying `pseudonym_key` unlinks the person from the evidence log."""

    __tablename__ = "contacts"
    __prefix__ = "con"
    __table_args__ = (
        UniqueConstraint("partner_id", "email_key"),
        CheckConstraint("consent IN ('given','none','withdrawn')", name="consent"),
    )

    email: Mapped[str] = mapped_column(String(320))
    email_key: Mapped[str] = mapped_column(String(320), index=True)
    first_name: Mapped[str] = mapped_column(String(200), default="")
    last_name: Mapped[str] = mapped_column(String(200), default="")
    company: Mapped[str] = mapped_column(String(200), default="")
    country: Mapped[str] = mapped_column(String(2), default="")
    phone: Mapped[str] = mapped_column(String(60), default="")
    locale: Mapped[str] = mapped_column(String(16), default="")
    consent: Mapped[str] = mapped_column(String(12), default="none")
    pseudonym_key: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    updated_at: Mapped[datetime | None]


class ListMember(PartnerPrivate, Base):
    """A contact's place on a list."""

    __tablename__ = "list_members"
    __prefix__ = "lmb"
    __table_args__ = (UniqueConstraint("list_id", "contact_id"),)

    list_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("contact_lists.id"), index=True)
    contact_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("contacts.id"), index=True)


class Consent(PartnerPrivate, Base):
    """The evidence of a consent given or withdrawn: when, how, wording, source (GDPR art. 7(1), CASL)."""

    __tablename__ = "consents"
    __prefix__ = "cns"
    __table_args__ = (
        CheckConstraint("state IN ('given','withdrawn')", name="state"),
        CheckConstraint("basis IN ('opt_in','soft_opt_in','express','implied','form')", name="basis"),
    )

    contact_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("contacts.id"), index=True)
    state: Mapped[str] = mapped_column(String(12))
    basis: Mapped[str] = mapped_column(String(16))
    source: Mapped[str] = mapped_column(String(300))
    wording: Mapped[str] = mapped_column(Text, default="")
    occurred_at: Mapped[datetime]


class Suppression(Scoped, Base):
    """An address that must not be mailed: by one organization (partner or vendor), or everywhere (no organization)."""

    __tablename__ = "suppressions"
    __prefix__ = "sup"
    __table_args__ = (
        UniqueConstraint("organization_id", "email_key"),
        CheckConstraint(
            "reason IN ('unsubscribed','bounced','complained','asked','imported')", name="reason"
        ),
    )

    organization_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("organizations.id"), index=True)
    email_key: Mapped[str] = mapped_column(String(320), index=True)
    reason: Mapped[str] = mapped_column(String(16))
    evidence: Mapped[dict[str, Any]]

    @classmethod
    def readable(cls, scope: Scope) -> ColumnElement[bool]:
        if scope.organization_id is None:
            return false()
        return cls.organization_id == scope.organization_id

    def admits(self, scope: Scope) -> bool:
        return self.organization_id is not None and self.organization_id == scope.organization_id


class ContactImport(PartnerPrivate, Base):
    """One uploaded list and what became of each row. `refusals` holds the first thousand as
    {row, value, reason}; the whole report lies in the object store."""

    __tablename__ = "contact_imports"
    __prefix__ = "imp"
    __table_args__ = (CheckConstraint("state IN ('waiting','running','done','failed')", name="state"),)

    list_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("contact_lists.id"))
    file_name: Mapped[str] = mapped_column(String(200))
    object_key: Mapped[str] = mapped_column(String(300))
    report_key: Mapped[str | None] = mapped_column(String(300))
    basis: Mapped[str] = mapped_column(String(16))
    source: Mapped[str] = mapped_column(String(300))
    mapping: Mapped[dict[str, Any]]
    encoding: Mapped[str] = mapped_column(String(40), default="")
    state: Mapped[str] = mapped_column(String(12), default="waiting")
    rows_done: Mapped[int] = mapped_column(default=0)
    imported: Mapped[int] = mapped_column(default=0)
    updated: Mapped[int] = mapped_column(default=0)
    duplicates: Mapped[int] = mapped_column(default=0)
    refused: Mapped[int] = mapped_column(default=0)
    refusals: Mapped[list[Any]]
    error: Mapped[str] = mapped_column(Text, default="")
    finished_at: Mapped[datetime | None]


class CampaignList(PartnerOwned, Base):
    """A list that a campaign goes to."""

    __tablename__ = "campaign_lists"
    __prefix__ = "cml"
    __table_args__ = (UniqueConstraint("campaign_id", "list_id"),)

    campaign_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("campaigns.id"), index=True)
    list_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("contact_lists.id"))
