"""Funds, requests and claims in a programme, in any state."""

import io
import uuid
from datetime import date, timedelta
from typing import Any

from PIL import Image

from tests.factories.deals import Programme, in_days
from tmpa.campaigns.models import Campaign
from tmpa.kernel.clock import utcnow
from tmpa.kernel.objects import LocalStore
from tmpa.kernel.scope import Scope, load
from tmpa.kernel.signing import Signer
from tmpa.mdf import claims, funds, invoices, requests
from tmpa.mdf.claims import Cost
from tmpa.mdf.funds import FundTerms
from tmpa.mdf.models import Claim, Fund, FundRequest
from tmpa.mdf.requests import Plan
from tmpa.settings import Settings

PDF = b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


def store(settings: Settings) -> LocalStore:
    """The object store of the test."""
    return LocalStore(settings.var_dir / "objects", settings.portal_url, Signer(settings.secrets))


def png(width: int = 40, height: int = 30) -> bytes:
    """A small picture."""
    out = io.BytesIO()
    Image.new("RGB", (width, height), "white").save(out, "PNG")
    return out.getvalue()


def terms(**values: Any) -> FundTerms:
    """A fund that is open now."""
    known: dict[str, Any] = {
        "name": "Spring fund",
        "currency": "EUR",
        "use_from": in_days(-30),
        "use_until": in_days(90),
        "claim_until": in_days(120),
        "reimbursement_percent": 50,
    }
    return FundTerms(**{**known, **values})


def fund(world: Programme, amount_minor: int = 1_000_000, **values: Any) -> uuid.UUID:
    """A fund of the programme's vendor."""
    with world.database.unit_of_work(world.vendor.scope) as session:
        return funds.create(session, terms(**values), amount_minor).id


def plan(**values: Any) -> Plan:
    """A campaign's plan."""
    known: dict[str, Any] = {
        "title": "Spring mailing",
        "activity_type": "email",
        "starts_on": in_days(20),
        "ends_on": in_days(40),
        "amount_minor": 200_000,
    }
    return Plan(**{**known, **values})


def submitted_request(world: Programme, fund_id: uuid.UUID, **values: Any) -> uuid.UUID:
    """A request that waits for its decision."""
    with world.database.unit_of_work(world.partner.scope) as session:
        campaign = load(session, Campaign, world.campaign_id)
        request = requests.create(session, load(session, Fund, fund_id), campaign, plan(**values))
        requests.submit(session, request)
        return request.id


def approved_request(world: Programme, fund_id: uuid.UUID, **values: Any) -> uuid.UUID:
    """A request with its money set aside."""
    request_id = submitted_request(world, fund_id, **values)
    with world.database.unit_of_work(world.approver.scope) as session:
        requests.approve(session, load(session, FundRequest, request_id))
    return request_id


def cost(**values: Any) -> Cost:
    """An invoice over 1,000 net in euro."""
    known: dict[str, Any] = {
        "issuer": "Werft Media GmbH",
        "invoice_number": "2026-0042",
        "invoice_date": utcnow().date() - timedelta(days=1),
        "currency": "EUR",
        "net_minor": 100_000,
        "tax_minor": 19_000,
        "gross_minor": 119_000,
    }
    given = {**known, **values}
    if "gross_minor" not in values:
        given["gross_minor"] = given["net_minor"] + given["tax_minor"]
    return Cost(**given)


def document(data: bytes = PDF, name: str = "invoice.pdf") -> invoices.Document:
    """An invoice file."""
    return invoices.check_document(name, data)


def draft_claim(world: Programme, settings: Settings, request_id: uuid.UUID, **values: Any) -> uuid.UUID:
    """A claim with one cost that is not handed in yet."""
    data = PDF + uuid.uuid4().bytes.hex().encode() + b"\n%%EOF\n"
    with world.database.unit_of_work(world.partner.scope) as session:
        request = load(session, FundRequest, request_id)
        return claims.create(session, request, store(settings), cost(**values), document(data)).id


def submitted_claim(
    world: Programme, settings: Settings, request_id: uuid.UUID, verified: bool = True, **values: Any
) -> uuid.UUID:
    """A claim that waits for its decision; `verified` stands in for the dossier's job."""
    claim_id = draft_claim(world, settings, request_id, **values)
    with world.database.unit_of_work(world.partner.scope) as session:
        claims.submit(session, load(session, Claim, claim_id), attested=True)
    if verified:
        mark_verified(world, claim_id)
    return claim_id


def mark_verified(world: Programme, claim_id: uuid.UUID) -> None:
    """As if the dossier had been assembled and verified."""
    with world.database.unit_of_work(Scope.system()) as session:
        load(session, Claim, claim_id).evidence = {
            "state": "ready",
            "verified": True,
            "clicked": {"human": 12},
        }


def today() -> date:
    """Today (UTC)."""
    return utcnow().date()
