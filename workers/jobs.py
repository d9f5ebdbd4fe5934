"""Every job by name, who subscribes to which event, and the schedule. Jobs only call services.

A job gets the process's services and its own JSON arguments, opens its own units of work, and may run twice.
"""

import uuid
from collections.abc import Callable
from typing import Any, NamedTuple

from tmpa.accounts import service as accounts
from tmpa.audiences import imports
from tmpa.campaigns import rendering
from tmpa.deals import leads, registration, touchpoints
from tmpa.engagement import service as engagement
from tmpa.kernel import jobs
from tmpa.kernel.clock import utcnow
from tmpa.kernel.http import Services
from tmpa.kernel.jobs import Queue, subscribe
from tmpa.kernel.scope import Scope, load
from tmpa.kits import drafts
from tmpa.kits import service as kits
from tmpa.kits.localisation import memory
from tmpa.mdf import dossier, requests
from tmpa.pages import publish
from tmpa.pages.models import Submission
from tmpa.partners import service as partners
from tmpa.sending import batches, launch, ledger, platform_mail, withdrawal

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


@job("audiences.delete_report")
def delete_report(context: Services, import_id: str) -> None:
    imports.delete_report(context, import_id)


@job("audiences.run_import")
def run_import(context: Services, import_id: str) -> None:
    imports.run_import(context, import_id)


@job("accounts.send_mail")
def send_mail(context: Services, mail: str) -> None:
    platform_mail.send_mail(context, mail)


@job("campaigns.finish_pieces")
def finish_pieces(context: Services, campaign: str) -> None:
    with context.database.unit_of_work(Scope.system()) as session:
        rendering.finish_campaign(
            session, context.store, context.signer, context.settings, uuid.UUID(campaign)
        )


@job("engagement.forget_contact")
def forget_contact_events(context: Services, contact: str) -> None:
    engagement.forget_contact(context, contact)


@job("engagement.record_deliveries")
def record_deliveries(context: Services) -> None:
    engagement.record_deliveries(context)


@job("engagement.record_unsubscribe")
def record_unsubscribe(context: Services, vendor: str, recipient: str, at: str, by: str) -> None:
    engagement.record_unsubscribe(context, vendor, recipient, at)


@job("engagement.seal")
def seal_evidence(context: Services) -> None:
    engagement.seal(context)


@job("pages.publish_campaign")
def publish_campaign(context: Services, campaign: str) -> None:
    publish.publish_campaign(context, campaign)


@job("pages.withdraw_expired")
def withdraw_expired_pages(context: Services) -> None:
    with context.database.unit_of_work(Scope.system()) as session:
        publish.withdraw_expired(session, context.store, utcnow().date())


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


@job("sending.leave_withdrawn")
def leave_withdrawn(context: Services, kit_version: str, stop: bool) -> None:
    withdrawal.leave_withdrawn(context, kit_version, stop)


@job("sending.start_due_steps")
def start_due_steps(context: Services) -> None:
    launch.start_due(context)


@job("deals.collect_touchpoints")
def collect_touchpoints(context: Services) -> None:
    with context.database.unit_of_work(Scope.system()) as session:
        touchpoints.collect_for_open_deals(session)


@job("deals.expire_overdue")
def expire_overdue(context: Services) -> None:
    with context.database.unit_of_work(Scope.system()) as session:
        registration.expire_overdue(session, utcnow().date())


@job("deals.forget_contact")
def forget_lead(context: Services, contact: str) -> None:
    with context.database.unit_of_work(Scope.system()) as session:
        leads.forget(session, uuid.UUID(contact))


@job("deals.make_lead")
def make_lead(context: Services, submission: str) -> None:
    with context.database.unit_of_work(Scope.system()) as session:
        leads.lead_from_submission(session, load(session, Submission, uuid.UUID(submission)))


@job("kernel.forget_done")
def forget_done(context: Services) -> None:
    with context.database.unit_of_work(Scope.system()) as session:
        jobs.forget_done(session)


@job("kits.check_draft")
def check_kit_draft(context: Services, draft: str, content_hash: str, locale: str) -> None:
    drafts.check_draft(context, draft, content_hash, locale)


@job("kits.expire_overdue")
def expire_overdue_kits(context: Services) -> None:
    with context.database.unit_of_work(Scope.system()) as session:
        kits.expire_overdue(session, utcnow().date())


@job("kits.remember_translations")
def remember_translations(context: Services, kit_version: str) -> None:
    memory.remember_version(context, kit_version)


@job("mdf.assemble_dossier")
def assemble_dossier(context: Services, claim: str) -> None:
    dossier.assemble_dossier(context, claim)


@job("mdf.release_expired")
def release_expired(context: Services) -> None:
    with context.database.unit_of_work(Scope.system()) as session:
        requests.release_expired(session, utcnow().date())


SUBSCRIPTIONS: tuple[tuple[str, str], ...] = (
    ("audiences.erasing", "deals.forget_contact"),
    ("audiences.erasing", "engagement.forget_contact"),
    ("audiences.erasing", "sending.forget_contact"),
    ("engagement.submitted", "deals.make_lead"),
    ("campaigns.launching", "campaigns.finish_pieces"),
    ("campaigns.pieces_ready", "pages.publish_campaign"),
    ("kit.withdrawn", "sending.leave_withdrawn"),
    ("kit.published", "kits.remember_translations"),
    ("pages.published", "sending.start_campaign"),
    ("sending.unsubscribed", "engagement.record_unsubscribe"),
)
"""(event, job) pairs: how news travels to the rooms above."""

SCHEDULE: tuple[Tick, ...] = (
    Tick("accounts.forget_expired", 3600),
    Tick("kernel.forget_done", 3600),
    Tick("deals.collect_touchpoints", 300),
    Tick("deals.expire_overdue", 3600),
    Tick("kits.expire_overdue", 3600),
    Tick("mdf.release_expired", 3600),
    Tick("engagement.record_deliveries", 3, "events"),
    Tick("engagement.seal", 15, "events"),
    Tick("pages.withdraw_expired", 3600),
    Tick("sending.reap_leases", 10),
    Tick("sending.start_due_steps", 10),
)


def wire() -> None:
    """Tell the outbox who listens to what. Every process that changes data calls this once at its start."""
    for event, name in SUBSCRIPTIONS:
        subscribe(event, name)
    accounts.when_joined(partners.activate)
