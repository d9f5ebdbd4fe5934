"""kill -9 of the tracking app under load: every event that was answered is in the database afterwards."""

import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from http.client import HTTPConnection

import pytest
from sqlalchemy import func, select

from tests.factories.engagement import Audience, audience, open_context
from tmpa.db import Database
from tmpa.engagement.drain import drain_once
from tmpa.engagement.models import EngagementEvent
from tmpa.kernel.scope import Scope
from tmpa.kernel.tracking_tokens import encode
from tmpa.settings import Settings
from workers.jobs import wire
from workers.processes import free_port, wait_until

pytestmark = pytest.mark.backends("sqlite")


@pytest.fixture
def mailed(settings: Settings, database: Database) -> Audience:
    wire()
    return audience(open_context(settings, database))


class Server:
    """The real app under the real server, one worker."""

    def __init__(self, settings: Settings) -> None:
        self.port = free_port()
        environ = {
            **os.environ,
            "TMPA_ENV": "test",
            "TMPA_VAR_DIR": str(settings.var_dir),
            "TMPA_SECRET_KEYS": settings.secret_keys,
            # nothing behind it exists: it must not care
            "TMPA_DATABASE_URL": "postgresql://nobody:nothing@127.0.0.1:1/none",
            "TMPA_REDIS_URL": "redis://127.0.0.1:1/0",
        }
        command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--factory", "--port", str(self.port),
                   "--workers", "1", "--blocking-threads", "1", "--log-level", "error", "wsgi:tracking"]  # fmt: skip
        self.process = subprocess.Popen(command, env=environ, start_new_session=True)
        assert wait_until(self.answers, 20)

    def answers(self) -> bool:
        try:
            return self.get("/healthz") == 200
        except OSError:
            return False

    def get(self, path: str) -> int:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", path, headers={"User-Agent": f"test {uuid.uuid4().hex}"})
            return connection.getresponse().status
        finally:
            connection.close()

    def kill(self) -> None:
        """All of it at once, as a power cut would."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def test_nothing_answered_is_lost(mailed: Audience) -> None:
    token = encode(mailed.context.signer, "open", mailed.vendor_id, mailed.recipients[0])
    answered = 0
    for _round in range(2):
        server = Server(mailed.context.settings)
        counts = [0, 0]

        def load(number: int, server: Server = server, counts: list[int] = counts) -> None:
            while True:
                try:
                    if server.get(f"/o/{token}.gif") != 200:
                        return
                except OSError:
                    return
                counts[number] += 1

        threads = [threading.Thread(target=load, args=(number,)) for number in range(2)]
        try:
            for thread in threads:
                thread.start()
            time.sleep(1.0)
            drain_once(mailed.context, mailed.spool)  # while it writes
            time.sleep(0.3)
        finally:
            server.kill()
        for thread in threads:
            thread.join()
        assert min(counts) > 0
        answered += sum(counts)
        drain_once(mailed.context, mailed.spool)
    with mailed.context.database.unit_of_work(Scope.system(), write=False) as session:
        stored = session.scalar(select(func.count()).select_from(EngagementEvent)) or 0
    # A request may have been kept when the kill came before its answer; never the other way round.
    assert answered <= stored <= answered + 2 * len(threads)
    assert not list(mailed.spool.glob("*.jsonl")) and not (mailed.spool / "rejected").exists()
