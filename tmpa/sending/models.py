"""The recipient ledger: what happened to each mail and why."""

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from tmpa.kernel.base import Base
from tmpa.kernel.scope import PartnerPrivateInProgramme

STATES = (
    "planned",  # will be sent
    "leased",  # a worker holds it
    "in_flight",  # a worker is handing it over: at a crash it becomes uncertain
    "handed_over",  # the transport took it
    "deferred",  # refused for now (4xx), tried again later
    "bounced",
    "complained",
    "uncertain",  # the worker died while handing over: shown, never resent silently
    "skipped",  # for a named reason
)
SKIP_REASONS = ("suppressed", "no_consent", "invalid", "condition", "cancelled")


class Recipient(PartnerPrivateInProgramme, Base):
    """One contact in one step of one campaign. At most one row for a contact and step, whatever happens.

    `message_id` is the Message-ID without brackets; `reply` the transport's last answer.
    """

    __tablename__ = "recipients"
    __prefix__ = "rcp"
    __table_args__ = (
        UniqueConstraint("vendor_id", "step_id", "contact_id"),
        Index("ix_recipients_work", "step_id", "state", "lease_until"),
        Index("ix_recipients_campaign", "campaign_id", "state"),
        CheckConstraint(
            "state IN ('planned','leased','in_flight','handed_over','deferred','bounced','complained',"
            "'uncertain','skipped')",
            name="state",
        ),
    )

    vendor_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organizations.id"), primary_key=True)
    campaign_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("campaigns.id"))
    step_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("campaign_steps.id"))
    contact_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("contacts.id"), index=True)
    email: Mapped[str] = mapped_column(String(320))
    locale: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(12))
    reason: Mapped[str] = mapped_column(String(40), default="")
    attempt: Mapped[int] = mapped_column(default=0)
    lease: Mapped[uuid.UUID | None]
    lease_until: Mapped[datetime | None]
    not_before: Mapped[datetime | None]
    message_id: Mapped[str | None] = mapped_column(String(200))
    reply: Mapped[str] = mapped_column(Text, default="")
    handed_over_at: Mapped[datetime | None]
