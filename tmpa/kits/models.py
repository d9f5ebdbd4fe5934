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

    Files lie in the object store under `kits/<content_hash>/`. `findings` are those of the publishing check;
    `left_reason` says why the version was withdrawn or expired.
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
    left_reason: Mapped[str] = mapped_column(Text, default="")
    kit: Mapped[Kit] = relationship(back_populates="versions")


class KitDraft(VendorOwned, Base):
    """A kit being worked on in the portal, before it is published. One per kit name.

    The files lie in the object store as one zip under `object_key`. `revision` counts saves: who saves names the one
    it was made from, so that two people can't overwrite each other. `findings` belong to `checked_hash`.
    """

    partner_reads = False
    __tablename__ = "kit_drafts"
    __prefix__ = "kdr"
    __table_args__ = (UniqueConstraint("vendor_id", "name"),)

    name: Mapped[str] = mapped_column(String(60))
    title: Mapped[str] = mapped_column(String(200))
    base_version_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("kit_versions.id"))
    object_key: Mapped[str] = mapped_column(String(300))
    content_hash: Mapped[str] = mapped_column(String(64))
    revision: Mapped[int] = mapped_column(default=1)
    checked_hash: Mapped[str] = mapped_column(String(64), default="")
    findings: Mapped[list[Any]] = mapped_column(default=list)
    notes: Mapped[str] = mapped_column(Text, default="")
    updated_by: Mapped[uuid.UUID | None]
    updated_at: Mapped[datetime | None]

    @property
    def is_checked(self) -> bool:
        """Whether `findings` are those of the files that the draft has now."""
        return self.checked_hash == self.content_hash


class Translation(VendorOwned, Base):
    """The vendor's translation memory: how one source text was put into one locale, in any kit and version.

    `source_key` is the SHA-256 (hex) of the source text; `forms` are the plural forms (one where there are none).
    Machine suggestions have `origin` "machine" and never enter a catalogue before a person has reviewed them.
    """

    partner_reads = False
    __tablename__ = "translations"
    __prefix__ = "trl"
    __table_args__ = (
        UniqueConstraint("vendor_id", "source_locale", "locale", "source_key"),
        CheckConstraint("origin IN ('kit','person','import','machine')", name="origin"),
    )

    source_locale: Mapped[str] = mapped_column(String(16))
    locale: Mapped[str] = mapped_column(String(16))
    source_key: Mapped[str] = mapped_column(String(64))
    source: Mapped[str] = mapped_column(Text)
    forms: Mapped[list[str]]
    origin: Mapped[str] = mapped_column(String(8))
    kit_name: Mapped[str] = mapped_column(String(60), default="")
    reviewed_by: Mapped[uuid.UUID | None]
    updated_at: Mapped[datetime | None]
