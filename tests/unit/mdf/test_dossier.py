"""The dossier of a claim: assembled by its job, verifiable by anybody, naming nobody."""

import io
import json
import uuid
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.factories.deals import Programme, contact, event, opportunity, programme
from tests.factories.mdf import approved_request, fund, store, submitted_claim
from tmpa.campaigns.models import Campaign, CampaignPiece
from tmpa.db import Database
from tmpa.deals import registration
from tmpa.engagement.evidence import proof
from tmpa.kernel.clock import utcnow
from tmpa.kernel.http import Services
from tmpa.kernel.scope import Scope, load
from tmpa.kernel.signing import Signer
from tmpa.mdf import checks, claims, decisions, dossier, returns
from tmpa.mdf.models import Claim
from tmpa.sending.models import Recipient
from tmpa.settings import Settings

SECRETS = ("erik@hafenkontor.example", "Erik", "Lund", "Hafenkontor")


@pytest.fixture
def context(database: Database, settings: Settings) -> Iterator[Services]:
    yield Services(settings, database, store(settings), Signer(settings.secrets))


@pytest.fixture
def world(context: Services) -> Programme:
    """A campaign that went out in two languages, one person who answered, a deal."""
    made = programme(context.database, context.settings)
    person = contact(
        context.database,
        made.partner.organization_id,
        "erik@hafenkontor.example",
        first_name="Erik",
        last_name="Lund",
    )
    pieces(context, made)
    sent(made, person)
    before = utcnow() - timedelta(days=2)
    for kind, verdict in (
        ("delivered", "unknown"),
        ("clicked", "human"),
        ("clicked", "machine"),
        ("visited", "human"),
    ):
        event(made, person, kind, before, verdict)
    with context.database.unit_of_work(made.partner.scope) as session:
        deal = registration.create(session, made.vendor.organization_id, opportunity(amount_minor=800_000))
        registration.submit(session, deal)
    return made


def pieces(context: Services, world: Programme) -> None:
    for locale in ("en", "de"):
        stretches = {"parts": [f"<p>Hello {locale}</p>"], "holes": []}
        mail = dict.fromkeys(("subject", "preheader", "html", "text"), stretches)
        made = {**mail, "links": [], "locked_digest": "0" * 64}
        context.store.put(
            f"campaigns/{world.campaign_id}/mail-{locale}.json", json.dumps(made).encode(), "application/json"
        )
        context.store.put(f"pages/spring-north/{locale}/index.html", b"<h1>Page</h1>", "text/html")
        with context.database.unit_of_work(Scope.system()) as session:
            session.add(
                CampaignPiece(
                    vendor_id=world.vendor.organization_id, partner_id=world.partner.organization_id,
                    campaign_id=world.campaign_id, piece="announcement", kind="mail", locale=locale,
                    object_key=f"campaigns/{world.campaign_id}/mail-{locale}.json", content_hash="0" * 64,
                )
            )  # fmt: skip


def sent(world: Programme, person: uuid.UUID) -> None:
    with world.database.unit_of_work(Scope.system()) as session:
        for state, reason, who in (("handed_over", "", person), ("skipped", "suppressed", None)):
            session.add(
                Recipient(
                    vendor_id=world.vendor.organization_id, partner_id=world.partner.organization_id,
                    campaign_id=world.campaign_id, step_id=world.step_id, contact_id=who, email=SECRETS[0],
                    locale="en", state=state, reason=reason, handed_over_at=utcnow() if who else None,
                )
            )  # fmt: skip


def assembled(world: Programme, context: Services) -> uuid.UUID:
    request_id = approved_request(world, fund(world))
    claim_id = submitted_claim(world, context.settings, request_id, verified=False)
    dossier.assemble_dossier(context, str(claim_id))
    return claim_id


def claim_of(world: Programme, claim_id: uuid.UUID) -> Claim:
    with world.database.unit_of_work(Scope.system(), write=False) as session:
        return load(session, Claim, claim_id)


def test_the_dossier_verifies_and_names_nobody(world: Programme, context: Services, tmp_path: Path) -> None:
    claim = claim_of(world, assembled(world, context))
    evidence = claim.evidence
    assert (evidence["state"], evidence["verified"], evidence["problem"]) == ("ready", True, "")
    assert (evidence["sent"], evidence["skipped"]) == (1, {"suppressed": 1})
    assert evidence["clicked"] == {"human": 1, "machine": 1}
    assert evidence["proof"] == {"final_piece": True, "send_log": True}
    assert evidence["outcome"]["pipeline_sourced_minor"] == 800_000
    assert claim.dossier_key
    data = context.store.get(claim.dossier_key)
    path = tmp_path / "dossier.zip"
    path.write_bytes(data)
    report = proof.verify_file(path)
    assert report.ok, report.problem
    assert report.dossier["facts"]["claim"]["id"] == claim.public_id
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = set(archive.namelist())
        assert {
            "pieces/announcement.en.html",
            "pieces/announcement.de.html",
            "snapshots/landing.en.html",
        } <= names
        everything = b"\n".join(archive.read(name) for name in names).decode()
    assert not [secret for secret in SECRETS if secret in everything]


def test_running_the_job_again_changes_nothing(world: Programme, context: Services) -> None:
    claim_id = assembled(world, context)
    first = claim_of(world, claim_id)
    dossier.assemble_dossier(context, str(claim_id))
    again = claim_of(world, claim_id)
    assert (first.dossier_digest, first.evidence) == (again.dossier_digest, again.evidence)


def test_a_missing_piece_is_a_failed_check_not_a_failed_job(world: Programme, context: Services) -> None:
    context.store.delete(f"campaigns/{world.campaign_id}/mail-de.json")
    claim_id = assembled(world, context)
    with world.database.unit_of_work(world.approver.scope, write=False) as session:
        found = {check.name: check for check in checks.checks(session, load(session, Claim, claim_id))}
    assert found["dossier"].tone == "good"
    assert found["proof"].tone == "bad" and "final piece" in found["proof"].sentence


def test_an_all_green_claim(world: Programme, context: Services) -> None:
    with world.database.unit_of_work(Scope.system()) as session:
        assert load(session, Campaign, world.campaign_id)
    claim_id = assembled(world, context)
    with world.database.unit_of_work(Scope.system()) as session:
        claim = load(session, Claim, claim_id)
        claim.request.starts_on -= timedelta(days=30)
        assert claim.request.decided_at and claim.request.submitted_at
        claim.request.decided_at -= timedelta(days=45)
        claim.request.submitted_at -= timedelta(days=50)
    with world.database.unit_of_work(world.approver.scope) as session:
        claim = load(session, Claim, claim_id)
        found = checks.checks(session, claim)
        assert checks.all_green(found), [check for check in found if check.tone != "good"]
        assert all(check.sentence and check.rule for check in found)
        assert decisions.approve(session, claim) == "approved"


def test_a_returned_claim_gets_a_new_dossier(world: Programme, context: Services) -> None:
    claim_id = assembled(world, context)
    before = claim_of(world, claim_id).dossier_digest
    with world.database.unit_of_work(world.approver.scope) as session:
        decisions.send_back(session, load(session, Claim, claim_id), "Which list?")
    with world.database.unit_of_work(world.partner.scope) as session:
        claims.submit(session, load(session, Claim, claim_id), True)
    assert claim_of(world, claim_id).dossier_key is None
    dossier.assemble_dossier(context, str(claim_id))
    assert claim_of(world, claim_id).dossier_digest not in (None, before)


def test_returns(world: Programme) -> None:
    with world.database.unit_of_work(world.vendor.scope, write=False) as session:
        found = returns.outcome(session, world.campaign_id, "EUR")
        assert (found.deals, found.won, found.pipeline.sourced, found.pipeline.influenced) == (
            1,
            0,
            800_000,
            0,
        )
        gain = returns.returns(found, 100_000, 40)
        assert (gain.pipeline_sourced, gain.mdf_sourced, gain.per_human_click) == (8, 0, 2_500)
        assert (gain.per_lead, gain.per_deal) == (None, 100_000)
        assert returns.returns(found, 0, 0).mdf_sourced is None
        assert returns.outcome(session, world.campaign_id, "USD").other_currencies == 1
        assert returns.mdf_paid(session, world.campaign_id, "EUR") == 0
