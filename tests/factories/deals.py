"""A programme with a partner's campaign in it, people who answered it, and deals."""

import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from tests.factories.accounts import Member, member, organization, partnership
from tmpa.audiences.models import Contact
from tmpa.campaigns.models import Campaign, CampaignStep
from tmpa.db import Database
from tmpa.deals.registration import Opportunity
from tmpa.engagement.models import EngagementEvent
from tmpa.kernel.clock import utcnow
from tmpa.kernel.ids import new_id
from tmpa.kernel.permissions import Role
from tmpa.kernel.scope import Scope
from tmpa.kits.models import Kit, KitVersion
from tmpa.pages.models import PublishedPage, Submission
from tmpa.settings import Settings


@dataclass(frozen=True)
class Programme:
    """A vendor with its people, two partners with theirs, and one running campaign of the first partner."""

    database: Database
    vendor: Member
    approver: Member
    payer: Member
    partner: Member
    rival: Member
    campaign_id: uuid.UUID
    step_id: uuid.UUID
    page_id: uuid.UUID


def programme(database: Database, settings: Settings, name: str = "north") -> Programme:
    """A fresh programme; `name` makes its addresses its own."""
    vendor_id = organization(database, "vendor", f"Vendor {name}")
    first, second = (organization(database, "partner", f"{which} {name}") for which in ("Partner", "Rival"))
    for partner_id in (first, second):
        partnership(database, vendor_id, partner_id)

    def person(
        organization_id: uuid.UUID, role: Role, who: str, vendors: tuple[uuid.UUID, ...] = ()
    ) -> Member:
        return member(database, settings, organization_id, role, f"{who}@{name}.example", vendors)

    campaign_id, step_id, page_id = campaign(database, vendor_id, first, f"spring-{name}")
    return Programme(
        database,
        person(vendor_id, Role.VENDOR_MARKETER, "vendor"),
        person(vendor_id, Role.MDF_APPROVER, "approver"),
        person(vendor_id, Role.MDF_PAYER, "payer"),
        person(first, Role.PARTNER_MARKETER, "partner", (vendor_id,)),
        person(second, Role.PARTNER_MARKETER, "rival", (vendor_id,)),
        campaign_id,
        step_id,
        page_id,
    )


def campaign(
    database: Database, vendor_id: uuid.UUID, partner_id: uuid.UUID, slug: str, state: str = "running"
) -> tuple[uuid.UUID, uuid.UUID, uuid.UUID]:
    """A campaign of a kit of its own with one step and one page; their ids."""
    manifest: dict[str, Any] = {
        "products": ["Recovery", "Archive"],
        "mdf": {"activity_types": ["email"], "suggested_budget_minor": 250_000, "currency": "EUR"},
    }
    with database.unit_of_work(Scope.system()) as session:
        kit = Kit(vendor_id=vendor_id, name=slug, title=slug.title())
        session.add(kit)
        session.flush()
        version = KitVersion(
            vendor_id=vendor_id, kit_id=kit.id, version="1.0.0", content_hash=slug.ljust(64, "0"),
            manifest=manifest, findings=[],
        )  # fmt: skip
        session.add(version)
        session.flush()
        made = Campaign(
            vendor_id=vendor_id, partner_id=partner_id, kit_version_id=version.id, name=slug.title(), slug=slug,
            state=state, slots={}, locales=["en", "de"], launched_at=utcnow(),
        )  # fmt: skip
        session.add(made)
        session.flush()
        step = CampaignStep(
            vendor_id=vendor_id, partner_id=partner_id, campaign_id=made.id, name="announcement",
            piece="announcement", position=0, day=0, state="sending",
        )  # fmt: skip
        page = PublishedPage(
            vendor_id=vendor_id, partner_id=partner_id, campaign_id=made.id, piece="landing", locale="en",
            url=f"http://127.0.0.1:8000/p/{slug}/en/", object_key=f"pages/{slug}/en/index.html", content_hash="0" * 64,
            published_at=utcnow(),
        )  # fmt: skip
        session.add_all([step, page])
        session.flush()
        return made.id, step.id, page.id


def contact(database: Database, partner_id: uuid.UUID, email: str, **values: Any) -> uuid.UUID:
    """A contact of a partner."""
    with database.unit_of_work(Scope.system()) as session:
        row = Contact(partner_id=partner_id, email=email, email_key=email.lower(), consent="given", **values)
        session.add(row)
        session.flush()
        return row.id


def event(
    world: Programme, contact_id: uuid.UUID | None, kind: str, at: datetime, verdict: str = "human"
) -> uuid.UUID:
    """Something that somebody did in the programme's campaign."""
    with world.database.unit_of_work(Scope.system()) as session:
        row = EngagementEvent(
            vendor_id=world.vendor.organization_id, partner_id=world.partner.organization_id,
            campaign_id=world.campaign_id, step_id=world.step_id, contact_id=contact_id, locale="en", kind=kind,
            occurred_at=at, verdict=verdict, rule="test", rule_version=1,
        )  # fmt: skip
        session.add(row)
        session.flush()
        return row.id


def submission(world: Programme, fields: dict[str, Any], contact_id: uuid.UUID | None = None) -> uuid.UUID:
    """A form sent on the programme's page."""
    with world.database.unit_of_work(Scope.system()) as session:
        row = Submission(
            id=new_id(), vendor_id=world.vendor.organization_id, partner_id=world.partner.organization_id,
            campaign_id=world.campaign_id, page_id=world.page_id, contact_id=contact_id, locale="en",
            email_key=str(fields.get("email", "")).lower(), fields=fields, submitted_at=utcnow(),
        )  # fmt: skip
        session.add(row)
        session.flush()
        return row.id


def opportunity(**values: Any) -> Opportunity:
    """Something worth registering."""
    known: dict[str, Any] = {
        "customer_name": "Hafenkontor Reederei GmbH",
        "customer_domain": "hafenkontor.example",
        "products": ["Recovery"],
        "amount_minor": 1_200_000,
        "currency": "EUR",
        "close_date": in_days(60),
    }
    return Opportunity(**{**known, **values})


def in_days(days: int) -> date:
    """A day relative to today (UTC)."""
    return (datetime.now(UTC) + timedelta(days=days)).date()
