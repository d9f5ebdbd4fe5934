"""The proof of performance that the platform assembles itself: facts, final pieces, send log, what followed.

Nobody is named in it: counts, pieces and deals only, and leaves with pseudonyms. It is verified as anybody would
verify it before it is shown to an approver.
"""

import json
import uuid
from collections import Counter, defaultdict
from datetime import UTC
from hashlib import sha256
from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from tmpa.campaigns.models import Campaign, CampaignPiece
from tmpa.deals.models import DealRegistration, Touchpoint
from tmpa.engagement.evidence import log as evidence_log
from tmpa.engagement.evidence.dossier import build_dossier
from tmpa.engagement.evidence.keys import current_key, verifier_key
from tmpa.engagement.evidence.leaves import moment
from tmpa.engagement.evidence.proof import Report, verify
from tmpa.kernel import audit
from tmpa.kernel.clock import utcnow
from tmpa.kernel.http import Services
from tmpa.kernel.ids import public
from tmpa.kernel.objects import MissingObject, ObjectStore
from tmpa.kernel.scope import Scope
from tmpa.kits.render import RenderedMail, recipient_values
from tmpa.mdf.models import Claim
from tmpa.mdf.returns import outcome
from tmpa.mdf.rules import rules_of
from tmpa.pages.models import PublishedPage
from tmpa.sending.models import Recipient

log = structlog.get_logger("mdf")

_SUFFIX = {
    "mail": "html",
    "page": "html",
    "social": "txt",
    "document": "pdf",
    "banner": "png",
    "snippet": "html",
}


def assemble_dossier(context: Services, claim_id: str) -> None:
    """The job after a claim is handed in: settle the log, build the dossier, verify it, keep it. Safe to run again."""
    key = uuid.UUID(claim_id)
    with context.database.unit_of_work(Scope.system(), write=False) as session:
        claim = session.get_one(Claim, key)
        if not _waits(claim):
            return
        vendor_id = claim.vendor_id
    _seal(context, vendor_id)
    with context.database.unit_of_work(Scope.system()) as session:
        claim = session.get_one(Claim, key, with_for_update=True)
        if _waits(claim):
            assemble(session, context, claim)


def _waits(claim: Claim) -> bool:
    return claim.state == "submitted" and claim.evidence.get("state") == "waiting"


def _seal(context: Services, vendor_id: uuid.UUID) -> None:
    """Enter all settled events into the log, a batch in each transaction."""
    while True:
        with context.database.unit_of_work(Scope.system()) as session:
            settle = context.settings.settle_seconds
            if (
                evidence_log.seal(session, context.signer, vendor_id, settle_seconds=settle)
                < evidence_log.BATCH
            ):
                return


def assemble(session: Session, context: Services, claim: Claim) -> Report:
    """Build, verify and keep the dossier of a claim on a campaign. Wants the system's scope."""
    campaign = session.get_one(Campaign, claim.campaign_id)
    files = _pieces(session, context.store, campaign) | _snapshots(session, context.store, campaign)
    facts = _facts(session, claim, campaign, sorted(files))
    data = build_dossier(session, context.store, context.signer, claim.vendor_id, campaign.id, facts, files)
    row, _private = current_key(session, context.signer, claim.vendor_id)
    report = verify(data, str(verifier_key(row)))
    digest = sha256(data).hexdigest()
    claim.dossier_digest = digest
    claim.dossier_key = f"dossiers/{digest}.zip"
    claim.evidence = _evidence(claim, facts, report, len(data))
    session.flush()
    audit.record(session, "claim.dossier", claim, digest=digest, verified=report.ok, problem=report.problem)
    if not report.ok:
        log.error("mdf.dossier_wrong", claim=claim.public_id, problem=report.problem)
    return report


def _facts(session: Session, claim: Claim, campaign: Campaign, files: list[str]) -> dict[str, Any]:
    request = claim.request
    found = outcome(session, campaign.id, claim.currency)
    return {
        "claim": {
            "id": claim.public_id,
            "amount_minor": claim.amount_minor,
            "currency": claim.currency,
            "submitted_at": moment(claim.submitted_at or utcnow()),
            "lines": [
                {"claimed_minor": line.claimed_minor, "invoice_sha256": line.document_digest}
                for line in claim.lines
            ],
        },
        "request": {
            "id": request.public_id,
            "activity": request.activity_type,
            "approved_minor": request.approved_minor,
            "starts_on": request.starts_on.isoformat(),
            "ends_on": request.ends_on.isoformat(),
        },
        "partner": public("org", claim.partner_id),
        "kit": {
            "name": campaign.kit_version.kit.name,
            "version": campaign.kit_version.version,
            "content_hash": campaign.kit_version.content_hash,
        },
        "locales": list(campaign.locales),
        "launched_at": moment(campaign.launched_at) if campaign.launched_at else None,
        "finished_at": moment(campaign.finished_at) if campaign.finished_at else None,
        "sending": _send_log(session, campaign),
        "pages": [
            {"locale": page.locale, "url": page.url, "published_at": moment(page.published_at)}
            for page in _published(session, campaign)
        ],
        "outcome": {
            "leads": found.leads,
            "deals": found.deals,
            "won": found.won,
            "revenue_sourced_minor": found.revenue.sourced,
            "revenue_influenced_minor": found.revenue.influenced,
            "pipeline_sourced_minor": found.pipeline.sourced,
            "pipeline_influenced_minor": found.pipeline.influenced,
            "currency": found.currency,
        },
        "deals": _deals(session, campaign),
        "files": files,
    }


def _send_log(session: Session, campaign: Campaign) -> dict[str, Any]:
    """Mails by step, day and outcome; those that were skipped by reason."""
    steps = {step.id: step.name for step in campaign.steps}
    days: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    skipped: Counter[str] = Counter()
    totals: Counter[str] = Counter()
    rows = session.execute(
        select(Recipient.step_id, Recipient.state, Recipient.reason, Recipient.handed_over_at)
        .where(Recipient.campaign_id == campaign.id)
        .execution_options(yield_per=5000)
    )
    for step_id, state, reason, handed_over_at in rows:
        totals[state] += 1
        if state == "skipped":
            skipped[reason] += 1
        elif handed_over_at is not None:
            days[handed_over_at.astimezone(UTC).date().isoformat(), steps.get(step_id, "")][state] += 1
    return {
        "totals": dict(totals),
        "skipped": dict(skipped),
        "days": [
            {"day": day, "step": step, "outcomes": dict(found)} for (day, step), found in sorted(days.items())
        ],
    }


def _deals(session: Session, campaign: Campaign) -> list[dict[str, Any]]:
    touched = select(Touchpoint.deal_id).where(Touchpoint.campaign_id == campaign.id)
    found = session.scalars(
        select(DealRegistration)
        .where(DealRegistration.id.in_(touched), DealRegistration.submitted_at.is_not(None))
        .order_by(DealRegistration.id)
    )
    return [
        {
            "deal": deal.public_id,
            "state": deal.state,
            "amount_minor": deal.won_amount_minor if deal.won_amount_minor is not None else deal.amount_minor,
            "currency": deal.currency,
        }
        for deal in found
    ]


def _published(session: Session, campaign: Campaign) -> list[PublishedPage]:
    wanted = select(PublishedPage).where(PublishedPage.campaign_id == campaign.id)
    return list(session.scalars(wanted.order_by(PublishedPage.piece, PublishedPage.locale)))


def campaign_pieces(session: Session, campaign_id: uuid.UUID) -> list[CampaignPiece]:
    """The finished pieces of a campaign, mails first, then pages."""
    order = {"mail": 0, "page": 1, "snippet": 2, "banner": 3, "document": 4, "social": 5}
    found = session.scalars(select(CampaignPiece).where(CampaignPiece.campaign_id == campaign_id)).all()
    return sorted(found, key=lambda piece: (order.get(piece.kind, 9), piece.piece, piece.locale))


def piece_data(store: ObjectStore, piece: CampaignPiece) -> bytes:
    """A finished piece as people see it: a mail as HTML to nobody in particular. Raises MissingObject."""
    data = store.get(piece.object_key)
    if piece.kind != "mail":
        return data
    mail = RenderedMail.from_json(json.loads(data))
    return mail.preview(recipient_values(piece.locale, "", "")).encode()


def _pieces(session: Session, store: ObjectStore, campaign: Campaign) -> dict[str, bytes]:
    files = {}
    for piece in campaign_pieces(session, campaign.id):
        try:
            data = piece_data(store, piece)
        except MissingObject:
            # the missing proof shows as a failed check; the rest of the dossier is still worth having
            log.error("mdf.piece_missing", piece=piece.public_id, key=piece.object_key)
            continue
        name = piece.piece.replace("@", "-")  # a banner's size stands behind an "@", which no file name has
        files[f"pieces/{name}.{piece.locale}.{_SUFFIX[piece.kind]}"] = data
    return files


def _snapshots(session: Session, store: ObjectStore, campaign: Campaign) -> dict[str, bytes]:
    files = {}
    for page in _published(session, campaign):
        try:
            files[f"snapshots/{page.piece}.{page.locale}.html"] = store.get(page.object_key)
        except MissingObject:
            log.error("mdf.snapshot_missing", page=page.public_id, key=page.object_key)
    return files


def _evidence(claim: Claim, facts: dict[str, Any], report: Report, size: int) -> dict[str, Any]:
    """What the claim's page shows: the dossier's figures and how its verifying ended."""
    counts: dict[str, dict[str, int]] = report.dossier.get("counts", {})
    totals = facts["sending"]["totals"]
    days = [each["day"] for each in facts["sending"]["days"]]
    files = facts["files"]
    locales = set(facts["locales"])

    def proven(prefix: str) -> bool:
        return bool(locales) and locales <= {
            name.rsplit(".", 2)[-2] for name in files if name.startswith(prefix)
        }

    proof = {
        "final_piece": proven("pieces/"),
        "send_log": bool(days),
        "url": bool(facts["pages"]),
        "page_snapshot": proven("snapshots/"),
    }
    activity = rules_of(claim.request.fund).activities.get(claim.request.activity_type)
    return {
        "state": "ready" if report.ok else "failed",
        "verified": report.ok,
        "problem": report.problem,
        "made_at": moment(utcnow()),
        "bytes": size,
        "leaves": sum(sum(kinds.values()) for kinds in counts.values()),
        "key": report.key,
        "recipients": sum(totals.values()),
        "sent": sum(totals.get(state, 0) for state in ("handed_over", "bounced", "complained")),
        "skipped": facts["sending"]["skipped"],
        "days": facts["sending"]["days"],
        "first_day": min(days, default=None),
        "last_day": max(days, default=None),
        **{
            kind: counts.get(kind, {})
            for kind in ("delivered", "bounced", "opened", "clicked", "visited", "submitted")
        },
        "outcome": facts["outcome"],
        "pages": facts["pages"],
        "proof": {name: proof.get(name, False) for name in (activity.proof if activity else ())},
    }
