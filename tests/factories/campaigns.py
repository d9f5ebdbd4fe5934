"""A vendor with the shipped kits, a partner with a brand and contacts: what the campaign pages work on."""

import uuid
from dataclasses import dataclass
from pathlib import Path

from tests.factories.accounts import Member, member, organization, partnership
from tmpa.audiences import imports
from tmpa.audiences.models import Contact, ContactList, ListMember
from tmpa.campaigns import service
from tmpa.campaigns.models import Campaign
from tmpa.kernel.clock import utcnow
from tmpa.kernel.http import Services
from tmpa.kernel.ids import public
from tmpa.kernel.models import Job
from tmpa.kernel.permissions import Role
from tmpa.kernel.scope import Scope
from tmpa.kits.models import KitVersion
from tmpa.kits.service import publish
from tmpa.kits.source import read_folder
from tmpa.partners.brands import save_brand
from workers.jobs import REGISTRY

KIT = Path(__file__).resolve().parents[2] / "campaigns" / "calm-backup"
BRAND = {
    "name": "Nordlicht IT",
    "legal_name": "Nordlicht IT-Systemhaus GmbH",
    "address": "Hafenstraße 7\n24103 Kiel\nGermany",
    "website": "https://nordlicht-it.example",
    "phone": "+49 431 555 0100",
    "email": "hello@nordlicht-it.example",
    "primary_colour": "#1d4f91",
    "sender_name": "Nordlicht IT",
    "sender_email": "hello@nordlicht-it.example",
}
LOGO = (
    b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 300 80"><circle cx="40" cy="40" r="30" fill="#1d4f91"/>'
    b'<rect x="90" y="28" width="190" height="24" rx="4" fill="#1d1c19"/></svg>'
)


@dataclass(frozen=True)
class Stage:
    """A vendor's kit and two partners; the first has a brand, and a list of three of whom two may be mailed."""

    services: Services
    vendor: Member
    partner: Member
    rival: Member
    version_id: uuid.UUID
    list_id: uuid.UUID

    def campaign(self, who: Member | None = None) -> str:
        """A draft of the partner; its public id."""
        with self.services.database.unit_of_work((who or self.partner).scope) as session:
            made = service.create(session, session.get_one(KitVersion, self.version_id))
            return made.public_id

    @property
    def kit_version(self) -> str:
        """The public id of the kit's version."""
        return public(KitVersion.__prefix__, self.version_id)

    @property
    def list(self) -> str:
        """The public id of the list."""
        return public(ContactList.__prefix__, self.list_id)

    def load(self, reference: str) -> Campaign:
        """A campaign as it is stored now, with its steps read."""
        with self.services.database.unit_of_work(Scope.system(), write=False) as session:
            found = next(row for row in session.query(Campaign) if row.public_id == reference)
            assert found.steps is not None and found.kit_version is not None
            return found


def stage(services: Services, name: str = "north", brand: bool = True) -> Stage:
    """A fresh stage; `name` makes its addresses its own."""
    database, settings = services.database, services.settings
    vendor_id = organization(database, "vendor", f"Stillhaven {name}")
    partner_id, rival_id = (
        organization(database, "partner", f"{who} {name}") for who in ("Nordlicht", "Rival")
    )
    for each in (partner_id, rival_id):
        partnership(database, vendor_id, each)
    vendor = member(database, settings, vendor_id, Role.VENDOR_MARKETER, f"vendor@{name}.example")
    partner = member(
        database, settings, partner_id, Role.PARTNER_ADMIN, f"partner@{name}.example", (vendor_id,)
    )
    rival = member(database, settings, rival_id, Role.PARTNER_ADMIN, f"rival@{name}.example", (vendor_id,))
    with database.unit_of_work(vendor.scope) as session:
        version_id = publish(session, services.store, read_folder(KIT), findings=[]).id
    with database.unit_of_work(partner.scope) as session:
        if brand:
            _row, errors = save_brand(session, services.store, partner_id, BRAND, LOGO)
            assert not errors
        made = imports.new_list(session, "Customers 2026")
        for number, consent in enumerate(("given", "given", "none")):
            contact = Contact(
                partner_id=partner_id,
                email=f"person{number}@customer.example",
                email_key=f"person{number}@customer.example",
                first_name=f"Person {number}",
                consent=consent,
            )
            session.add(contact)
            session.flush()
            session.add(ListMember(partner_id=partner_id, list_id=made.id, contact_id=contact.id))
        list_id = made.id
    return Stage(services, vendor, partner, rival, version_id, list_id)


def run_jobs(services: Services) -> list[str]:
    """Run what waits in the outbox, in order, until nothing that is due is left; the names of what ran."""
    ran: list[str] = []
    while True:
        with services.database.unit_of_work(Scope.system(), write=False) as session:
            due = [
                (job.id, job.name, dict(job.args))
                for job in session.query(Job).filter(Job.state == "pending").order_by(Job.created_at)
                if job.not_before <= utcnow()
            ]
        if not due:
            return ran
        for job_id, name, args in due:
            REGISTRY[name](services, **args)
            with services.database.unit_of_work(Scope.system()) as session:
                session.get_one(Job, job_id).state = "done"
            ran.append(name)
