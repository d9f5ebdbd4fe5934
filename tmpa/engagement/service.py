"""What the schedule and the outbox have the room do."""

import uuid
from datetime import datetime, timedelta

from tmpa.engagement import deliveries, submissions
from tmpa.engagement.evidence import log
from tmpa.kernel.clock import utcnow
from tmpa.kernel.http import Services
from tmpa.kernel.scope import Scope


def record_deliveries(context: Services) -> int:
    """Write the ledger's news as events, in transactions of a bounded size; how many."""
    total = 0
    while True:
        with context.database.unit_of_work(Scope.system()) as session:
            done = deliveries.record_deliveries(session, context.store)
        total += done
        if not done:
            return total


def record_unsubscribe(context: Services, vendor: str, recipient: str, at: str) -> None:
    """Write that a recipient ended the subscription; ids as UUID texts, `at` in ISO 8601."""
    with context.database.unit_of_work(Scope.system()) as session:
        deliveries.record_unsubscribe(
            session, context.store, uuid.UUID(vendor), uuid.UUID(recipient), datetime.fromisoformat(at)
        )


def seal(context: Services) -> int:
    """Enter what is settled into every vendor's log; how many events."""
    settle = context.settings.settle_seconds
    total = 0
    with context.database.unit_of_work(Scope.system(), write=False) as session:
        vendors = log.vendors_with_work(session, utcnow() - timedelta(seconds=settle))
    for vendor_id in vendors:
        while True:
            with context.database.unit_of_work(Scope.system()) as session:
                done = log.seal(session, context.signer, vendor_id, settle_seconds=settle)
            total += done
            if done < log.BATCH:
                break
    return total


def forget_contact(context: Services, contact: str) -> None:
    """Remove what forms and events say about a person who is being erased."""
    with context.database.unit_of_work(Scope.system()) as session:
        submissions.forget(session, uuid.UUID(contact))
