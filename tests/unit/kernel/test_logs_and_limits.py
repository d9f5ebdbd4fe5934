"""Logs hold no secret; rate limits count in Redis for every process."""

import json
import logging
import subprocess
import sys
from pathlib import Path

import pytest
import structlog

from tmpa.kernel import logs
from tmpa.kernel.errors import Refused
from tmpa.kernel.ratelimit import RateLimits
from tmpa.settings import Settings
from workers.embedded import EmbeddedRedis

PROGRAM = """
import logging, structlog
from tmpa.kernel import logs
from tmpa.settings import Settings
logs.configure(Settings(env="test", log_format={form!r}), "test")
logs.bind_request("id-12345678", "GET", "/reset/usr_01k2abcdefghijkmnpqrstvwxy/" + "eyJlIjox" * 8)
def fail(password):
    raise RuntimeError("it broke")
log = structlog.get_logger("a")
log.info("connecting", url="postgresql://tmpa:hunter2@db/x", password="hunter2", nested={{"api_key": "hunter2"}})
try:
    fail("hunter2")
except RuntimeError as error:
    log.exception("it failed")
    logging.getLogger("b").exception("unhandled error", exc_info=error)
logging.getLogger("c").warning("plain %s", "text")
"""


@pytest.mark.parametrize("form", ["json", "text"])
def test_no_log_line_holds_a_secret(form: str) -> None:
    """Neither as a value, nor in an address, a path, or a traceback's local variables."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(form=form)], capture_output=True, text=True, check=True
    )
    assert done.stdout == ""
    assert "hunter2" not in done.stderr and "eyJlIjox" not in done.stderr
    for said in ("connecting", "it failed", "unhandled error", "it broke", "plain text", "fail"):
        assert said in done.stderr
    if form == "json":
        lines = [json.loads(line) for line in done.stderr.splitlines()]
        assert len(lines) == 4
        assert all(line["process"] == "test" and line["path"].startswith("/reset/usr_01k2") for line in lines)
        assert lines[0]["url"] == "postgresql://tmpa:…@db/x" and lines[0]["password"] == "…"


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/campaigns/cmp_01k2abcdefghijkmnpqrstvwxy/live", "/campaigns/cmp_01k2abcdefghijkmnpqrstvwxy/live"),
        ("/join/" + "a" * 80, "/join/…"),
        ("/u/" + "b" * 70, "/u/…"),
        ("/", "/"),
    ],
)
def test_paths_are_logged_without_tokens(path: str, shown: str) -> None:
    logs.bind_request("id-12345678", "GET", path)
    assert structlog.contextvars.get_contextvars()["path"] == shown
    structlog.contextvars.clear_contextvars()


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("abcdef-12345678", True),
        ("short", False),
        ("x" * 65, False),
        ("bad\nline-12345", False),
        (None, False),
    ],
)
def test_only_a_sane_request_id_is_taken_over(given: str | None, kept: bool) -> None:
    assert (logs.request_id(given) == given) is kept


def test_a_limit_is_shared_by_processes_and_keys_are_apart(
    redis_server: EmbeddedRedis, tmp_path: Path
) -> None:
    settings = Settings(env="test", var_dir=tmp_path, redis_url=redis_server.url)
    one, other = RateLimits(settings), RateLimits(settings)
    for limits in (one, other, one):
        limits.hit("sign-in", "somebody", "3 per minute")
    with pytest.raises(Refused) as refused:
        other.hit("sign-in", "somebody", "3 per minute")
    assert refused.value.code == "too_many"
    one.hit("sign-in", "somebody else", "3 per minute")
    one.hit("reset", "somebody", "3 per minute")


def test_library_chatter_is_quiet() -> None:
    root = logging.getLogger()
    kept = (root.handlers[:], root.level)
    try:
        logs.configure(Settings(env="test"), "test")
        assert all(logging.getLogger(name).level >= logging.WARNING for name in logs.CHATTY)
    finally:
        root.handlers[:], root.level = kept[0], kept[1]
        structlog.reset_defaults()
