"""Funds, requests, claims and the double-entry ledger. All amounts are integer minor units."""

import uuid
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    Numeric,
    String,
    Text,
    UniqueConstraint,
    false,
    select,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from tmpa.campaigns.models import Campaign
from tmpa.kernel.base import Base
from tmpa.kernel.scope import PartnerOwned, Scope, Scoped, VendorOwned


class Fund(VendorOwned, Base):
    """A vendor's money for a period, in one currency. Its balances are derived from the ledger, never stored.

    `reimbursement_percent` is the share of accepted costs paid back; `rules` holds caps and proof rules as data.
    """

    __tablename__ = "funds"
    __prefix__ = "fnd"
    __table_args__ = (
        CheckConstraint("reimbursement_percent BETWEEN 1 AND 100", name="percent"),
        CheckConstraint("use_from <= use_until AND use_until <= claim_until", name="period"),
    )

    name: Mapped[str] = mapped_column(String(200))
    currency: Mapped[str] = mapped_column(String(3))
    use_from: Mapped[date]
    use_until: Mapped[date]
    claim_until: Mapped[date]
    reimbursement_percent: Mapped[int] = mapped_column(default=50)
    minimum_claim_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    rules: Mapped[dict[str, Any]]


class FundRequest(PartnerOwned, Base):
    """A partner's plan for money before the activity: submitted → approved / declined / returned → closed."""

    __tablename__ = "fund_requests"
    __prefix__ = "req"
    __table_args__ = (
        CheckConstraint(
            "state IN ('draft','submitted','approved','declined','returned','closed')", name="state"
        ),
        CheckConstraint("amount_minor > 0", name="amount"),
    )

    fund_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("funds.id"), index=True)
    campaign_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("campaigns.id"), index=True)
    title: Mapped[str] = mapped_column(String(200))
    activity_type: Mapped[str] = mapped_column(String(40))
    purpose: Mapped[str] = mapped_column(Text, default="")
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    approved_minor: Mapped[int | None] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    state: Mapped[str] = mapped_column(String(12), default="draft")
    submitted_by: Mapped[uuid.UUID | None]
    submitted_at: Mapped[datetime | None]
    decided_by: Mapped[uuid.UUID | None]
    decided_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(Text, default="")
    fund: Mapped[Fund] = relationship()
    campaign: Mapped[Campaign | None] = relationship()


class Claim(PartnerOwned, Base):
    """A partner's costs with proof against an approved request. `dossier_key` is the zip that the platform
    assembled, `dossier_digest` its SHA-256, `evidence` the figures that it proves and how its verifying ended."""

    __tablename__ = "claims"
    __prefix__ = "clm"
    __table_args__ = (
        CheckConstraint(
            "state IN ('draft','submitted','returned','approved','partly_approved','declined','paid')",
            name="state",
        ),
    )

    request_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("fund_requests.id"), index=True)
    campaign_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("campaigns.id"))
    currency: Mapped[str] = mapped_column(String(3))
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    approved_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    state: Mapped[str] = mapped_column(String(16), default="draft")
    attestation: Mapped[str] = mapped_column(Text, default="")
    dossier_key: Mapped[str | None] = mapped_column(String(300))
    dossier_digest: Mapped[str | None] = mapped_column(String(64))
    evidence: Mapped[dict[str, Any]] = mapped_column(default=dict)
    submitted_by: Mapped[uuid.UUID | None]
    submitted_at: Mapped[datetime | None]
    decided_by: Mapped[uuid.UUID | None]
    decided_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(Text, default="")
    paid_by: Mapped[uuid.UUID | None]
    paid_at: Mapped[datetime | None]
    payment_reference: Mapped[str] = mapped_column(String(120), default="")
    request: Mapped[FundRequest] = relationship()
    campaign: Mapped[Campaign | None] = relationship()
    lines: Mapped[list["ClaimLine"]] = relationship(back_populates="claim", order_by="ClaimLine.created_at")


class ClaimLine(PartnerOwned, Base):
    """One cost with its invoice. A foreign line keeps its own amounts and the rate, its date and source;
    `claimed_minor` is what is asked of the fund, in the fund's currency."""

    __tablename__ = "claim_lines"
    __prefix__ = "cln"
    __table_args__ = (
        CheckConstraint("state IN ('open','accepted','changed','declined','returned')", name="state"),
        CheckConstraint("gross_minor = net_minor + tax_minor", name="gross"),
        CheckConstraint("approved_minor >= 0 AND approved_minor <= claimed_minor", name="approved"),
        Index("ix_claim_lines_invoice", "issuer_key", "invoice_number"),
    )

    claim_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("claims.id"), index=True)
    description: Mapped[str] = mapped_column(String(300))
    issuer: Mapped[str] = mapped_column(String(200))
    issuer_key: Mapped[str] = mapped_column(String(200))
    invoice_number: Mapped[str] = mapped_column(String(80))
    invoice_date: Mapped[date]
    tax_id: Mapped[str] = mapped_column(String(40), default="")
    currency: Mapped[str] = mapped_column(String(3))
    net_minor: Mapped[int] = mapped_column(BigInteger)
    tax_minor: Mapped[int] = mapped_column(BigInteger)
    gross_minor: Mapped[int] = mapped_column(BigInteger)
    rate: Mapped[Decimal | None] = mapped_column(Numeric(18, 8))
    rate_date: Mapped[date | None]
    rate_source: Mapped[str] = mapped_column(String(120), default="")
    claimed_minor: Mapped[int] = mapped_column(BigInteger)
    approved_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    document_key: Mapped[str | None] = mapped_column(String(300))
    document_name: Mapped[str] = mapped_column(String(200), default="")
    document_digest: Mapped[str] = mapped_column(String(64), default="")
    state: Mapped[str] = mapped_column(String(12), default="open")
    reason: Mapped[str] = mapped_column(Text, default="")
    claim: Mapped[Claim] = relationship(back_populates="lines")


ACCOUNTS = ("source", "available", "approved", "pending", "paid")


class LedgerEntry(Scoped, Base):
    """One balanced movement of a fund's money, only ever added. `cause` is unique, so that a repeated action
    moves nothing twice."""

    __tablename__ = "ledger_entries"
    __prefix__ = "len"

    vendor_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organizations.id"), index=True)
    partner_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("organizations.id"))
    fund_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("funds.id"), index=True)
    kind: Mapped[str] = mapped_column(String(40))
    cause: Mapped[str] = mapped_column(String(120), unique=True)
    reason: Mapped[str] = mapped_column(Text, default="")
    user_id: Mapped[uuid.UUID | None]
    lines: Mapped[list["LedgerLine"]] = relationship(back_populates="entry")

    @classmethod
    def readable(cls, scope: Scope) -> ColumnElement[bool]:
        if scope.side == "vendor":
            return cls.vendor_id == scope.organization_id
        return cls.partner_id == scope.organization_id if scope.side == "partner" else false()

    def admits(self, scope: Scope) -> bool:
        if scope.side == "vendor":
            return self.vendor_id == scope.organization_id
        return (
            scope.side == "partner"
            and self.partner_id == scope.organization_id
            and self.vendor_id in scope.vendor_ids
        )


class LedgerLine(Scoped, Base):
    """One side of a movement: what `account` of the fund gained (or lost, negative). Seen by whom sees its entry."""

    __tablename__ = "ledger_lines"
    __prefix__ = "lli"
    __table_args__ = (
        CheckConstraint("account IN ('source','available','approved','pending','paid')", name="account"),
        UniqueConstraint("entry_id", "account"),
    )

    entry_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("ledger_entries.id"), index=True)
    account: Mapped[str] = mapped_column(String(12))
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    entry: Mapped[LedgerEntry] = relationship(back_populates="lines")

    @classmethod
    def readable(cls, scope: Scope) -> ColumnElement[bool]:
        return cls.entry_id.in_(select(LedgerEntry.id).where(LedgerEntry.readable(scope)))

    def admits(self, scope: Scope) -> bool:
        return self.entry is not None and self.entry.admits(scope)
