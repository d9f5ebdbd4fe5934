"""Mails that were handed over, and what the intake writes when somebody does something with them."""

import json
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tests.factories.deals import Programme, contact, programme
from tmpa.kernel.clock import utcnow
from tmpa.kernel.http import Services
from tmpa.kernel.ids import new_id
from tmpa.kernel.objects import open_store
from tmpa.kernel.scope import Scope
from tmpa.kernel.signing import Signer
from tmpa.sending.models import Recipient

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0"


@dataclass(frozen=True)
class Audience:
    """A running campaign whose first mail was handed over to some people an hour ago."""

    context: Services
    programme: Programme
    contacts: tuple[uuid.UUID, ...]
    recipients: tuple[uuid.UUID, ...]
    sent_at: datetime

    @property
    def vendor_id(self) -> uuid.UUID:
        return self.programme.vendor.organization_id

    @property
    def spool(self) -> Path:
        return self.context.settings.var_dir.resolve() / "spool"

    def line(self, kind: str, subject: uuid.UUID, seconds: float = 600, **more: Any) -> dict[str, Any]:
        """What the intake writes; `seconds` after hand-over."""
        at = self.sent_at + timedelta(seconds=seconds)
        return {
            "i": new_id().hex, "k": kind, "t": int(at.timestamp() * 1000), "v": self.vendor_id.hex, "s": subject.hex,
            "l": 0, "m": "GET", "a": BROWSER, "n": "203.0.113.0/24", **more,
        }  # fmt: skip

    def write(self, lines: Iterable[dict[str, Any] | bytes], name: str = "a") -> Path:
        """A finished spool file."""
        self.spool.mkdir(parents=True, exist_ok=True)
        path = self.spool / f"{name}.jsonl"
        with path.open("ab") as handle:
            for line in lines:
                handle.write(line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n")
        return path


def audience(context: Services, people: int = 3, name: str = "north") -> Audience:
    """A programme with `people` recipients."""
    world = programme(context.database, context.settings, name)
    sent_at = utcnow() - timedelta(hours=1)
    contacts = tuple(
        contact(context.database, world.partner.organization_id, f"person{number}@{name}.example")
        for number in range(people)
    )
    with context.database.unit_of_work(Scope.system()) as session:
        rows = [
            Recipient(
                vendor_id=world.vendor.organization_id, partner_id=world.partner.organization_id,
                campaign_id=world.campaign_id, step_id=world.step_id, contact_id=each,
                email=f"person{number}@{name}.example", locale="en" if number % 2 else "de", state="handed_over",
                handed_over_at=sent_at,
            )
            for number, each in enumerate(contacts)
        ]  # fmt: skip
        session.add_all(rows)
        session.flush()
        recipients = tuple(row.id for row in rows)
    return Audience(context, world, contacts, recipients, sent_at)


def open_context(settings: Any, database: Any) -> Services:
    """Services over a test's database."""
    return Services(settings, database, open_store(settings), Signer(settings.secrets))
