"""Engagement events with their verdicts, rollups, spool offsets, and the evidence log."""

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from tmpa.kernel.base import Base
from tmpa.kernel.scope import OperatorOwned, PartnerOwned, PartnerPrivateInProgramme, VendorOwned

KINDS = ("delivered", "bounced", "complained", "opened", "clicked", "visited", "submitted", "unsubscribed")
VERDICTS = ("human", "machine", "unknown")


class EngagementEvent(PartnerPrivateInProgramme, Base):
    """Something that happened to a mail or page. `id` is made at the intake: the same event is stored once.

    `signs` are facts that the intake noticed, separated by spaces: "active" (page used), "trap" (honeypot filled),
    "fast" (form sent sooner than a person could), "spread" (its network touched many recipients within seconds),
    "flood" (far too many for a person).
    `rule` and `rule_version` say what decided the verdict; `leaf_index` is its place in the evidence log once
    settled. `network` is the address cut to /24 or /48.
    """

    __tablename__ = "engagement_events"
    __prefix__ = "evt"
    __table_args__ = (
        CheckConstraint("verdict IN ('human','machine','unknown')", name="verdict"),
        Index("ix_engagement_events_campaign", "campaign_id", "occurred_at"),
        Index("ix_engagement_events_recipient", "recipient_id", "occurred_at"),
        Index("ix_engagement_events_unsettled", "leaf_index", "occurred_at"),
    )

    vendor_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organizations.id"), primary_key=True)
    campaign_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("campaigns.id"))
    step_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("campaign_steps.id"))
    recipient_id: Mapped[uuid.UUID | None]
    contact_id: Mapped[uuid.UUID | None]
    locale: Mapped[str] = mapped_column(String(16), default="")
    kind: Mapped[str] = mapped_column(String(12))
    occurred_at: Mapped[datetime]
    link: Mapped[int | None]
    method: Mapped[str] = mapped_column(String(8), default="")
    agent: Mapped[str] = mapped_column(String(200), default="")
    network: Mapped[str] = mapped_column(String(48), default="")
    signs: Mapped[str] = mapped_column(String(40), default="")
    verdict: Mapped[str] = mapped_column(String(8))
    rule: Mapped[str] = mapped_column(String(40))
    rule_version: Mapped[int]
    leaf_index: Mapped[int | None]


class DailyRollup(PartnerOwned, Base):
    """Events of a campaign's step on one day by kind and verdict, in one locale. `step_id` of page visits is null
    in events, so the step's name (or "") is the key here."""

    __tablename__ = "daily_rollups"
    __prefix__ = "rol"
    __table_args__ = (UniqueConstraint("campaign_id", "step", "locale", "kind", "verdict", "day"),)

    campaign_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("campaigns.id"))
    step: Mapped[str] = mapped_column(String(60))
    locale: Mapped[str] = mapped_column(String(16))
    kind: Mapped[str] = mapped_column(String(12))
    verdict: Mapped[str] = mapped_column(String(8))
    day: Mapped[date]
    count: Mapped[int]


class FirstSeen(PartnerPrivateInProgramme, Base):
    """The first event of a kind and verdict by a contact in a campaign: what unique people are counted from."""

    __tablename__ = "first_seen"
    __prefix__ = "fst"
    __table_args__ = (UniqueConstraint("campaign_id", "contact_id", "kind", "verdict"),)

    campaign_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("campaigns.id"))
    contact_id: Mapped[uuid.UUID]
    kind: Mapped[str] = mapped_column(String(12))
    verdict: Mapped[str] = mapped_column(String(8))
    occurred_at: Mapped[datetime]


class SpoolOffset(OperatorOwned, Base):
    """How far one spool file has been stored; moves in the transaction that stores the events."""

    __tablename__ = "spool_offsets"
    __prefix__ = "spo"

    name: Mapped[str] = mapped_column(String(200), unique=True)
    offset: Mapped[int]


class EvidenceKey(VendorOwned, Base):
    """A vendor's Ed25519 key for checkpoints; the private part encrypted with a key derived from the secrets."""

    __tablename__ = "evidence_keys"
    __prefix__ = "evk"
    partner_reads = False

    name: Mapped[str] = mapped_column(String(200))
    public_key: Mapped[bytes] = mapped_column(LargeBinary(32))
    private_key: Mapped[bytes] = mapped_column(LargeBinary(200))
    retired_at: Mapped[datetime | None]


class EvidenceLeaf(VendorOwned, Base):
    """One fact in a vendor's log: canonical JSON (RFC 8785). Rows are only added (the database refuses the rest)."""

    __tablename__ = "evidence_leaves"
    __prefix__ = "lef"
    __table_args__ = (
        UniqueConstraint("vendor_id", "position"),
        Index("ix_evidence_leaves_campaign", "campaign_id"),
    )
    partner_reads = False

    position: Mapped[int]
    campaign_id: Mapped[uuid.UUID | None]
    kind: Mapped[str] = mapped_column(String(20))
    body: Mapped[str] = mapped_column(Text)
    leaf_hash: Mapped[bytes] = mapped_column(LargeBinary(32))


class EvidenceCheckpoint(VendorOwned, Base):
    """A signed note (C2SP tlog-checkpoint) over the first `size` leaves.

    `frontier` holds the hashes of the perfect subtrees of that size, left to right, 32 bytes each: what the next
    checkpoint needs to go on without reading the whole log.
    """

    __tablename__ = "evidence_checkpoints"
    __prefix__ = "chk"
    __table_args__ = (UniqueConstraint("vendor_id", "size"),)
    partner_reads = False

    size: Mapped[int]
    root: Mapped[bytes] = mapped_column(LargeBinary(32))
    frontier: Mapped[bytes] = mapped_column(LargeBinary, default=b"")
    note: Mapped[str] = mapped_column(Text)
