"""Sending: lease, mark in flight, check, hand over, record. The database is the queue of record."""

import time
import uuid
from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice

import structlog
from sqlalchemy.exc import OperationalError

from tmpa.audiences.suppression import suppress
from tmpa.campaigns.models import Campaign, CampaignStep
from tmpa.kernel.clock import utcnow
from tmpa.kernel.http import Services
from tmpa.kernel.jobs import enqueue
from tmpa.kernel.scope import Scope
from tmpa.sending import launch, ledger, mails
from tmpa.sending.compile import Addressee, CompiledMail
from tmpa.sending.guards import Rechecker, rechecking
from tmpa.sending.ledger import Held, Result
from tmpa.sending.mime import wire_address
from tmpa.sending.transports import Connection, MailTransport, Outcome, TransportUnavailable, transport_for

CHUNK = 20
"""Messages marked in flight by one transaction: at most so many are uncertain after a crash of this process."""

SLICE_SECONDS = 5.0
"""How long one job goes on before it lets other campaigns' jobs through."""

DELAYS = (60, 300, 900, 3600, 4 * 3600, 8 * 3600, 16 * 3600)
"""Seconds to wait after each refusal for now; after the last one the mail counts as not delivered (RFC 5321, 4.5.4.1
asks for four to five days in all; a campaign is stale after two)."""

UNAVAILABLE_SECONDS = 30
"""How long recipients wait when the transport itself could not be used."""

RECORD_PAUSES = (0.2, 1.0, 3.0, 10.0)
"""Seconds between tries to write down outcomes when the database doesn't answer."""

log = structlog.get_logger("sending")


@dataclass
class _Work:
    """A leased batch and everything that its messages share."""

    context: Services
    campaign: Campaign
    step: CampaignStep
    mails: Mapping[str, CompiledMail]
    transport: MailTransport
    lease: uuid.UUID
    held: list[Held]
    results: list[Result] = field(default_factory=list)
    dead: list[tuple[Held, Outcome]] = field(default_factory=list)
    chunk: list[Held] = field(default_factory=list)
    begun: set[uuid.UUID] = field(default_factory=set)
    done: int = 0


def send_batch(context: Services, step_id: str) -> int:
    """Send what a step has to send now, for a few seconds; goes on in a new job when there is more.

    Returns how many recipients were dealt with. Safe to run twice, and in several processes at once.
    """
    end, count = time.monotonic() + SLICE_SECONDS, 0
    while True:
        work = _take(context, uuid.UUID(step_id))
        if work is None:
            break
        is_open = _send(work, end)
        count += work.done
        if not is_open:  # the transport is away, or the campaign was stopped: the tick wakes us again
            break
        if time.monotonic() > end:
            with context.database.unit_of_work(Scope.system()) as session:
                enqueue(session, "sending.send_batch", {"step": step_id}, queue="batch")
            break
    with context.database.unit_of_work(Scope.system()) as session:
        launch.close_finished(session, uuid.UUID(step_id))
    return count


def _take(context: Services, step_id: uuid.UUID) -> _Work | None:
    settings = context.settings
    with context.database.unit_of_work(Scope.system()) as session:
        step = session.get_one(CampaignStep, step_id)
        campaign = session.get_one(Campaign, step.campaign_id)
        if step.state != "sending" or campaign.state != "running":
            return None
        pieces = mails.pieces_of(session, campaign.id, step.piece)
        compiled = {locale: mails.compiled(context, campaign, piece) for locale, piece in pieces.items()}
        missing = [locale for locale in campaign.locales if locale not in compiled]
        if missing:
            raise mails.MissingPiece(
                f"{campaign.public_id}: {step.piece} was not finished in {', '.join(missing)}"
            )
        lease, held = ledger.lease(session, step, settings.batch_size, settings.lease_seconds)
    if not held:
        return None
    return _Work(context, campaign, step, compiled, transport_for(settings), lease, held)


def _send(work: _Work, end: float) -> bool:
    """Send a leased batch, until the monotonic moment `end`; False when there is no point in going on."""
    database, settings, step = work.context.database, work.context.settings, work.step
    domain = next(iter(work.mails.values())).sender.domain
    renew_at = time.monotonic() + settings.lease_seconds / 2
    waiting = iter(work.held)
    is_open = True
    try:
        while is_open and time.monotonic() < end and (chunk := list(islice(waiting, CHUNK))):
            work.chunk = chunk
            with database.unit_of_work(Scope.system()) as session:
                ledger.record(session, step, work.lease, work.results)
                ids = [each.id for each in chunk]
                marked = ledger.mark_in_flight(session, step, work.lease, ids, settings.lease_seconds, domain)
                if time.monotonic() > renew_at:
                    ledger.extend(session, step, work.lease, settings.lease_seconds)
                    renew_at = time.monotonic() + settings.lease_seconds / 2
            work.done += len(work.results)
            work.results.clear()
            is_open = bool(marked) and _hand_over(work, [each for each in chunk if each.id in marked])
    finally:
        _put_down(work)
    return is_open


def _put_down(work: _Work) -> None:
    """Record what is known and give back what was not begun, patiently: while the database is away, what isn't written
    is uncertain."""
    known = {result.id for result in work.results} | work.begun
    untouched = [Result(each.id, "planned", each.attempt) for each in work.chunk if each.id not in known]
    for pause in (*RECORD_PAUSES, None):
        try:
            with work.context.database.unit_of_work(Scope.system()) as session:
                ledger.record(session, work.step, work.lease, [*work.results, *untouched])
                ledger.release(session, work.step, work.lease)
            break
        except OperationalError:
            if pause is None:
                raise
            time.sleep(pause)
    work.done += len(work.results)
    _bury(work)


def _hand_over(work: _Work, chunk: Sequence[Held]) -> bool:
    """Hand over rows in flight, over several connections at once; False when the transport can't be used."""
    queue = deque(chunk)
    down: list[TransportUnavailable] = []
    lanes = max(1, min(work.transport.connections, len(chunk) // 2))
    if lanes == 1:
        _lane(work, queue, down)
    else:
        with ThreadPoolExecutor(lanes, thread_name_prefix="send") as pool:
            for lane in [pool.submit(_lane, work, queue, down) for _each in range(lanes)]:
                lane.result()
    if down:
        log.warning("transport.unavailable", campaign=work.campaign.public_id, error=str(down[0]))
        later = utcnow() + timedelta(seconds=UNAVAILABLE_SECONDS)
        done = {result.id for result in work.results}
        work.results += [
            Result(each.id, "deferred", each.attempt, "unavailable", str(down[0]), not_before=later)
            for each in chunk
            if each.id not in done
        ]
    return not down


def _lane(work: _Work, queue: deque[Held], down: list[TransportUnavailable]) -> None:
    with rechecking(work.context.database, work.step) as rechecker, work.transport.open() as connection:
        while not down:
            try:
                held = queue.popleft()
            except IndexError:
                return
            work.begun.add(held.id)
            try:
                work.results.append(_one(work, held, rechecker, connection))
            except TransportUnavailable as error:
                down.append(error)


def _one(work: _Work, held: Held, rechecker: Rechecker, connection: Connection) -> Result:
    mail = work.mails[held.locale]
    to = Addressee(held.id, held.email, held.first_name, held.last_name, held.company)
    message = mail.build(to, utcnow()) if held.contact_id else b""
    reason = rechecker.reason_to_skip(held)  # last of all, so that nothing comes between it and the hand-over
    if reason:
        return Result(held.id, "skipped", held.attempt, reason)
    outcome = connection.send(message, mail.sender.address, wire_address(held.email))
    if outcome.is_hard:
        work.dead.append((held, outcome))
    return settle(held, outcome, utcnow())


def settle(held: Held, outcome: Outcome, now: datetime) -> Result:
    """The ledger's entry for an outcome at `now`."""
    attempt = held.attempt + 1
    if outcome.state == "handed_over":
        return Result(held.id, "handed_over", attempt, "", outcome.reply, handed_over_at=now)
    if outcome.state == "uncertain":
        return Result(held.id, "uncertain", attempt, "no_answer", outcome.reply)
    if outcome.state == "deferred":
        if attempt <= len(DELAYS):
            later = now + timedelta(seconds=DELAYS[attempt - 1])
            return Result(held.id, "deferred", attempt, "asked_to_wait", outcome.reply, not_before=later)
        return Result(held.id, "bounced", attempt, "gave_up", outcome.reply)
    return Result(
        held.id, "bounced", attempt, "no_such_address" if outcome.is_hard else "refused", outcome.reply
    )


def _bury(work: _Work) -> None:
    """Suppress dead addresses for the partner, after their outcomes are safely recorded."""
    for held, outcome in work.dead:
        evidence = {"recipient": str(held.id), "reply": outcome.reply, "at": utcnow().isoformat()}
        with work.context.database.unit_of_work(Scope.system()) as session:
            suppress(session, work.campaign.partner_id, held.email, "bounced", evidence)
    work.dead.clear()
