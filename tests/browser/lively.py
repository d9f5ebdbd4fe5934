"""A whole installation that has been in use for a while: for the browser tests and for the pictures in the docs.

Everything is made by the services and the workers, as in the story; only the people who read mails are simulated.
"""

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tmpa.app import open_services
from tmpa.audiences import service as audiences
from tmpa.audiences.models import ContactImport
from tmpa.campaigns import service as campaigns
from tmpa.campaigns.models import Campaign
from tmpa.deals import registration
from tmpa.deals.models import DealRegistration, Lead
from tmpa.demo import cast
from tmpa.demo.acting import Actor
from tmpa.demo.seed import ensure_demo
from tmpa.engagement.models import EngagementEvent
from tmpa.kernel.clock import utcnow
from tmpa.kernel.http import Services
from tmpa.kernel.models import Job
from tmpa.kernel.scope import Scope
from tmpa.kits import service as kits
from tmpa.kits.models import Kit, KitVersion
from tmpa.mdf import claims, invoices, requests
from tmpa.mdf.models import Claim, Fund, FundRequest
from tmpa.migrations.run import upgrade
from tmpa.sending import launch
from tmpa.settings import Settings
from tmpa.story import invoice, people, stage
from workers.processes import free_port
from workers.supervisor import Supervisor

PATIENCE = 90.0  # seconds for any one thing the workers do, on a busy machine
CUSTOMERS = (("Haddad Clinic", 1_850_000), ("Brandt Kontorhaus", 640_000))


@dataclass
class Platform:
    """A running installation, and what has happened in it."""

    services: Services
    tally: people.Tally = field(default_factory=people.Tally)
    read: set[str] = field(default_factory=set)
    campaign_id: uuid.UUID = field(default_factory=uuid.uuid4)

    @property
    def settings(self) -> Settings:
        """Where its sites are."""
        return self.services.settings

    @contextmanager
    def acting(self, person: cast.Person) -> Iterator[Session]:
        """One unit of work of somebody of the demo."""
        with Actor(self.services, person.email, person.organization).at_work() as session:
            yield session

    @contextmanager
    def system(self) -> Iterator[Session]:
        """One unit of work that sees all."""
        with self.services.database.unit_of_work(Scope.system()) as session:
            yield session

    def wait(self, what: str, holds: Callable[[Session], Any]) -> Any:
        """Until `holds` gives something true, which is returned."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            with self.services.database.unit_of_work(Scope.system(), write=False) as session:
                if found := holds(session):
                    return found
            time.sleep(0.15)
        raise AssertionError(f"{what}: nothing for {PATIENCE:.0f} seconds")

    def people_come(self) -> None:
        """Scanners and people look at every campaign mail that arrived since last time."""
        arrived = stage.delivered(self.settings)
        mails = {key: people.read_mail(m) for key, m in arrived.items() if m["List-Unsubscribe"]}
        fresh = [mail for key, mail in mails.items() if key not in self.read]
        self.read |= mails.keys()
        people.scan(fresh, self.tally)
        time.sleep(6)  # people come later than scanners, which the verdicts know
        people.read(fresh, self.tally)


def settings_of(var_dir: Path) -> Settings:
    """Settings of an installation on free ports with everything of its own."""
    ports = [free_port() for _ in range(4)]
    return Settings(
        var_dir=var_dir,
        portal_url=f"http://127.0.0.1:{ports[0]}",
        tracking_url=f"http://127.0.0.1:{ports[1]}",
        inbox_url=f"http://127.0.0.1:{ports[2]}",
        inbox_smtp_port=ports[3],
        settle_seconds=1,
        trusted_proxies=1,  # the visitors of the story say which network they come from
        fast_passwords=True,
    )


@contextmanager
def running(settings: Settings) -> Iterator[Platform]:
    """The installation with the demo's data, started; stopped when the block ends."""
    services = open_services(settings)

    def prepare() -> None:
        upgrade(services.database)
        ensure_demo(services)

    supervisor = Supervisor(settings)
    supervisor.start(prepare)
    try:
        yield Platform(services)
    finally:
        supervisor.stop()
        services.database.dispose()


def play(platform: Platform) -> None:
    """A campaign that has run, its leads and deals, its claim in the queue; a second campaign being made."""
    platform.wait(
        "import",
        lambda s: not s.scalar(_count(ContactImport, ContactImport.state.not_in(("done", "failed")))),
    )
    with platform.acting(cast.PARTNER_MARKETER) as session:
        campaign = _draft(session, platform, "calm-backup", ["en", "de", "fr", "ja", "ar"])
        platform.campaign_id = campaign.id
        asked = ask_for_money(session, campaign, 200_000)
        requests.submit(session, asked)
    with platform.acting(cast.APPROVER) as session:
        requests.approve(session, session.get_one(FundRequest, asked.id))
    with platform.acting(cast.PARTNER_MARKETER) as session:
        launch.launch(session, session.get_one(Campaign, campaign.id))
    platform.wait("sending", lambda s: s.get_one(Campaign, campaign.id).steps[0].state == "done")
    platform.people_come()
    with platform.system() as session:
        session.get_one(Campaign, campaign.id).steps[1].due_at = utcnow()  # the reminder is brought forward
    platform.wait("the reminder", lambda s: s.get_one(Campaign, campaign.id).state == "done")
    platform.people_come()
    platform.wait("leads", lambda s: (s.scalar(_count(Lead)) or 0) >= len(platform.tally.asked))
    platform.wait("clicks", lambda s: len(_clickers(s)) >= len(platform.tally.people_clicked))
    _deals(platform)
    _claims(platform)
    with platform.acting(cast.PARTNER_MARKETER) as session:
        _draft(session, platform, "clear-desk", ["en", "de"])


def _count(model: Any, *conditions: Any) -> Any:
    return select(func.count()).select_from(model).where(*conditions)


def _clickers(session: Session) -> set[uuid.UUID | None]:
    event = EngagementEvent
    found = select(event.contact_id).where(event.kind == "clicked", event.verdict == "human")
    return set(session.scalars(found))


def _draft(session: Session, platform: Platform, kit: str, locales: list[str]) -> Campaign:
    newest = (
        select(KitVersion)
        .join(Kit, Kit.id == KitVersion.kit_id)
        .where(Kit.name == kit)
        .order_by(KitVersion.id.desc())
    )
    version = session.scalars(newest).first()
    assert version is not None, f"no kit {kit}"
    campaign = campaigns.create(session, version, locale=locales[0])
    campaigns.save(
        session, campaign, locales=locales, source=kits.load_source(platform.services.store, version)
    )
    audiences.set_campaign_lists(session, campaign, [each.list for each in audiences.lists(session)])
    return campaign


def ask_for_money(session: Session, campaign: Campaign, amount_minor: int) -> FundRequest:
    """A request for money for a campaign, not handed in yet; `amount_minor` in cents of EUR."""
    fund = session.scalars(select(Fund).where(Fund.vendor_id == campaign.vendor_id)).first()
    assert fund is not None
    today = utcnow().date()
    plan = requests.Plan(
        title=campaign.name,
        activity_type="email",
        starts_on=today,
        ends_on=today + timedelta(days=30),
        amount_minor=amount_minor,
        purpose="Mails and a landing page to our own contacts, by ourselves.",
    )
    return requests.create(session, fund, campaign, plan)


def _deals(platform: Platform) -> None:
    """One deal is approved, another waits for the vendor."""
    made: list[uuid.UUID] = []
    with platform.acting(cast.PARTNER_MARKETER) as session:
        found = session.scalars(select(Lead).order_by(Lead.asked_at)).all()
        for lead, (customer, amount) in zip(found, CUSTOMERS, strict=False):
            opportunity = registration.Opportunity(
                customer_name=lead.company or customer,
                customer_domain=lead.email.rpartition("@")[2],
                contact_name=lead.name,
                contact_email=lead.email,
                products=["Stillhaven Recovery"],
                amount_minor=amount,
                currency="EUR",
                close_date=utcnow().date() + timedelta(days=45),
                value_added="Workshop and restore test at the customer’s.",
            )
            deal = registration.create(session, lead.vendor_id, opportunity, lead)
            registration.submit(session, deal)
            made.append(deal.id)
    with platform.acting(cast.MARKETER) as session:
        registration.approve(session, session.get_one(DealRegistration, made[0]))


def _claims(platform: Platform) -> None:
    """Two claims of the finished campaign wait for the approver, each with its dossier; a request waits too."""
    made: list[uuid.UUID] = []
    with platform.acting(cast.PARTNER_MARKETER) as session:
        request = session.scalars(select(FundRequest)).one()
        for number, net in (("KN-2026-118", 240_000), ("KN-2026-121", 120_000)):
            document = invoices.check_document(f"{number}.pdf", invoice.make(number, net, net * 19 // 100))
            cost = claims.Cost(
                issuer="Agentur Hafenlicht GmbH",
                invoice_number=number,
                invoice_date=utcnow().date(),
                currency="EUR",
                net_minor=net,
                tax_minor=net * 19 // 100,
                gross_minor=net * 119 // 100,
                description="Campaign production and list maintenance",
                tax_id="DE123456789",
            )
            claim = claims.create(session, request, platform.services.store, cost, document)
            claims.submit(session, claim, attested=True)
            made.append(claim.id)
    for key in made:
        platform.wait("the dossier", partial(_dossier_of, key))


def _dossier_of(key: uuid.UUID, session: Session) -> str | None:
    return session.get_one(Claim, key).dossier_key


def fail_a_job(platform: Platform) -> uuid.UUID:
    """A job that failed for good yesterday, when the object store was away; run again, it will do."""
    with platform.system() as session:
        job = session.scalars(
            select(Job).where(Job.name == "campaigns.finish_pieces", Job.state == "done")
        ).first()
        assert job is not None
        job.state, job.attempts, job.error = (
            "dead",
            job.max_attempts,
            "OSError: the object store did not answer",
        )
        return job.id
