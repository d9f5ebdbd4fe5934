"""Every job by name, who subscribes to which event, and the schedule. Jobs only call services.

A job gets the process's services and its own JSON arguments, opens its own units of work, and may run twice.
"""

import uuid
from collections.abc import Callable
from typing import Any, NamedTuple

from tmpa.accounts import service as accounts
from tmpa.audiences import imports
from tmpa.campaigns import rendering
from tmpa.kernel.http import Services
from tmpa.kernel.jobs import Queue, subscribe
from tmpa.kernel.scope import Scope
from tmpa.partners import service as partners
from tmpa.sending import batches, launch, ledger, platform_mail

JobFunction = Callable[..., Any]
REGISTRY: dict[str, JobFunction] = {}


class Tick(NamedTuple):
    """A job that runs every `seconds` (aligned to the epoch, UTC)."""

    job: str
    seconds: int
    queue: Queue = "default"


def job(name: str) -> Callable[[JobFunction], JobFunction]:
    """Register a function as the job `name`."""

    def register(function: JobFunction) -> JobFunction:
        REGISTRY[name] = function
        return function

    return register


@job("accounts.forget_expired")
def forget_expired(context: Services) -> None:
    with context.database.unit_of_work(Scope.system()) as session:
        accounts.forget_expired(session)


@job("audiences.run_import")
def run_import(context: Services, import_id: str) -> None:
    imports.run_import(context, import_id)


@job("accounts.send_mail")
def send_mail(context: Services, mail: str) -> None:
    platform_mail.send_mail(context, mail)


@job("campaigns.finish_pieces")
def finish_pieces(context: Services, campaign: str) -> None:
    with context.database.unit_of_work(Scope.system()) as session:
        rendering.finish_campaign(session, context.store, context.signer, context.settings, uuid.UUID(campaign))


@job("sending.forget_contact")
def forget_contact(context: Services, contact: str) -> None:
    with context.database.unit_of_work(Scope.system()) as session:
        ledger.forget_contact(session, uuid.UUID(contact))


@job("sending.reap_leases")
def reap_leases(context: Services) -> None:
    with context.database.unit_of_work(Scope.system()) as session:
        ledger.reap(session)


@job("sending.send_batch")
def send_batch(context: Services, step: str) -> None:
    batches.send_batch(context, step)


@job("sending.start_campaign")
def start_campaign(context: Services, campaign: str) -> None:
    launch.start_campaign(context, campaign)


@job("sending.start_due_steps")
def start_due_steps(context: Services) -> None:
    launch.start_due(context)


SUBSCRIPTIONS: tuple[tuple[str, str], ...] = (
    ("audiences.erasing", "sending.forget_contact"),
    ("campaigns.launching", "campaigns.finish_pieces"),
    ("pages.published", "sending.start_campaign"),
)
"""(event, job) pairs: how news travels to the rooms above."""

SCHEDULE: tuple[Tick, ...] = (
    Tick("accounts.forget_expired", 3600),
    Tick("sending.reap_leases", 10),
    Tick("sending.start_due_steps", 10),
)


def wire() -> None:
    """Tell the outbox who listens to what. Every process that changes data calls this once at its start."""
    for event, name in SUBSCRIPTIONS:
        subscribe(event, name)
    accounts.when_joined(partners.activate)
