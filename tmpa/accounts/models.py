"""Organizations, people, memberships, sign-ins, invitations."""

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ColumnElement, ForeignKey, String, UniqueConstraint, false, select
from sqlalchemy import column as sql_column
from sqlalchemy import table as sql_table
from sqlalchemy.orm import Mapped, mapped_column, object_session, relationship

from tmpa.kernel.base import Base
from tmpa.kernel.permissions import Role
from tmpa.kernel.scope import OperatorOwned, Scope, Scoped

# the partners room is above this one; only the two columns that tell who is visible to whom are named here
_partnerships = sql_table("partnerships", sql_column("vendor_id"), sql_column("partner_id"))


class Organization(Scoped, Base):
    """A vendor, partner, distributor, or the installation's operator. Sees itself and those it does business with."""

    __tablename__ = "organizations"
    __prefix__ = "org"
    __table_args__ = (CheckConstraint("kind IN ('vendor','partner','distributor','operator')", name="kind"),)

    kind: Mapped[str] = mapped_column(String(12))
    name: Mapped[str] = mapped_column(String(200))
    country: Mapped[str] = mapped_column(String(2), default="")
    locale: Mapped[str] = mapped_column(String(16), default="en")

    @classmethod
    def readable(cls, scope: Scope) -> ColumnElement[bool]:
        own = cls.id == scope.organization_id
        if scope.side == "vendor":
            partners = select(_partnerships.c.partner_id).where(
                _partnerships.c.vendor_id == scope.organization_id
            )
            return own | cls.id.in_(partners)
        if scope.side == "partner":
            return own | cls.id.in_(scope.vendor_ids)
        return own

    @classmethod
    def writable(cls, scope: Scope) -> ColumnElement[bool]:
        return cls.id == scope.organization_id

    def admits(self, scope: Scope) -> bool:
        return self.id == scope.organization_id


class User(Scoped, Base):
    """A person; may belong to several organizations. `email_key` is the address folded for comparison."""

    __tablename__ = "users"
    __prefix__ = "usr"

    email: Mapped[str] = mapped_column(String(320))
    email_key: Mapped[str] = mapped_column(String(320), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    password_hash: Mapped[str | None] = mapped_column(String(200))
    locale: Mapped[str] = mapped_column(String(16), default="en")
    time_zone: Mapped[str] = mapped_column(String(64), default="UTC")
    theme: Mapped[str] = mapped_column(String(8), default="auto")
    last_organization_id: Mapped[uuid.UUID | None]
    memberships: Mapped[list["Membership"]] = relationship(back_populates="user")

    @classmethod
    def readable(cls, scope: Scope) -> ColumnElement[bool]:
        if scope.organization_id is None:
            return false()
        colleagues = select(Membership.user_id).where(Membership.organization_id == scope.organization_id)
        return (cls.id == scope.user_id) | cls.id.in_(colleagues)

    @classmethod
    def writable(cls, scope: Scope) -> ColumnElement[bool]:
        return cls.id == scope.user_id

    def admits(self, scope: Scope) -> bool:
        return self.id == scope.user_id


class Membership(Scoped, Base):
    """One role of one person in one organization. `approval_limit_minor` bounds what an MDF approver decides
    alone, in the fund's currency; empty means no limit."""

    __tablename__ = "memberships"
    __prefix__ = "mbr"
    __table_args__ = (UniqueConstraint("user_id", "organization_id", "role"),)

    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"), index=True)
    organization_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organizations.id"), index=True)
    role: Mapped[str] = mapped_column(String(32))
    approval_limit_minor: Mapped[int | None]
    user: Mapped[User] = relationship(back_populates="memberships")
    organization: Mapped[Organization] = relationship()

    @classmethod
    def readable(cls, scope: Scope) -> ColumnElement[bool]:
        return cls.organization_id == scope.organization_id

    def admits(self, scope: Scope) -> bool:
        return self.organization_id == scope.organization_id


class SignIn(Scoped, Base):
    """One signed-in browser. Only a digest of its secret is kept; revoked by deleting the row."""

    __tablename__ = "sign_ins"
    __prefix__ = "sgn"

    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"), index=True)
    organization_id: Mapped[uuid.UUID | None]
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    last_used_at: Mapped[datetime]
    expires_at: Mapped[datetime]

    @classmethod
    def readable(cls, scope: Scope) -> ColumnElement[bool]:
        return cls.user_id == scope.user_id

    def admits(self, scope: Scope) -> bool:
        return self.user_id == scope.user_id


class Invitation(Scoped, Base):
    """An address invited to an organization in a role. The link is a signed token naming this row."""

    __tablename__ = "invitations"
    __prefix__ = "inv"

    organization_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organizations.id"), index=True)
    invited_by: Mapped[uuid.UUID | None]
    email: Mapped[str] = mapped_column(String(320))
    role: Mapped[str] = mapped_column(String(32))
    locale: Mapped[str] = mapped_column(String(16), default="en")
    accepted_at: Mapped[datetime | None]
    expires_at: Mapped[datetime]

    @classmethod
    def readable(cls, scope: Scope) -> ColumnElement[bool]:
        return cls.organization_id == scope.organization_id

    def admits(self, scope: Scope) -> bool:
        return self.organization_id == scope.organization_id or self._first_of_partner(scope)

    def _first_of_partner(self, scope: Scope) -> bool:
        # a vendor invites the first person of a partner that it took into its programme, and nobody else elsewhere
        session = object_session(self)
        if scope.side != "vendor" or self.role != Role.PARTNER_ADMIN or session is None:
            return False
        place = select(_partnerships.c.vendor_id).where(
            _partnerships.c.vendor_id == scope.organization_id,
            _partnerships.c.partner_id == self.organization_id,
        )
        return session.execute(place).first() is not None


class OutgoingMail(OperatorOwned, Base):
    """A mail of the platform itself (invitation, reset, notice), sent by an urgent job."""

    __tablename__ = "outgoing_mails"
    __prefix__ = "oml"

    to_address: Mapped[str] = mapped_column(String(320))
    subject: Mapped[str] = mapped_column(String(300))
    text: Mapped[str]
    html: Mapped[str]
    sent_at: Mapped[datetime | None]
