"""Leads, deal registrations, touchpoints."""

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from tmpa.kernel.base import Base
from tmpa.kernel.scope import PartnerOwned, PartnerPrivateInProgramme


class Lead(PartnerPrivateInProgramme, Base):
    """A person who asked. The partner's alone until a deal is registered from it."""

    __tablename__ = "leads"
    __prefix__ = "led"
    __table_args__ = (
        UniqueConstraint("submission_id"),
        CheckConstraint("state IN ('new','working','converted','closed')", name="state"),
    )

    campaign_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("campaigns.id"), index=True)
    submission_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("submissions.id"))
    contact_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("contacts.id"))
    name: Mapped[str] = mapped_column(String(200))
    email: Mapped[str] = mapped_column(String(320))
    company: Mapped[str] = mapped_column(String(200), default="")
    phone: Mapped[str] = mapped_column(String(60), default="")
    country: Mapped[str] = mapped_column(String(2), default="")
    message: Mapped[str] = mapped_column(Text, default="")
    source: Mapped[str] = mapped_column(String(20), default="form")
    state: Mapped[str] = mapped_column(String(12), default="new")
    asked_at: Mapped[datetime]
    joined_submissions: Mapped[list[str]] = mapped_column(default=list)  # later forms by the same person


DEAL_STATES = (
    "draft",
    "submitted",
    "under_review",
    "approved",
    "declined",
    "won",
    "lost",
    "expired",
    "withdrawn",
)


class DealRegistration(PartnerOwned, Base):
    """A partner's claim on an opportunity. Amounts in minor units; `customer_domain` and `customer_key` are the
    normalised forms that conflicts are found by; `rule` names what decided."""

    __tablename__ = "deal_registrations"
    __prefix__ = "dea"
    __table_args__ = (
        CheckConstraint(
            "state IN ('draft','submitted','under_review','approved','declined','won','lost','expired','withdrawn')",
            name="state",
        ),
        CheckConstraint("amount_minor >= 0", name="amount"),
    )

    lead_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("leads.id"))
    customer_name: Mapped[str] = mapped_column(String(200))
    customer_key: Mapped[str] = mapped_column(String(200), index=True)
    customer_domain: Mapped[str] = mapped_column(String(255), default="", index=True)
    customer_country: Mapped[str] = mapped_column(String(2), default="")
    contact_name: Mapped[str] = mapped_column(String(200), default="")
    contact_email: Mapped[str] = mapped_column(String(320), default="")
    products: Mapped[list[str]]
    amount_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    close_date: Mapped[date]
    value_added: Mapped[str] = mapped_column(Text, default="")
    competitors: Mapped[str] = mapped_column(String(300), default="")
    government: Mapped[bool] = mapped_column(default=False)
    state: Mapped[str] = mapped_column(String(16), default="draft")
    submitted_by: Mapped[uuid.UUID | None]
    submitted_at: Mapped[datetime | None]
    decide_by: Mapped[datetime | None]
    decided_by: Mapped[uuid.UUID | None]
    decided_at: Mapped[datetime | None]
    decision_reason: Mapped[str] = mapped_column(Text, default="")
    rule: Mapped[str] = mapped_column(String(60), default="")
    conflicts: Mapped[list[Any]]
    protected_until: Mapped[date | None]
    closed_at: Mapped[datetime | None]
    won_amount_minor: Mapped[int | None]
    touchpoints: Mapped[list["Touchpoint"]] = relationship(order_by="Touchpoint.occurred_at")


class Touchpoint(PartnerOwned, Base):
    """A human engagement on a deal's account that counts in attribution; no person is named."""

    __tablename__ = "touchpoints"
    __prefix__ = "tou"
    __table_args__ = (UniqueConstraint("deal_id", "event_id"),)

    deal_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("deal_registrations.id"), index=True)
    campaign_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("campaigns.id"), index=True)
    event_id: Mapped[uuid.UUID]
    kind: Mapped[str] = mapped_column(String(12))
    occurred_at: Mapped[datetime]
