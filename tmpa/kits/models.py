"""Kits and their immutable versions."""

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from tmpa.kernel.base import Base
from tmpa.kernel.scope import VendorOwned


class Kit(VendorOwned, Base):
    """A vendor's kit by its stable name; its versions hold the content."""

    __tablename__ = "kits"
    __prefix__ = "kit"
    __table_args__ = (UniqueConstraint("vendor_id", "name"),)

    name: Mapped[str] = mapped_column(String(60))
    title: Mapped[str] = mapped_column(String(200))
    versions: Mapped[list["KitVersion"]] = relationship(
        back_populates="kit", order_by="KitVersion.created_at.desc()"
    )


class KitVersion(VendorOwned, Base):
    """One published state of a kit. Content never changes (the database refuses it); only `state` does.

    Files lie in the object store under `kits/<content_hash>/`. `findings` are those of the publishing check.
    """

    __tablename__ = "kit_versions"
    __prefix__ = "kvr"
    __table_args__ = (
        UniqueConstraint("kit_id", "version"),
        UniqueConstraint("kit_id", "content_hash"),
        CheckConstraint("state IN ('published','expired','withdrawn')", name="state"),
    )

    kit_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("kits.id"), index=True)
    version: Mapped[str] = mapped_column(String(40))
    content_hash: Mapped[str] = mapped_column(String(64), index=True)
    manifest: Mapped[dict[str, Any]]
    findings: Mapped[list[Any]]
    notes: Mapped[str] = mapped_column(Text, default="")
    valid_from: Mapped[date | None]
    valid_until: Mapped[date | None]
    state: Mapped[str] = mapped_column(String(12), default="published")
    published_by: Mapped[uuid.UUID | None]
    withdrawn_at: Mapped[datetime | None]
    kit: Mapped[Kit] = relationship(back_populates="versions")
