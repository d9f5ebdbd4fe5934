"""What stands between a leased recipient and the hand-over: named checks, each ending in a recorded reason.

They run for every single message, right before it is handed over, on what the database says at that moment.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection

from tmpa.campaigns.models import CampaignStep
from tmpa.db import Database
from tmpa.sending.ledger import Held
from tmpa.sending.mime import is_mailable
from tmpa.sending.queries import RECHECK


@dataclass(frozen=True, slots=True)
class Facts:
    """What the guards look at. `consent` is empty when the contact was erased."""

    email: str
    consent: str
    is_suppressed: bool


@dataclass(frozen=True, slots=True)
class Guard:
    """A check by name; the name is the skip reason in the ledger."""

    reason: str
    stops: Callable[[Facts], bool]


GUARDS: tuple[Guard, ...] = (
    Guard("erased", lambda facts: not facts.consent),
    Guard("suppressed", lambda facts: facts.is_suppressed),
    Guard("no_consent", lambda facts: facts.consent != "given"),
    Guard("invalid", lambda facts: not is_mailable(facts.email)),
)


class Rechecker:
    """Asks the database about one recipient after the other, each in a moment of its own.

    It reads by a connection of its own, past the session: a session's transaction would keep showing the state at
    its beginning, and a checkout from the pool per message costs a round trip more.
    """

    def __init__(self, connection: Connection, step: CampaignStep) -> None:
        self._connection = connection
        self._step = step

    def reason_to_skip(self, held: Held) -> str:
        """The first guard's reason against mailing this recipient now, or an empty string."""
        facts = self._facts(held)
        return next((guard.reason for guard in GUARDS if guard.stops(facts)), "")

    def _facts(self, held: Held) -> Facts:
        if held.contact_id is None:
            return Facts(held.email, "", False)
        parameters = {
            "contact_id": held.contact_id,
            "partner_id": self._step.partner_id,
            "vendor_id": self._step.vendor_id,
        }
        found = self._connection.execute(RECHECK, parameters).one_or_none()
        self._connection.rollback()
        return Facts(held.email, found[0], bool(found[1])) if found else Facts(held.email, "", False)


@contextmanager
def rechecking(database: Database, step: CampaignStep) -> Iterator[Rechecker]:
    """A rechecker with a connection of its own, read-only."""
    options = {"read_only": True} if database.is_sqlite else {"isolation_level": "AUTOCOMMIT"}
    with database.engine.connect().execution_options(**options) as connection:
        yield Rechecker(connection, step)
