"""Sending: at most once, never against a rule, and what happens with each answer."""

import multiprocessing
import threading
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError

from tests.factories.sending import SYSTEM, SendingWorld, services
from tests.servers.hostile_smtp import hostile
from tests.servers.smtp import SmtpSink
from tmpa.audiences.models import Contact, Suppression
from tmpa.campaigns.models import CampaignStep
from tmpa.db import Database
from tmpa.kernel.clock import utcnow
from tmpa.kernel.models import Job
from tmpa.sending import ledger
from tmpa.sending.batches import DELAYS, send_batch, settle
from tmpa.sending.compile import Addressee, CompiledMail
from tmpa.sending.models import Recipient
from tmpa.sending.progress import progress
from tmpa.sending.transports import Outcome
from tmpa.settings import Settings


def begin(world: SendingWorld) -> None:
    """The first step is frozen and sending."""
    with world.database.unit_of_work(SYSTEM) as session:
        step = session.get_one(CampaignStep, world.steps[0])
        step.state, step.started_at = "sending", utcnow()
        ledger.snapshot(session, step)
    world.set_state("running")


def sent_to(sink: SmtpSink) -> Counter[str]:
    return Counter(address for one in sink.received for address in one.recipients)


def test_everybody_once_and_in_their_language(smtp_world: SendingWorld, smtp_sink: SmtpSink) -> None:
    world = smtp_world
    world.people([f"p{n}@a.example" for n in range(45)], first_name="Ada")
    world.people(["d@a.example"], locale="de", first_name="Jörg", last_name="Müller")
    world.people(["none@a.example"], consent="none")
    begin(world)
    assert send_batch(world.context, str(world.steps[0])) == 46
    assert world.states() == {"handed_over": 46, "skipped": 1}
    assert set(sent_to(smtp_sink).values()) == {1} and len(sent_to(smtp_sink)) == 46
    (german,) = smtp_sink.to("d@a.example")
    row = world.recipients()["d@a.example"]
    assert german.sender == "no-reply@tmpa.example"
    assert german.message["Subject"] == "Schlaf gut, Jörg"
    assert german.message["From"].addresses[0].display_name == "Pärtner north"
    assert german.message["Reply-To"] == "Pärtner north <hello@north.example>"
    assert german.message["Message-ID"] == f"<{row.message_id}>"
    assert row.handed_over_at and row.attempt == 1 and row.lease is None and row.reply.startswith("250")
    assert send_batch(world.context, str(world.steps[0])) == 0
    with world.database.unit_of_work(world.partner.scope, write=False) as session:
        figures = progress(session, world.campaign())
    assert (figures.to_send, figures.sent, figures.remaining, figures.skipped) == (
        46,
        46,
        0,
        {"no_consent": 1},
    )


def test_a_suppression_that_comes_mid_send_is_obeyed(
    smtp_world: SendingWorld, smtp_sink: SmtpSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole chunk is in flight already when the person unsubscribes."""
    world = smtp_world
    world.people([f"p{n:02}@a.example" for n in range(12)])
    context = services(world.context.settings.model_copy(update={"mail_connections": 1}), world.database)
    begin(world)
    deliver = type(smtp_sink).handle_DATA
    late: list[str] = []

    async def meanwhile(self: SmtpSink, server: object, session: object, envelope: object) -> str:
        answer = await deliver(self, server, session, envelope)  # type: ignore[arg-type]
        if not late:
            first = smtp_sink.received[0].recipients[0]
            others = [email for email in world.recipients() if email != first]
            late.extend(others[:2])
            world.suppress(others[0], world.partner_id)
            with world.database.unit_of_work(SYSTEM) as own:
                own.execute(update(Contact).where(Contact.email == others[1]).values(consent="withdrawn"))
        return answer

    monkeypatch.setattr(type(smtp_sink), "handle_DATA", meanwhile)
    send_batch(context, str(world.steps[0]))
    rows = world.recipients()
    assert (rows[late[0]].state, rows[late[0]].reason) == ("skipped", "suppressed")
    assert (rows[late[1]].state, rows[late[1]].reason) == ("skipped", "no_consent")
    assert not smtp_sink.to(late[0]) and not smtp_sink.to(late[1])
    assert len(sent_to(smtp_sink)) == 10


def test_a_pause_mid_send_stops_after_the_messages_in_flight(
    smtp_world: SendingWorld, smtp_sink: SmtpSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = smtp_world
    world.people([f"p{n:02}@a.example" for n in range(60)])
    begin(world)
    deliver = type(smtp_sink).handle_DATA

    async def meanwhile(self: SmtpSink, server: object, session: object, envelope: object) -> str:
        answer = await deliver(self, server, session, envelope)  # type: ignore[arg-type]
        if len(smtp_sink.received) == 1:
            world.set_state("paused")
        return answer

    monkeypatch.setattr(type(smtp_sink), "handle_DATA", meanwhile)
    send_batch(world.context, str(world.steps[0]))
    assert world.states() == {"handed_over": 20, "planned": 40}
    world.set_state("running")
    send_batch(world.context, str(world.steps[0]))
    assert set(sent_to(smtp_sink).values()) == {1} and len(sent_to(smtp_sink)) == 60


def test_answers_lead_to_states(smtp_world: SendingWorld, smtp_sink: SmtpSink) -> None:
    world = smtp_world
    world.people(["ok@a.example", "gone@a.example", "spam@a.example", "grey@a.example"])
    smtp_sink.refuse |= {
        "gone@a.example": "550 5.1.1 No such user",
        "spam@a.example": "550 5.7.1 Looks like spam",
        "grey@a.example": "450 4.2.0 Greylisted",
    }
    begin(world)
    send_batch(world.context, str(world.steps[0]))
    rows = world.recipients()
    assert {email: (row.state, row.reason) for email, row in rows.items()} == {
        "ok@a.example": ("handed_over", ""),
        "gone@a.example": ("bounced", "no_such_address"),
        "spam@a.example": ("bounced", "refused"),
        "grey@a.example": ("deferred", "asked_to_wait"),
    }
    later = rows["grey@a.example"].not_before
    assert later and timedelta(seconds=50) < later - utcnow() <= timedelta(seconds=DELAYS[0])
    with world.database.unit_of_work(SYSTEM, write=False) as session:
        stopped = {row.email_key: row for row in session.scalars(select(Suppression))}
    assert set(stopped) == {"gone@a.example"}
    assert (
        stopped["gone@a.example"].reason == "bounced"
        and stopped["gone@a.example"].organization_id == world.partner_id
    )
    smtp_sink.refuse.clear()
    assert send_batch(world.context, str(world.steps[0])) == 0  # not before its time
    with world.database.unit_of_work(SYSTEM) as session:
        session.execute(
            update(Recipient).where(Recipient.not_before.is_not(None)).values(not_before=utcnow())
        )
    assert send_batch(world.context, str(world.steps[0])) == 1
    assert world.recipients()["grey@a.example"].attempt == 2


def test_refused_for_days_is_not_delivered() -> None:
    held = ledger.Held(*(None,) * 2, None, "a@a.example", "en", len(DELAYS), "", "", "")  # type: ignore[arg-type]
    result = settle(held, Outcome("deferred", 450, "450 no"), utcnow())
    assert (result.state, result.reason) == ("bounced", "gave_up")


def test_a_server_that_is_away_costs_nobody_an_attempt(world: SendingWorld) -> None:
    world.people([f"p{n}@a.example" for n in range(30)])
    begin(world)
    with hostile(greeting=b"421 Busy\r\n") as server:
        settings = world.context.settings.model_copy(update={"mail_url": server.url})
        assert send_batch(services(settings, world.database), str(world.steps[0])) == 20
        assert server.connections <= settings.mail_connections
    assert world.states() == {"deferred": 20, "planned": 10}
    assert {row.attempt for row in world.recipients().values() if row.state == "deferred"} == {0}
    with world.database.unit_of_work(SYSTEM) as session:
        session.execute(update(Recipient).values(not_before=None))
    assert send_batch(world.context, str(world.steps[0])) == 30
    assert world.states() == {"handed_over": 30}


def test_a_server_that_hangs_up_on_messages_leaves_them_uncertain(world: SendingWorld) -> None:
    world.people([f"p{n}@a.example" for n in range(5)])
    begin(world)
    with hostile(end=None) as server:
        context = services(world.context.settings.model_copy(update={"mail_url": server.url}), world.database)
        send_batch(context, str(world.steps[0]))
        send_batch(context, str(world.steps[0]))
        assert len(server.messages) == 5
    assert world.states() == {"uncertain": 5}
    assert send_batch(world.context, str(world.steps[0])) == 0


def test_a_bug_in_the_middle_loses_and_doubles_nothing(
    smtp_world: SendingWorld, smtp_sink: SmtpSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = smtp_world
    world.people([f"p{n:02}@a.example" for n in range(50)])
    begin(world)
    honest, count = CompiledMail.build, iter(range(1000))

    def breaks(self: CompiledMail, to: Addressee, date: datetime) -> bytes:
        if next(count) == 33:
            raise RuntimeError("a bug")
        return honest(self, to, date)

    monkeypatch.setattr(CompiledMail, "build", breaks)
    with pytest.raises(RuntimeError):
        send_batch(world.context, str(world.steps[0]))
    states = world.states()
    assert states["handed_over"] == len(smtp_sink.received)
    assert states["in_flight"] == 1, "only the message that broke is in doubt"
    assert states["handed_over"] + states["planned"] == 49
    with world.database.unit_of_work(SYSTEM) as session:
        session.execute(update(Recipient).values(lease_until=utcnow() - timedelta(seconds=1)))
        ledger.reap(session)
    send_batch(world.context, str(world.steps[0]))
    uncertain = {email for email, row in world.recipients().items() if row.state == "uncertain"}
    assert set(sent_to(smtp_sink).values()) == {1}
    assert len(sent_to(smtp_sink)) + len(uncertain - set(sent_to(smtp_sink))) == 50


def test_a_database_that_goes_away_for_a_moment_forgets_no_outcome(
    smtp_world: SendingWorld, smtp_sink: SmtpSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = smtp_world
    world.people([f"p{n:02}@a.example" for n in range(30)])
    begin(world)
    honest, failures = ledger.record, iter([False, True, True, True])

    def away(*args: Any) -> None:
        if next(failures, False):
            raise OperationalError("UPDATE", {}, Exception("server closed the connection"))
        honest(*args)

    monkeypatch.setattr(ledger, "record", away)
    monkeypatch.setattr("tmpa.sending.batches.RECORD_PAUSES", (0.01, 0.01, 0.01))
    with pytest.raises(OperationalError):
        send_batch(world.context, str(world.steps[0]))
    assert world.states() == {"handed_over": 20, "planned": 10}
    send_batch(world.context, str(world.steps[0]))
    assert set(sent_to(smtp_sink).values()) == {1} and len(sent_to(smtp_sink)) == 30


def _send_in_process(settings: Settings, step_id: str, start: "multiprocessing.synchronize.Event") -> None:
    database = Database(settings)
    start.wait()
    send_batch(services(settings, database), step_id)
    database.dispose()


def test_two_processes_at_once_send_each_once(smtp_world: SendingWorld, smtp_sink: SmtpSink) -> None:
    world = smtp_world
    world.people([f"p{n:03}@a.example" for n in range(200)])
    begin(world)
    settings = world.context.settings.model_copy(update={"batch_size": 30})
    forks = multiprocessing.get_context("forkserver")
    forks.set_forkserver_preload([__name__])
    start = forks.Event()
    children = [
        forks.Process(target=_send_in_process, args=(settings, str(world.steps[0]), start))
        for _each in range(2)
    ]
    for child in children:
        child.start()
    start.set()
    for child in children:
        child.join(60)
        assert child.exitcode == 0
    assert world.states() == {"handed_over": 200}
    assert set(sent_to(smtp_sink).values()) == {1} and len(sent_to(smtp_sink)) == 200


def test_two_threads_at_once(world: SendingWorld) -> None:
    world.people([f"p{n:03}@a.example" for n in range(60)])
    begin(world)
    threads = [
        threading.Thread(target=send_batch, args=(world.context, str(world.steps[0]))) for _each in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert world.states() == {"handed_over": 60}
    assert len(list((world.context.settings.var_dir / "inbox" / "new").iterdir())) == 60


def test_more_than_a_slice_goes_on_in_a_new_job(world: SendingWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    world.people([f"p{n:03}@a.example" for n in range(60)])
    begin(world)
    monkeypatch.setattr("tmpa.sending.batches.SLICE_SECONDS", 0.0)
    send_batch(world.context, str(world.steps[0]))
    with world.database.unit_of_work(SYSTEM, write=False) as session:
        assert [job.args for job in session.scalars(select(Job))] == [{"step": str(world.steps[0])}]
