"""A campaign ready to be sent: partner, people, finished mails."""

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select

from tests.factories.accounts import Member, member, organization, partnership
from tmpa.accounts.addresses import fold
from tmpa.audiences.models import CampaignList, Contact, ContactList, ListMember, Suppression
from tmpa.campaigns.models import Campaign, CampaignPiece, CampaignStep
from tmpa.db import Database
from tmpa.kernel.http import Services
from tmpa.kernel.objects import open_store
from tmpa.kernel.permissions import Role
from tmpa.kernel.scope import Scope
from tmpa.kernel.signing import Signer, fingerprint
from tmpa.kits.holes import Marker, Stretches
from tmpa.kits.models import Kit, KitVersion
from tmpa.kits.render import Link, RenderedMail
from tmpa.partners.models import BrandProfile
from tmpa.sending.models import Recipient
from tmpa.settings import Settings

SYSTEM = Scope.system()


def mail(subject: str = "Sleep well,", greeting: str = "A line of text. ") -> RenderedMail:
    """A mail with every kind of hole."""
    name = Marker("recipient", "first_name", "plain")
    return RenderedMail(
        subject=Stretches((f"{subject} ", ""), (name,)),
        preheader=Stretches(("",), ()),
        html=Stretches(
            (
                "<!doctype html>\n<p>",
                " ",
                '</p>\n<a href="',
                '">Read</a> <a href="',
                '">off</a><img src="',
                '">\n',
            ),
            (
                Marker("recipient", "greeting", "text"),
                Marker("recipient", "company", "text"),
                Marker("link", "1", "url"),
                Marker("unsubscribe", "", "url"),
                Marker("pixel", "", "url"),
            ),
        ),
        text=Stretches(
            ("", f"\n\n.{greeting * 8}\nRead: ", "\nOff: ", "\n"),
            (
                Marker("recipient", "greeting", "plain"),
                Marker("link", "1", "plain"),
                Marker("unsubscribe", "", "plain"),
            ),
        ),
        links=(Link(1, "https://example.com/read?a=1&b=ü", "Read", "kit"),),
        locked_digest="0" * 64,
    )


@dataclass
class SendingWorld:
    """A partner with a draft campaign in English and German, and one list."""

    context: Services
    partner: Member
    vendor_id: uuid.UUID
    partner_id: uuid.UUID
    campaign_id: uuid.UUID
    list_id: uuid.UUID
    steps: list[uuid.UUID] = field(default_factory=list)

    @property
    def database(self) -> Database:
        return self.context.database

    def people(self, emails: Sequence[str], consent: str = "given", **values: Any) -> list[uuid.UUID]:
        """Contacts on the campaign's list."""
        with self.database.unit_of_work(SYSTEM) as session:
            rows = [
                Contact(
                    partner_id=self.partner_id, email=each, email_key=fold(each), consent=consent, **values
                )
                for each in emails
            ]
            session.add_all(rows)
            session.flush()
            session.add_all(
                ListMember(partner_id=self.partner_id, list_id=self.list_id, contact_id=row.id)
                for row in rows
            )
            return [row.id for row in rows]

    def suppress(self, email: str, organization_id: uuid.UUID | None) -> None:
        """Stop mails to an address."""
        with self.database.unit_of_work(SYSTEM) as session:
            session.add(
                Suppression(
                    organization_id=organization_id, email_key=fold(email), reason="asked", evidence={}
                )
            )

    def campaign(self) -> Campaign:
        """The campaign as it is now, detached."""
        with self.database.unit_of_work(SYSTEM, write=False) as session:
            found = session.get_one(Campaign, self.campaign_id)
            assert found.steps is not None
            return found

    def recipients(self, step: int = 0) -> dict[str, Recipient]:
        """The ledger of a step by address."""
        with self.database.unit_of_work(SYSTEM, write=False) as session:
            rows = session.scalars(select(Recipient).where(Recipient.step_id == self.steps[step]))
            return {row.email: row for row in rows}

    def states(self, step: int = 0) -> dict[str, int]:
        """Counts of a step's ledger by state."""
        with self.database.unit_of_work(SYSTEM, write=False) as session:
            rows = session.execute(
                select(Recipient.state, func.count())
                .where(Recipient.step_id == self.steps[step])
                .group_by(Recipient.state)
            )
            return dict(rows.all())

    def set_state(self, state: str) -> None:
        """Put the campaign into a state, past the rules."""
        with self.database.unit_of_work(SYSTEM) as session:
            session.get_one(Campaign, self.campaign_id).state = state


def services(settings: Settings, database: Database) -> Services:
    """What a process shares, on the test's database."""
    return Services(settings, database, open_store(settings), Signer(settings.secrets))


def sending_world(context: Services, name: str = "north") -> SendingWorld:
    """A fresh world with finished mails; `name` makes its addresses its own."""
    database, settings = context.database, context.settings
    vendor_id = organization(database, "vendor", f"Vendor {name}")
    partner_id = organization(database, "partner", f"Partner {name}")
    partnership(database, vendor_id, partner_id)
    person = member(
        database, settings, partner_id, Role.PARTNER_MARKETER, f"marketer@{name}.example", (vendor_id,)
    )
    with database.unit_of_work(SYSTEM) as session:
        brand = BrandProfile(
            partner_id=partner_id, name=f"Partner {name}", legal_name=f"Partner {name} GmbH", address="Hafen 1, Kiel",
            website="https://partner.example", email=f"hello@{name}.example", sender_name=f"Pärtner {name}",
            sender_email=f"hello@{name}.example", logo_key="logo.png", logo_width=200, logo_height=80,
        )  # fmt: skip
        kit = Kit(vendor_id=vendor_id, name=f"kit-{name}", title="Kit")
        session.add_all([brand, kit])
        session.flush()
        version = KitVersion(
            vendor_id=vendor_id, kit_id=kit.id, version="1.0.0", content_hash=fingerprint(name.encode()), findings=[],
            manifest={"locales": ["en", "de"], "source_locale": "en", "title": "Kit", "slots": [], "pieces": []},
        )  # fmt: skip
        session.add(version)
        session.flush()
        campaign = Campaign(
            vendor_id=vendor_id, partner_id=partner_id, kit_version_id=version.id, brand_id=brand.id,
            name="Spring", slug=f"spring-{name}", slots={}, locales=["en", "de"],
        )  # fmt: skip
        chosen = ContactList(partner_id=partner_id, name="Customers")
        session.add_all([campaign, chosen])
        session.flush()
        both = {"vendor_id": vendor_id, "partner_id": partner_id, "campaign_id": campaign.id}
        session.add(CampaignList(**both, list_id=chosen.id))
        world = SendingWorld(context, person, vendor_id, partner_id, campaign.id, chosen.id)
        for position, (step, day, only) in enumerate(
            [("announcement", 0, ""), ("reminder", 3, "not_clicked")]
        ):
            row = CampaignStep(**both, name=step, piece=step, position=position, day=day, only=only)
            session.add(row)
            session.flush()
            world.steps.append(row.id)
            for locale in ("en", "de"):
                data = json.dumps(mail("Schlaf gut," if locale == "de" else "Sleep well,").to_json()).encode()
                key = f"pieces/{name}/{step}-{locale}.json"
                context.store.put(key, data, "application/json")
                session.add(
                    CampaignPiece(
                        **both,
                        piece=step,
                        kind="mail",
                        locale=locale,
                        object_key=key,
                        content_hash=fingerprint(data),
                    )
                )
    return world
