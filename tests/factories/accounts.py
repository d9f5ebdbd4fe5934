"""Organizations with people in them."""

import uuid
from dataclasses import dataclass

from tmpa.accounts import service
from tmpa.accounts.models import Organization, User
from tmpa.db import Database
from tmpa.kernel.clock import utcnow
from tmpa.kernel.permissions import Role
from tmpa.kernel.scope import Scope
from tmpa.partners.models import Partnership
from tmpa.settings import Settings

PASSWORD = "correct horse battery"


@dataclass(frozen=True)
class Member:
    """A person with a role in an organization, and the scope of both."""

    user_id: uuid.UUID
    email: str
    organization_id: uuid.UUID
    scope: Scope


def organization(database: Database, kind: str, name: str) -> uuid.UUID:
    """A new organization's id."""
    with database.unit_of_work(Scope.system()) as session:
        made: Organization = service.create_organization(session, kind, name, "DE")
        return made.id


def partnership(
    database: Database, vendor_id: uuid.UUID, partner_id: uuid.UUID, status: str = "active"
) -> uuid.UUID:
    """Take a partner into a vendor's programme."""
    with database.unit_of_work(Scope.system()) as session:
        row = Partnership(vendor_id=vendor_id, partner_id=partner_id, status=status, joined_at=utcnow())
        session.add(row)
        session.flush()
        return row.id


def member(
    database: Database,
    settings: Settings,
    organization_id: uuid.UUID,
    role: Role,
    email: str,
    vendor_ids: tuple[uuid.UUID, ...] = (),
) -> Member:
    """A person who can sign in with PASSWORD; `vendor_ids` are the programmes of a partner's person."""
    with database.unit_of_work(Scope.system()) as session:
        where = session.get_one(Organization, organization_id)
        user: User = service.user_by_email(session, email) or service.create_user(
            session, settings, email, email.partition("@")[0].title(), PASSWORD
        )
        service.add_member(session, user, where, role)
        side = {"vendor": "vendor", "operator": "operator"}.get(where.kind, "partner")
        scope = Scope(side, organization_id, user.id, vendor_ids, frozenset({str(role)}))  # type: ignore[arg-type]
        return Member(user.id, email, organization_id, scope)
