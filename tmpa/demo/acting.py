"""Doing things as somebody: units of work in the scope that this person has when signed in."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from tmpa.accounts import service as accounts
from tmpa.accounts import sign_ins
from tmpa.accounts.models import Organization, SignIn
from tmpa.kernel.errors import Refused
from tmpa.kernel.http import Services
from tmpa.kernel.scope import Scope
from tmpa.partners import service as partners


@dataclass(frozen=True)
class Actor:
    """A person acting for an organization (by name)."""

    services: Services
    email: str
    organization: str

    def scope(self) -> Scope:
        """The scope of this moment: programmes joined since count."""
        with self.services.database.unit_of_work(Scope.system(), write=False) as session:
            user = accounts.user_by_email(session, self.email)
            organization = session.scalars(
                select(Organization).where(Organization.name == self.organization)
            ).first()
            if user is None or organization is None:
                raise Refused(f"{self.email} of {self.organization} is not there yet.")
            return sign_ins.scope_of(
                session,
                SignIn(user_id=user.id, organization_id=organization.id),
                sign_ins.memberships(session, user.id),
                partners.programmes_of,
            )

    @contextmanager
    def at_work(self) -> Iterator[Session]:
        """One unit of work of this person."""
        with self.services.database.unit_of_work(self.scope()) as session:
            yield session
