"""What a telling of the story has in hand: who acts, what was found, and waiting for the workers."""

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from tmpa.demo import cast
from tmpa.demo.acting import Actor
from tmpa.engagement.models import EngagementEvent
from tmpa.kernel.http import Services
from tmpa.kernel.models import Job
from tmpa.kernel.scope import Scope
from tmpa.story import people, stage

SUPPRESSED = "unsubscribed.person@stopped.example"  # in the shipped list; has asked for no more mails
PATIENCE = 120.0  # seconds that any one step may wait for the workers


class StepFailed(Exception):
    """A step did not hold; the text says which and why."""


@dataclass
class Report:
    """What the story found: the JSON of report.json."""

    kit: str = ""
    locale: str = ""
    imported: int = 0
    refused: int = 0
    duplicates: int = 0
    recipients: int = 0
    delivered: int = 0
    skipped: dict[str, int] = field(default_factory=dict)
    human_opens: int = 0
    human_clicks: int = 0
    machine_clicks: int = 0
    unsubscribed: int = 0
    leads: int = 0
    deals: int = 0
    pages: int = 0
    claim: dict[str, Any] = field(default_factory=dict)
    proof: str = ""
    held: bool = False
    failure: str = ""
    seconds: dict[str, float] = field(default_factory=dict)


class Telling:
    """One telling: its installation, its material, and what it has found so far."""

    def __init__(self, services: Services, kit: Path, contacts: list[Path], locale: str, out: Path) -> None:
        self.services, self.kit, self.contacts, self.locale, self.out = services, kit, contacts, locale, out
        self.report = Report(kit=kit.name, locale=locale)
        self.tally = people.Tally()
        self.vendor_name = ""
        self.campaign_id = uuid.UUID(int=0)
        self.claim_id = uuid.UUID(int=0)
        self.read: set[str] = set()

    def actor(self, person: cast.Person) -> Actor:
        return Actor(self.services, person.email, person.organization)

    @contextmanager
    def vendor(self, person: cast.Person) -> Iterator[Session]:
        with Actor(self.services, person.email, self.vendor_name).at_work() as session:
            yield session

    @contextmanager
    def partner(self) -> Iterator[Session]:
        with self.actor(cast.PARTNER_MARKETER).at_work() as session:
            yield session

    @contextmanager
    def looking(self) -> Iterator[Session]:
        with self.services.database.unit_of_work(Scope.system(), write=False) as session:
            yield session

    def wait(self, what: str, holds: Callable[[Session], Any]) -> Any:
        """Until `holds` gives something true, which is returned; a dead job ends the wait with its error."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            with self.looking() as session:
                if found := holds(session):
                    return found
                dead = session.scalars(select(Job).where(Job.state == "dead")).first()
                if dead is not None:
                    raise StepFailed(f"{what}: the job {dead.name} failed for good: {dead.error}")
            time.sleep(0.15)
        raise StepFailed(f"{what}: nothing for {PATIENCE:.0f} seconds")

    def campaign_mails(self) -> dict[str, people.Mail]:
        found = stage.delivered(self.services.settings)
        return {key: people.read_mail(m) for key, m in found.items() if m["List-Unsubscribe"]}

    def events(self, session: Session, kind: str, verdict: str) -> list[EngagementEvent]:
        """The campaign's events of a kind that were given a verdict."""
        event = EngagementEvent
        found = select(event).where(
            event.campaign_id == self.campaign_id, event.kind == kind, event.verdict == verdict
        )
        return list(session.scalars(found))

    def people_who_clicked(self, session: Session) -> int:
        """How many people clicked, as the platform sees it."""
        return len({event.contact_id for event in self.events(session, "clicked", "human")})
