"""The whole loop by one command, on both columns of the store table: local parts, and servers as in production."""

import json
import os
import subprocess
import sys
import zipfile
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from tests.servers.databases import Templates
from tests.servers.s3 import S3Server
from workers.embedded import EmbeddedRedis


def tell(out: Path, environ: dict[str, str], *more: str) -> subprocess.CompletedProcess[str]:
    """Run the command in an environment that has only what is given."""
    base = {name: value for name, value in os.environ.items() if not name.startswith(("TMPA_", "AWS_"))}
    return subprocess.run(
        [sys.executable, "-m", "tmpa", "story", "--out", str(out), *more],
        env={**base, **environ},
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )


def check(out: Path, told: subprocess.CompletedProcess[str]) -> dict[str, object]:
    """What every story leaves; its report."""
    assert told.returncode == 0, f"{told.stdout}\n{told.stderr}\n{log_of(out)}"
    report: dict[str, object] = json.loads((out / "report.json").read_text())
    mails = [
        message_from_bytes(path.read_bytes(), policy=policy.default) for path in (out / "mail").glob("*.eml")
    ]
    assert len(mails) == report["delivered"] > 40
    assert report["recipients"] == report["delivered"] + sum(report["skipped"].values())  # type: ignore[attr-defined,operator]
    assert report["skipped"]["suppressed"] >= 1  # type: ignore[index]
    assert report["human_clicks"] and report["machine_clicks"] and report["leads"] and report["deals"] == 1
    assert report["claim"]["state"] == "paid" and report["claim"]["amount_minor"] > 0  # type: ignore[index]
    assert all(value >= 0 for value in report["seconds"].values())  # type: ignore[attr-defined]
    assert zipfile.ZipFile(out / "dossier.zip").testzip() is None
    assert list((out / "pages").rglob("*.html"))
    assert (out / "report.html").read_text().startswith("<!doctype html>")
    return report


def log_of(out: Path) -> str:
    log = out / ".run" / "processes.log"
    return log.read_text()[-4000:] if log.exists() else ""


def test_on_local_parts_in_english(tmp_path: Path) -> None:
    report = check(tmp_path / "out", tell(tmp_path / "out", {}))
    assert report["refused"] == 11  # what the two shipped lists have that no list should


def test_on_servers_in_arabic(tmp_path: Path, databases: Templates, redis_server: EmbeddedRedis) -> None:
    s3 = S3Server("rclone")
    s3.start()
    address = databases.fresh("postgresql")
    try:
        environ = {
            "TMPA_DATABASE_URL": address,
            "TMPA_REDIS_URL": redis_server.url,
            "TMPA_OBJECTS_URL": f"s3://{s3.address.bucket}",
            "TMPA_S3_ENDPOINT": s3.address.endpoint,
            **s3.address.environ,
        }
        report = check(tmp_path / "out", tell(tmp_path / "out", environ, "--locale", "ar"))
    finally:
        databases.drop(address)
        s3.stop()
    assert report["locale"] == "ar"


def test_a_bad_argument_is_a_sentence(tmp_path: Path) -> None:
    occupied = tmp_path / "mine"
    occupied.mkdir()
    (occupied / "letter.txt").write_text("not yours")
    told = tell(occupied, {})
    assert told.returncode == 1 and "is not empty" in told.stderr and "Traceback" not in told.stderr
    assert (occupied / "letter.txt").exists()


@pytest.mark.parametrize("locale", ["xx"])
def test_a_language_that_the_kit_does_not_speak(tmp_path: Path, locale: str) -> None:
    told = tell(tmp_path / "out", {}, "--locale", locale)
    assert told.returncode == 1 and "the kit speaks en, de, fr, ja, ar" in told.stderr
