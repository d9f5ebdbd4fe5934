"""Processes that are killed while they send: nobody gets a mail twice, nobody is forgotten."""

import multiprocessing
import random
import time
from collections import Counter
from typing import Any

import pytest

from tests.factories.sending import SYSTEM, SendingWorld, sending_world, services
from tests.servers.smtp import SmtpSink
from tmpa.campaigns.models import CampaignStep
from tmpa.db import Database
from tmpa.kernel.clock import utcnow
from tmpa.kernel.http import Services
from tmpa.kernel.objects import open_store
from tmpa.kernel.signing import Signer
from tmpa.sending import batches, ledger
from tmpa.settings import Settings
from workers.processes import die_with_parent, wait_until

PEOPLE = 300
KILLS = 5


def _send_all(settings: Settings, step_id: str) -> None:
    """The victim: sends the step until nothing is left, as a worker does."""
    die_with_parent()
    context = Services(settings, Database(settings), open_store(settings), Signer(settings.secrets))
    while batches.send_batch(context, step_id):
        pass


@pytest.fixture
def world(settings: Settings, database: Database, smtp_sink: SmtpSink) -> SendingWorld:
    update = {"mail_url": smtp_sink.url, "batch_size": 30, "lease_seconds": 5}
    return sending_world(services(settings.model_copy(update=update), database))


def _begin(world: SendingWorld) -> None:
    with world.database.unit_of_work(SYSTEM) as session:
        step = session.get_one(CampaignStep, world.steps[0])
        step.state, step.started_at = "sending", utcnow()
        ledger.snapshot(session, step)
    world.set_state("running")


def _start(world: SendingWorld) -> Any:
    # a server that has imported everything forks the victims: each starts in milliseconds
    forks = multiprocessing.get_context("forkserver")
    forks.set_forkserver_preload([__name__])
    victim = forks.Process(target=_send_all, args=(world.context.settings, str(world.steps[0])))
    victim.start()
    return victim


def test_kills_lose_and_double_nobody(world: SendingWorld, smtp_sink: SmtpSink) -> None:
    world.people([f"p{n:03}@a.example" for n in range(PEOPLE)])
    _begin(world)
    dice = random.Random(2)
    for _kill in range(KILLS):
        before = len(smtp_sink.received)
        victim = _start(world)
        assert wait_until(lambda before=before: len(smtp_sink.received) > before, 60, pause=0.002), (
            "nothing was sent"
        )
        time.sleep(dice.uniform(0, 0.05))
        victim.kill()
        victim.join()
    in_flight = world.states().get("in_flight", 0)
    assert in_flight <= KILLS * batches.CHUNK
    time.sleep(world.context.settings.lease_seconds + 0.2)
    with world.database.unit_of_work(SYSTEM) as session:
        ledger.reap(session)
    last = _start(world)
    last.join(120)
    assert last.exitcode == 0
    counts = Counter(address for one in smtp_sink.received for address in one.recipients)
    rows = world.recipients()
    assert len(rows) == PEOPLE
    assert {row.state for row in rows.values()} <= {"handed_over", "uncertain"}, world.states()
    assert max(counts.values()) == 1, "somebody got it twice"
    forgotten = [email for email, row in rows.items() if row.state == "handed_over" and email not in counts]
    assert not forgotten
    uncertain = [email for email, row in rows.items() if row.state == "uncertain"]
    assert len(uncertain) == in_flight
    assert set(counts) | set(uncertain) == set(rows)
