"""One row of every kind for one vendor and one partner: what strangers must not see nor touch.

A new model gets its row here; tests/unit/kernel/test_scope.py fails until it has one.
"""

import uuid
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from sqlalchemy.orm import Session

from tmpa.accounts.models import Invitation, Membership, Organization, OutgoingMail, SignIn, User
from tmpa.audiences.models import (
    CampaignList,
    Consent,
    Contact,
    ContactImport,
    ContactList,
    ListMember,
    Suppression,
)
from tmpa.campaigns.models import Campaign, CampaignPiece, CampaignStep
from tmpa.deals.models import DealRegistration, Lead, Touchpoint
from tmpa.engagement.models import (
    DailyRollup,
    EngagementEvent,
    EvidenceCheckpoint,
    EvidenceKey,
    EvidenceLeaf,
    FirstSeen,
    SpoolOffset,
)
from tmpa.kernel.base import Base
from tmpa.kernel.clock import utcnow
from tmpa.kernel.ids import new_id
from tmpa.kernel.models import AuditRow, Job, ScheduleSlot
from tmpa.kernel.permissions import Role
from tmpa.kernel.scope import Scope
from tmpa.kits.models import Kit, KitDraft, KitVersion, Translation
from tmpa.mdf.models import Claim, ClaimLine, Fund, FundRequest, LedgerEntry, LedgerLine
from tmpa.pages.models import PublishedPage, Submission
from tmpa.partners.models import BrandProfile, Partnership, Picture
from tmpa.sending.models import Recipient


@dataclass
class World:
    """A vendor with one partner in its programme, a row of every kind, and the scopes of both sides.

    Where a class has rows of several owners, `rows` holds the partner's; `vendor_rows` the vendor's own
    (its person, membership, invitation, audit row, suppression).
    """

    name: str
    vendor_id: uuid.UUID
    partner_id: uuid.UUID
    rows: dict[type[Base], Base] = field(default_factory=dict)
    vendor_rows: dict[type[Base], Base] = field(default_factory=dict)

    def __getitem__(self, model: type[Any]) -> Any:
        return self.rows[model]

    @property
    def vendor(self) -> Scope:
        """The vendor's administrator."""
        person = self.vendor_rows[User]
        return Scope("vendor", self.vendor_id, person.id, (), frozenset({Role.VENDOR_ADMIN.value}))

    @property
    def partner(self) -> Scope:
        """The partner's administrator."""
        person = self.rows[User]
        return Scope(
            "partner", self.partner_id, person.id, (self.vendor_id,), frozenset({Role.PARTNER_ADMIN.value})
        )


def make_world(
    session: Session,
    name: str,
    password_hash: str = "",
    version: KitVersion | None = None,
    label: str = "",
) -> World:
    """Every kind of row, minimal, by the models alone. `version` is used in place of a bare kit version; `label`
    is what people read in names, titles and sentences (the world's name by default)."""
    made = _Maker(session, name, label or name)
    made.organizations(password_hash)
    made.kit(version)
    made.audience()
    made.campaign()
    made.events()
    made.deal()
    made.money()
    made.installation()
    session.flush()
    return made.world


class _Maker:
    """Adds rows in the order in which they need each other."""

    def __init__(self, session: Session, name: str, label: str) -> None:
        self._session = session
        self._name = name
        self._label = label
        self.world = World(name, new_id(), new_id())
        self._both = {"vendor_id": self.world.vendor_id, "partner_id": self.world.partner_id}
        self._own = {"partner_id": self.world.partner_id}

    def _add(self, row: Base, vendors: bool = False) -> Any:
        row.id = row.id or new_id()
        self._session.add(row)
        self._session.flush()
        (self.world.vendor_rows if vendors else self.world.rows)[type(row)] = row
        return row

    def organizations(self, password_hash: str) -> None:
        """Two companies with a person each."""
        w, name, label, now = self.world, self._name, self._label, utcnow()
        self._add(Organization(id=w.vendor_id, kind="vendor", name=f"Vendor {label}"), vendors=True)
        self._add(Organization(id=w.partner_id, kind="partner", name=f"Partner {label}"))
        self._add(Partnership(**self._both, status="active", joined_at=now))
        for side, where, role in (
            ("vendor", w.vendor_id, Role.VENDOR_ADMIN),
            ("partner", w.partner_id, Role.PARTNER_ADMIN),
        ):
            address, vendors = f"{side}@{name}.example", side == "vendor"
            person = self._add(
                User(
                    email=address,
                    email_key=address,
                    name=f"Person {side} {label}",
                    password_hash=password_hash,
                ),
                vendors,
            )
            self._add(Membership(user_id=person.id, organization_id=where, role=role), vendors)
            self._add(
                SignIn(
                    user_id=person.id,
                    organization_id=where,
                    secret_hash=f"{side} {name}",
                    last_used_at=now,
                    expires_at=now + timedelta(hours=1),
                ),
                vendors,
            )
            self._add(
                Invitation(
                    organization_id=where,
                    email=f"new-{address}",
                    role=role,
                    expires_at=now + timedelta(days=1),
                ),
                vendors,
            )
            self._add(
                AuditRow(
                    organization_id=where,
                    user_id=person.id,
                    action="test.made",
                    thing_kind="Test",
                    thing_id=person.id,
                    changes={},
                ),
                vendors,
            )
            self._add(
                Suppression(
                    organization_id=where, email_key=f"stopped@{name}.example", reason="asked", evidence={}
                ),
                vendors,
            )
        self._add(
            BrandProfile(
                **self._own,
                name=label,
                legal_name=f"{label} GmbH",
                address=f"Street {label}",
                sender_name=label,
                sender_email=f"hello@{name}.example",
            )
        )
        self._add(
            Picture(
                **self._own,
                name=f"Picture {label}",
                object_key=f"pictures/{name}.png",
                content_hash=f"picture {name}",
                width=1200,
                height=800,
            )
        )

    def kit(self, version: KitVersion | None) -> None:
        """A kit with a version."""
        kit = self._add(
            Kit(vendor_id=self.world.vendor_id, name=f"kit-{self._name}", title=f"Kit {self._label}")
        )
        manifest = version.manifest if version else {}
        self._add(
            KitVersion(
                vendor_id=self.world.vendor_id,
                kit_id=kit.id,
                version="1.0.0",
                content_hash=version.content_hash if version else f"hash {self._name}",
                manifest=manifest,
                findings=[],
            )
        )
        own = {"vendor_id": self.world.vendor_id}
        self._add(
            KitDraft(
                **own,
                name=f"draft-{self._name}",
                title=f"Draft {self._label}",
                object_key=f"drafts/{self._name}.zip",
                content_hash=f"draft {self._name}",
            )
        )
        self._add(
            Translation(
                **own,
                source_locale="en",
                locale="de",
                source_key=f"source {self._name}",
                source=f"Source {self._label}",
                forms=[f"Quelle {self._label}"],
                origin="person",
            )
        )

    def audience(self) -> None:
        """A list with a person and its import."""
        name, label, now = self._name, self._label, utcnow()
        address = f"person@{name}.example"
        contact = self._add(
            Contact(
                **self._own,
                email=address,
                email_key=address,
                first_name=f"Contact {label}",
                company=f"Company {label}",
                consent="given",
            )
        )
        kept = self._add(ContactList(**self._own, name=f"List {label}"))
        self._add(ListMember(**self._own, list_id=kept.id, contact_id=contact.id))
        self._add(
            Consent(
                **self._own,
                contact_id=contact.id,
                state="given",
                basis="opt_in",
                source=f"Source {label}",
                occurred_at=now,
            )
        )
        self._add(
            ContactImport(
                **self._own,
                list_id=kept.id,
                file_name=f"{label}.csv",
                object_key=f"imports/{name}/list.csv",
                report_key=f"imports/{name}/report.csv",
                basis="opt_in",
                source="Test",
                mapping={},
                state="done",
                refusals=[],
            )
        )

    def campaign(self) -> None:
        """A campaign that ran: step, piece, page, recipient, submission."""
        w, name, label, now = self.world, self._name, self._label, utcnow()
        campaign = self._add(
            Campaign(
                **self._both,
                kit_version_id=w[KitVersion].id,
                brand_id=w[BrandProfile].id,
                name=f"Campaign {label}",
                slug=f"campaign-{name}",
                state="running",
                slots={},
                locales=["en"],
                launched_at=now,
            )
        )
        of = {**self._both, "campaign_id": campaign.id}
        self._add(CampaignList(**of, list_id=w[ContactList].id))
        step = self._add(CampaignStep(**of, name="announcement", piece="announcement", position=0, day=0))
        self._add(
            CampaignPiece(
                **of,
                piece="announcement",
                kind="mail",
                locale="en",
                object_key=f"pieces/{name}.json",
                content_hash="0" * 64,
            )
        )
        page = self._add(
            PublishedPage(
                **of,
                piece="landing",
                locale="en",
                url=f"https://pages.example/{name}/",
                object_key=f"pages/campaign-{name}/en/index.html",
                content_hash="0" * 64,
                published_at=now,
            )
        )
        self._add(
            Recipient(
                **of,
                step_id=step.id,
                contact_id=w[Contact].id,
                email=w[Contact].email,
                locale="en",
                state="handed_over",
            )
        )
        self._add(
            Submission(
                **of,
                page_id=page.id,
                contact_id=w[Contact].id,
                locale="en",
                email_key=w[Contact].email_key,
                fields={"name": f"Contact {label}"},
                submitted_at=now,
            )
        )

    def events(self) -> None:
        """An event, its counts, and the evidence log."""
        w, now = self.world, utcnow()
        of = {**self._both, "campaign_id": w[Campaign].id}
        self._add(
            EngagementEvent(
                **of,
                step_id=w[CampaignStep].id,
                recipient_id=w[Recipient].id,
                contact_id=w[Contact].id,
                kind="clicked",
                occurred_at=now,
                verdict="human",
                rule="default",
                rule_version=1,
            )
        )
        counted = {"kind": "clicked", "verdict": "human"}
        self._add(DailyRollup(**of, **counted, step="announcement", locale="en", day=now.date(), count=1))
        self._add(FirstSeen(**of, **counted, contact_id=w[Contact].id, occurred_at=now))
        vendors = {"vendor_id": w.vendor_id}
        self._add(EvidenceKey(**vendors, name=self._name, public_key=b"p" * 32, private_key=b"s" * 60))
        self._add(EvidenceLeaf(**vendors, position=0, kind="sent", body="{}", leaf_hash=b"l" * 32))
        self._add(EvidenceCheckpoint(**vendors, size=1, root=b"r" * 32, frontier=b"", note="note"))

    def deal(self) -> None:
        """A lead, a registration, a touchpoint."""
        w, name, label, now = self.world, self._name, self._label, utcnow()
        lead = self._add(
            Lead(
                **self._both,
                campaign_id=w[Campaign].id,
                name=f"Lead {label}",
                email=f"lead@{name}.example",
                asked_at=now,
            )
        )
        deal = self._add(
            DealRegistration(
                **self._both,
                lead_id=lead.id,
                customer_name=f"Customer {label}",
                customer_key=f"customer {name}",
                products=["Backup"],
                amount_minor=100_000,
                currency="EUR",
                close_date=date.today() + timedelta(days=60),
                state="submitted",
                submitted_at=now,
                decide_by=now + timedelta(hours=48),
                conflicts=[],
            )
        )
        self._add(
            Touchpoint(
                **self._both,
                deal_id=deal.id,
                campaign_id=w[Campaign].id,
                event_id=w[EngagementEvent].id,
                kind="clicked",
                occurred_at=now,
            )
        )

    def money(self) -> None:
        """A fund, a request, a claim with a line, and a movement."""
        w, name, label, today = self.world, self._name, self._label, utcnow().date()
        fund = self._add(
            Fund(
                vendor_id=w.vendor_id,
                name=f"Fund {label}",
                currency="EUR",
                use_from=today - timedelta(days=10),
                use_until=today + timedelta(days=60),
                claim_until=today + timedelta(days=90),
                rules={},
            )
        )
        request = self._add(
            FundRequest(
                **self._both,
                fund_id=fund.id,
                campaign_id=w[Campaign].id,
                title=f"Request {label}",
                activity_type="email",
                starts_on=today,
                ends_on=today,
                amount_minor=10_000,
                approved_minor=10_000,
                currency="EUR",
                state="approved",
            )
        )
        claim = self._add(
            Claim(
                **self._both,
                request_id=request.id,
                campaign_id=w[Campaign].id,
                currency="EUR",
                amount_minor=5_000,
                state="submitted",
            )
        )
        self._add(
            ClaimLine(
                **self._both,
                claim_id=claim.id,
                description=f"Cost {label}",
                issuer=f"Agency {label}",
                issuer_key="agency",
                invoice_number=name,
                invoice_date=today,
                currency="EUR",
                net_minor=5_000,
                tax_minor=0,
                gross_minor=5_000,
                claimed_minor=5_000,
                document_name=f"{label}.pdf",
            )
        )
        entry = self._add(LedgerEntry(**self._both, fund_id=fund.id, kind="test", cause=f"test {name}"))
        self._add(LedgerLine(entry_id=entry.id, account="available", amount_minor=0, currency="EUR"))

    def installation(self) -> None:
        """What belongs to the operator."""
        now = utcnow()
        self._add(Job(name="test.job", args={}, queue="default", not_before=now, state="dead"))
        self._add(ScheduleSlot(name=f"tick {self._name}", slot=now))
        self._add(SpoolOffset(name=f"spool {self._name}", offset=0))
        self._add(OutgoingMail(to_address="a@b.example", subject="Hello", text="Hello", html="<p>Hello</p>"))
