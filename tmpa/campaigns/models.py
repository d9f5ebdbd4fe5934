"""Campaigns, their steps and their rendered pieces."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from tmpa.kernel.base import Base
from tmpa.kernel.scope import PartnerOwned
from tmpa.kits.models import KitVersion
from tmpa.partners.models import BrandProfile

STATES = ("draft", "scheduled", "launching", "running", "paused", "done", "cancelled")


class Campaign(PartnerOwned, Base):
    """A partner's use of one kit version. `slots` maps locale (or "*", every locale) to slot name to value.

    A draft keeps what was typed even where it can't be used; `slot_errors` then says why, as locale → slot → sentence.
    `launch_zone` is the IANA time zone in which `launch_at` was chosen. `before_move` is what a campaign
    had on the kit versions that it left: {"last": version, "kept": {version: {slots, locales}}}.
    """

    __tablename__ = "campaigns"
    __prefix__ = "cmp"
    __table_args__ = (
        CheckConstraint(
            "state IN ('draft','scheduled','launching','running','paused','done','cancelled')", name="state"
        ),
    )

    kit_version_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("kit_versions.id"), index=True)
    brand_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("brand_profiles.id"))
    name: Mapped[str] = mapped_column(String(200))
    slug: Mapped[str] = mapped_column(String(80), unique=True)  # the address of its pages
    state: Mapped[str] = mapped_column(String(12), default="draft")
    slots: Mapped[dict[str, Any]]
    locales: Mapped[list[str]]
    slot_errors: Mapped[dict[str, Any]] = mapped_column(default=dict)
    before_move: Mapped[dict[str, Any]] = mapped_column(default=dict)
    launch_problem: Mapped[str] = mapped_column(
        Text, default=""
    )  # why the last launch gave up (empty once saved), or why the vendor stopped it
    launch_at: Mapped[datetime | None]
    launch_zone: Mapped[str] = mapped_column(String(64), default="")
    launched_at: Mapped[datetime | None]
    launched_by: Mapped[uuid.UUID | None]
    finished_at: Mapped[datetime | None]
    saved_at: Mapped[datetime | None]

    kit_version: Mapped[KitVersion] = relationship()
    brand: Mapped[BrandProfile | None] = relationship()
    steps: Mapped[list["CampaignStep"]] = relationship(
        back_populates="campaign", order_by="CampaignStep.position"
    )


class CampaignStep(PartnerOwned, Base):
    """One mail of a campaign's journey. `day` counts from the launch; `only` names a condition or is empty."""

    __tablename__ = "campaign_steps"
    __prefix__ = "stp"
    __table_args__ = (
        UniqueConstraint("campaign_id", "name"),
        CheckConstraint("state IN ('planned','sending','done','paused','cancelled')", name="state"),
    )

    campaign_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("campaigns.id"), index=True)
    name: Mapped[str] = mapped_column(String(60))
    piece: Mapped[str] = mapped_column(String(60))
    position: Mapped[int]
    day: Mapped[int]
    only: Mapped[str] = mapped_column(String(40), default="")
    state: Mapped[str] = mapped_column(String(12), default="planned")
    due_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    campaign: Mapped[Campaign] = relationship(back_populates="steps")


class CampaignPiece(PartnerOwned, Base):
    """A finished piece of a launched campaign in one locale, kept in the object store by content hash."""

    __tablename__ = "campaign_pieces"
    __prefix__ = "pce"
    __table_args__ = (UniqueConstraint("campaign_id", "piece", "locale"),)

    campaign_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("campaigns.id"), index=True)
    piece: Mapped[str] = mapped_column(String(60))
    kind: Mapped[str] = mapped_column(String(12))
    locale: Mapped[str] = mapped_column(String(16))
    object_key: Mapped[str] = mapped_column(String(300))
    content_hash: Mapped[str] = mapped_column(String(64))
    locked_digest: Mapped[str] = mapped_column(String(64), default="")
