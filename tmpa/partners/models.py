"""Partnerships and brand profiles."""

from datetime import datetime
from typing import Any

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
    certifications: Mapped[list[str]] = mapped_column(default=list)
    joined_at: Mapped[datetime | None]

    partner: Mapped[Organization] = relationship(foreign_keys="Partnership.partner_id")
    vendor: Mapped[Organization] = relationship(foreign_keys="Partnership.vendor_id")


class BrandProfile(PartnerPrivate, Base):
    """A partner's look and legal identity: what goes into every piece. Several per partner, one the default.

    `country` is ISO 3166; `registration` holds what its law wants printed (register, tax number …) by field name.
    `logos` maps a form ("wide", "square", "tall") and ground ("light", "dark") joined by "-" to {key, width, height};
    `logo_key` and its sizes are the one for light ground that pieces use when they ask for none.
    """

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
    logos: Mapped[dict[str, Any]] = mapped_column(default=dict)
    country: Mapped[str] = mapped_column(String(2), default="")
    registration: Mapped[dict[str, Any]] = mapped_column(default=dict)
    is_default: Mapped[bool] = mapped_column(default=True)
    updated_at: Mapped[datetime | None]


class Picture(PartnerPrivate, Base):
    """A picture that the partner uploaded for its pieces: PNG or JPEG, re-encoded, without metadata.

    The original lies under `object_key`; crops for slots lie beside it under names made from their geometry.
    """

    __tablename__ = "pictures"
    __prefix__ = "pic"
    __table_args__ = (UniqueConstraint("partner_id", "content_hash"),)

    name: Mapped[str] = mapped_column(String(200))
    object_key: Mapped[str] = mapped_column(String(300))
    content_hash: Mapped[str] = mapped_column(String(64))
    width: Mapped[int]
    height: Mapped[int]
