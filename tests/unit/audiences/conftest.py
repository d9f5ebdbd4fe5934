"""A partner that imports contacts."""

from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import select

from tests.factories.accounts import Member, member, organization, partnership
from tmpa.app import open_services
from tmpa.audiences import imports
from tmpa.audiences.models import Contact, ContactImport, ContactList
from tmpa.db import Database
from tmpa.kernel.http import Services
from tmpa.kernel.permissions import Role
from tmpa.kernel.scope import Scope, load
from tmpa.settings import Settings


@dataclass
class Desk:
    """A partner's marketer at work."""

    services: Services
    who: Member
    vendor_id: Any

    def upload(self, data: bytes, name: str = "list.csv", into: Any = None) -> Any:
        """Start an import, as the page does; its id."""
        with self.services.database.unit_of_work(self.who.scope) as session:
            target = load(session, ContactList, into) if into else imports.new_list(session, name)
            return imports.import_file(
                session, self.services.store, target, name, data, "opt_in", "CRM export"
            ).id

    def run(self, import_id: Any) -> ContactImport:
        """Run the job; the import as it is then."""
        imports.run_import(self.services, str(import_id))
        return self.one(ContactImport, import_id)

    def take(self, data: bytes, name: str = "list.csv", into: Any = None) -> ContactImport:
        """Upload and import."""
        return self.run(self.upload(data, name, into))

    def one(self, model: Any, key: Any) -> Any:
        """A row of the partner's."""
        with self.services.database.unit_of_work(self.who.scope, write=False) as session:
            return load(session, model, key)

    def all(self, model: Any) -> list[Any]:
        """Every row of a class."""
        with self.services.database.unit_of_work(Scope.system(), write=False) as session:
            return list(session.scalars(select(model).order_by(model.created_at, model.id)))

    def person(self, key: str) -> Contact:
        """The partner's contact of an address."""
        return next(each for each in self.all(Contact) if each.email_key == key)


@pytest.fixture
def desk(settings: Settings, database: Database) -> Desk:
    services = open_services(settings)
    services.database.dispose()
    services = Services(settings, database, services.store, services.signer)
    vendor = organization(database, "vendor", "Vendor")
    partner = organization(database, "partner", "Partner")
    partnership(database, vendor, partner)
    who = member(database, settings, partner, Role.PARTNER_MARKETER, "paula@partner.example", (vendor,))
    return Desk(services, who, vendor)
