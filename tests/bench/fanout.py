"""Many partners launch one kit at once: finished pieces a second by RQ workers on PostgreSQL.

Each partner's campaign is one job: two mails and a page in five locales, rendered, checked against the vendor's
locked regions, and stored. The jobs that follow a launch (publishing, sending) are left out: this is the rendering.

`python -m tests.bench.fanout` is a worker of it.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, insert, select

from tests.bench.measuring import ROOT
from tests.servers.databases import Templates
from tmpa.accounts.models import Organization
from tmpa.campaigns.models import Campaign, CampaignPiece
from tmpa.db import Database
from tmpa.kernel.clock import utcnow
from tmpa.kernel.http import Services
from tmpa.kernel.ids import new_id
from tmpa.kernel.jobs import enqueue
from tmpa.kernel.models import Job
from tmpa.kernel.objects import open_store
from tmpa.kernel.scope import Scope
from tmpa.kernel.signing import Signer
from tmpa.kits.manifest import FILE
from tmpa.kits.models import KitVersion
from tmpa.kits.service import publish
from tmpa.kits.source import KitSource, build_source, read_folder
from tmpa.partners.models import BrandProfile
from tmpa.settings import Settings, load_settings
from workers import jobs, rq_worker
from workers.embedded import EmbeddedRedis
from workers.processes import die_with_parent, environment_of
from workers.queues import connect

WORKERS = 2
COLOURS = ("#0b6e4f", "#8a1c1c", "#1f4e79", "#5b2a86", "#ffd400", "#222222", "#0aa3a3")
LIMIT_SECONDS = 300
JOB = "campaigns.finish_pieces"


@dataclass(frozen=True, slots=True)
class Run:
    """One launch of many: how many pieces, in how many seconds, the largest worker's memory in MB."""

    pieces: int
    seconds: float
    resident_mb: float

    @property
    def rate(self) -> float:
        """Pieces a second."""
        return self.pieces / self.seconds


def services_of(settings: Settings) -> Services:
    """The services of one process; unlike the program's own, with nobody listening to events."""
    return Services(settings, Database(settings), open_store(settings), Signer(settings.secrets))


def bench_kit() -> KitSource:
    """A shipped kit with nothing but its two mails and its page."""
    source = read_folder(ROOT / "campaigns" / "calm-backup")
    head, *pieces = source.text(FILE).split("\n[[pieces]]")
    kept = []
    for piece in pieces:
        body, bracket, rest = piece.partition("\n[[journey]]")
        if 'kind = "mail"' in body or 'kind = "page"' in body:
            kept.append(f"\n[[pieces]]{body}")
        if bracket:
            kept.append(bracket + rest)
    return build_source({**source.files, FILE: (head + "".join(kept)).encode()})


@contextmanager
def installation(partners: int) -> Iterator[Services]:
    """PostgreSQL, queue, store, a published kit, and a launching campaign of each partner."""
    with tempfile.TemporaryDirectory(prefix="tmpa-bench-") as folder:
        templates = Templates(Path(folder))
        queue = EmbeddedRedis(Path(folder) / "server.sock")
        queue.start()
        settings = Settings(
            env="test",
            var_dir=Path(folder) / "var",
            database_url=templates.fresh("postgresql"),
            redis_url=queue.url,
            secret_keys="bench-secret-of-at-least-32-characters",
            fast_passwords=True,
        )
        services = services_of(settings)
        try:
            _launch(services, partners)
            yield services
        finally:
            services.database.dispose()
            queue.stop()
            templates.stop()


def _launch(services: Services, partners: int) -> None:
    source = bench_kit()
    locales = source.manifest.locales
    vendor_id = new_id()
    organizations, brands, campaigns = [], [], []
    with services.database.unit_of_work(Scope.system()) as session:
        session.add(Organization(id=vendor_id, kind="vendor", name="Vendor", country="DE"))
        session.flush()
        version: KitVersion = publish(session, services.store, source, vendor_id=vendor_id, findings=[])
        for number in range(partners):
            partner_id, brand_id, name = new_id(), new_id(), f"Partner {number} & Söhne"
            organizations.append({"id": partner_id, "kind": "partner", "name": name, "country": "DE"})
            brands.append(
                {
                    "id": brand_id,
                    "partner_id": partner_id,
                    "name": name,
                    "legal_name": f"{name} GmbH",
                    "address": f"Straße {number}, 24103 Kiel",
                    "primary_colour": COLOURS[number % len(COLOURS)],
                    "sender_name": name,
                    "sender_email": f"hello@partner{number}.example",
                    "website": f"https://partner{number}.example" if number % 3 else "",
                    "phone": "+49 431 555 0100" if number % 2 else "",
                }
            )
            campaigns.append(
                {
                    "id": new_id(),
                    "vendor_id": vendor_id,
                    "partner_id": partner_id,
                    "kit_version_id": version.id,
                    "brand_id": brand_id,
                    "name": f"Campaign {number}",
                    "slug": f"campaign-{number}",
                    "state": "launching",
                    "slots": {},
                    "locales": locales,
                }
            )
        for model, rows in ((Organization, organizations), (BrandProfile, brands), (Campaign, campaigns)):
            session.execute(insert(model), [{**row, "created_at": utcnow()} for row in rows])
        for row in campaigns:
            enqueue(session, JOB, {"campaign": str(row["id"])})


def fan_out(partners: int) -> Run:
    """Launch for that many partners and wait for the last piece. Raises RuntimeError when a job failed."""
    with installation(partners) as services:
        environment = environment_of(services.settings)
        parts = ["workers.relay", *["tests.bench.fanout"] * WORKERS]
        begun = time.perf_counter()
        children = [
            subprocess.Popen(
                [sys.executable, "-m", part],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                preexec_fn=die_with_parent,
            )
            for part in parts
        ]
        try:
            _wait(services, children)
            seconds = time.perf_counter() - begun
            resident = max(_peak_mb(child.pid) for child in children[1:])
        finally:
            for child in children:
                child.terminate()
            for child in children:
                child.wait()
        with services.database.unit_of_work(Scope.system(), write=False) as session:
            pieces = session.scalar(select(func.count()).select_from(CampaignPiece)) or 0
    return Run(pieces, seconds, resident)


def _wait(services: Services, children: list["subprocess.Popen[bytes]"]) -> None:
    until = time.monotonic() + LIMIT_SECONDS
    while time.monotonic() < until:
        with services.database.unit_of_work(Scope.system(), write=False) as session:
            states = select(Job.state, func.count()).where(Job.name == JOB).group_by(Job.state)
            left = dict(session.execute(states).all())
        if left.get("dead"):
            raise RuntimeError(f"{left['dead']} jobs failed")
        if set(left) == {"done"}:
            return
        if any(child.poll() is not None for child in children):
            raise RuntimeError("a process of the benchmark ended early")
        time.sleep(0.2)
    raise RuntimeError("the benchmark did not end")


def _peak_mb(pid: int) -> float:
    """The most memory that the process ever had resident."""
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def work() -> None:
    """A worker with the one job of this benchmark; nobody subscribes to what it tells."""
    settings = load_settings()
    rq_worker.serve(services_of(settings), connect(settings), {JOB: jobs.REGISTRY[JOB]})


if __name__ == "__main__":
    work()
