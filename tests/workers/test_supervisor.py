"""The supervisor: nothing starts half, nothing stays behind."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import redis_client
from tests.workers.conftest import ROOT
from tmpa.settings import Settings
from workers.parts import Part, all_parts, taken_ports
from workers.processes import alive, die_with_parent, environment_of, free_port, wait_until
from workers.supervisor import CannotStart, Supervisor


@pytest.fixture
def own(tmp_path: Path) -> Settings:
    """Settings with free ports and an own folder."""
    portal, tracking, inbox, smtp = (free_port() for _ in range(4))
    return Settings(
        env="test",
        var_dir=tmp_path / "v",
        portal_url=f"http://127.0.0.1:{portal}",
        tracking_url=f"http://127.0.0.1:{tracking}",
        inbox_url=f"http://127.0.0.1:{inbox}",
        inbox_smtp_port=smtp,
        fast_passwords=True,
    )


def sleeper(name: str, mood: str = "steady", ready: Callable[[], bool] | None = None) -> Part:
    return Part(name, "tests.workers.sleeper", (mood,), ready=ready)


@pytest.fixture
def spawn() -> Iterator[Callable[[Settings], subprocess.Popen[str]]]:
    """Starts `tests.workers.supervised`."""
    started: list[subprocess.Popen[str]] = []

    def begin(settings: Settings) -> subprocess.Popen[str]:
        child = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "tests.workers.supervised"],
            cwd=ROOT,
            env=environment_of(settings),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=die_with_parent,
        )
        started.append(child)
        return child

    yield begin
    for child in started:
        if child.poll() is None:
            child.kill()
        child.communicate()


def family(pid: int) -> set[int]:
    """The process and all its descendants."""
    found = {pid}
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents[int(entry.name)] = int(fields[1])
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def command(pid: int) -> str:
    """The command line of a process, for the message of a failed test."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except OSError:
        return ""


def ready(child: subprocess.Popen[str]) -> dict[str, int]:
    assert child.stdout is not None
    line = child.stdout.readline()
    if not line:
        _out, words = child.communicate()
        pytest.fail(words)
    pids: dict[str, int] = json.loads(line)
    return pids


def test_a_taken_port_is_named_with_its_setting_and_a_free_one(own: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        settings = own.model_copy(update={"portal_url": f"http://127.0.0.1:{port}"})
        with pytest.raises(CannotStart) as refusal:
            Supervisor(settings).start()
    [message] = str(refusal.value).splitlines()
    assert message.startswith(
        f"Port {port} (TMPA_PORTAL_URL) is taken; set TMPA_PORTAL_URL=http://127.0.0.1:"
    )
    suggested = int(message.rpartition(":")[2])
    with socket.create_server(("127.0.0.1", suggested)):
        pass
    assert not (own.var_dir / "supervisor.lock").exists()


def test_one_port_for_two_parts_is_refused(own: Settings) -> None:
    port = int(own.portal_url.rpartition(":")[2])
    settings = own.model_copy(update={"inbox_smtp_port": port})
    [message] = taken_ports(all_parts(settings))
    assert message.startswith(f"Port {port} (TMPA_INBOX_SMTP_PORT) is wanted by TMPA_PORTAL_URL too; set ")


def test_a_folder_belongs_to_one_supervisor(own: Settings) -> None:
    with (
        Supervisor(own, (sleeper("one"),), fork=False),
        pytest.raises(CannotStart, match="set TMPA_VAR_DIR to another folder"),
    ):
        Supervisor(own, (sleeper("two"),), fork=False).start()


def test_a_part_that_does_not_come_up_stops_the_start(own: Settings) -> None:
    supervisor = Supervisor(own, (sleeper("good"), sleeper("bad", "broken", ready=lambda: False)), fork=False)
    with pytest.raises(CannotStart, match="bad ended while starting") as refusal:
        supervisor.start()
    assert "I can't go on" in str(refusal.value)
    assert supervisor.pids == {}


def test_what_crashes_is_started_again_and_what_is_deaf_is_killed(own: Settings) -> None:
    lines: list[str] = []
    supervisor = Supervisor(own, (sleeper("part"), sleeper("deaf", "deaf")), echo=lines.append, fork=False)
    supervisor.start()
    assert wait_until(lambda: sum("awake" in line for line in lines) == 2, 10)
    before = supervisor.pids
    os.kill(before["part"], signal.SIGKILL)
    os.kill(before["redis"], signal.SIGKILL)
    assert wait_until(lambda: sum("awake" in line for line in lines) == 3, 10)
    assert wait_until(lambda: "redis" in supervisor.pids, 10)
    after = supervisor.pids
    assert after["part"] != before["part"] and after["redis"] != before["redis"]
    supervisor.stop(seconds=0.5)
    assert not any(alive(pid) for pid in after.values())
    assert any("deaf" in line and "killed" in line for line in lines)
    assert (own.var_dir / "log" / "part.log").read_text() == "awake\nawake\n"


def test_a_killed_part_of_a_nursery_is_started_again(
    own: Settings, spawn: Callable[[Settings], subprocess.Popen[str]]
) -> None:
    child = spawn(own)
    pids = ready(child)
    os.kill(pids["relay"], signal.SIGKILL)
    log = own.var_dir / "log" / "relay.log"
    assert child.stderr is not None
    assert wait_until(lambda: not alive(pids["relay"]), 5)
    line = child.stderr.readline()
    while "relay" not in line or "starting again" not in line:
        line = child.stderr.readline()
    assert "ended with status -9" in line
    assert log.exists()
    everybody = family(child.pid)
    child.send_signal(signal.SIGTERM)
    assert child.wait(12) == 0
    assert [command(pid) for pid in everybody if alive(pid)] == []


def test_ctrl_c_stops_everything_and_a_second_start_finds_yesterday(
    own: Settings, spawn: Callable[[Settings], subprocess.Popen[str]]
) -> None:
    first = spawn(own)
    pids = ready(first)
    assert set(pids) == {"portal", "smtp", "worker-1", "relay", "schedule", "redis"}
    with urllib.request.urlopen(f"{own.portal_url}/readyz", timeout=5) as answer:
        assert json.load(answer)["status"] == "ready"
    client = redis_client(own.redis_address)
    client.set("yesterday", "kept")
    client.close()
    everybody = family(first.pid)
    assert len(everybody) >= 8  # granian's own worker is a grandchild
    begun = time.monotonic()
    first.send_signal(signal.SIGINT)
    assert first.wait(12) == 0
    assert time.monotonic() - begun < 10
    assert not [pid for pid in everybody if alive(pid)]

    second = spawn(own)
    ready(second)
    client = redis_client(own.redis_address)
    assert client.get("yesterday") == b"kept"
    client.close()

    # The worst end: nobody stops the children but the kernel.
    everybody = family(second.pid)
    second.kill()
    wait_until(lambda: not [pid for pid in everybody if alive(pid)], 20)
    assert [command(pid) for pid in everybody if alive(pid)] == []
