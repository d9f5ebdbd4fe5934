"""Partnerships and brand profiles."""

from datetime import datetime

from sqlalchemy import CheckConstraint, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from tmpa.accounts.models import Organization
from tmpa.kernel.base import Base
from tmpa.kernel.scope import PartnerOwned, PartnerPrivate


class Partnership(PartnerOwned, Base):
    """One partner's place in one vendor's programme."""

    __tablename__ = "partnerships"
    __prefix__ = "psh"
    __table_args__ = (
        UniqueConstraint("vendor_id", "partner_id"),
        CheckConstraint("status IN ('invited','active','suspended','ended')", name="status"),
    )

    status: Mapped[str] = mapped_column(String(12), default="invited")
    tier: Mapped[str] = mapped_column(String(40), default="")
    territory: Mapped[str] = mapped_column(String(80), default="")
    joined_at: Mapped[datetime | None]

    partner: Mapped[Organization] = relationship(foreign_keys="Partnership.partner_id")
    vendor: Mapped[Organization] = relationship(foreign_keys="Partnership.vendor_id")


class BrandProfile(PartnerPrivate, Base):
    """A partner's look and legal identity: what goes into every piece. Several per partner, one the default."""

    __tablename__ = "brand_profiles"
    __prefix__ = "brd"

    name: Mapped[str] = mapped_column(String(120))
    legal_name: Mapped[str] = mapped_column(String(200))
    address: Mapped[str] = mapped_column(String(400))
    website: Mapped[str] = mapped_column(String(300), default="")
    phone: Mapped[str] = mapped_column(String(60), default="")
    email: Mapped[str] = mapped_column(String(320), default="")
    primary_colour: Mapped[str] = mapped_column(String(7), default="#1f4e79")
    disclaimer: Mapped[str] = mapped_column(Text, default="")
    sender_name: Mapped[str] = mapped_column(String(120))
    sender_email: Mapped[str] = mapped_column(String(320))
    logo_key: Mapped[str | None] = mapped_column(String(300))  # PNG in the object store, normalised
    logo_width: Mapped[int | None]
    logo_height: Mapped[int | None]
    is_default: Mapped[bool] = mapped_column(default=True)
    updated_at: Mapped[datetime | None]
