"""Money in the portal: the partner's three clicks, the vendor's funds, the approver's claim page, strangers."""

import io
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from lxml import html
from sqlalchemy import select

from tests.factories.deals import Programme, in_days, programme
from tests.factories.mdf import (
    PDF,
    approved_request,
    draft_claim,
    fund,
    mark_verified,
    submitted_claim,
    submitted_request,
    today,
)
from tests.web.conftest import Browser, SignIn
from tmpa.kernel.http import Services
from tmpa.kernel.ids import public
from tmpa.kernel.models import Job
from tmpa.kernel.scope import Scope
from tmpa.mdf.models import Claim, Fund, FundRequest, LedgerEntry

FUND = {
    "name": "Autumn",
    "amount": "10,000",
    "currency": "EUR",
    "use_from": in_days(-5).isoformat(),
    "use_until": in_days(60).isoformat(),
    "claim_until": in_days(105).isoformat(),
    "reimbursement_percent": "50",
}
INVOICE = {
    "issuer": "Werft Media GmbH",
    "invoice_number": "2026-0042",
    "invoice_date": today().isoformat(),
    "net": "1,000.00",
    "tax": "190",
}


@pytest.fixture
def world(services: Services) -> Iterator[Programme]:
    yield programme(services.database, services.settings)


@pytest.fixture
def partner(world: Programme, sign_in: SignIn) -> Browser:
    return sign_in(world.partner.email)


@pytest.fixture
def vendor(world: Programme, sign_in: SignIn) -> Browser:
    return sign_in(world.vendor.email)


@pytest.fixture
def approver(world: Programme, sign_in: SignIn) -> Browser:
    return sign_in(world.approver.email)


def errors(answer: Any) -> dict[str, str]:
    """What is said next to each field, by the field's id."""
    page = html.document_fromstring(answer.text)
    return {
        node.get("id").removesuffix("-error"): node.text_content().strip()
        for node in page.xpath("//p[contains(@class, 'error') and @id]")
    }


def only(world: Programme, model: Any) -> Any:
    with world.database.unit_of_work(Scope.system(), write=False) as session:
        return session.scalars(select(model)).one()


def upload(name: str = "invoice.pdf", data: bytes = PDF, **values: str) -> dict[str, Any]:
    return {**INVOICE, **values, "document": (io.BytesIO(data), name)}


def test_a_fund_is_made_and_filled(world: Programme, vendor: Browser) -> None:
    assert "No fund yet" in vendor.get("/funds").text
    answer = vendor.post("/funds/new", FUND)
    assert answer.status_code == 303
    path = answer.headers["Location"]
    page = html.document_fromstring(vendor.get(path).text)
    key = page.xpath("//input[@name='key']/@value")[0]
    for _sent_twice in range(2):
        assert (
            vendor.post(f"{path}/allocate", {"amount": "500", "key": key, "reason": "More"}).status_code
            == 303
        )
    assert "€10,500.00" in vendor.get(path).text and "Put into the fund" in vendor.get(path).text
    assert "€10,500.00" in vendor.get("/funds").text
    assert "zero or more" in errors(vendor.post(f"{path}/allocate", {"amount": "-1", "key": key}))["amount"]


@pytest.mark.backends("sqlite")
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("amount", "much"),
        ("currency", "EU"),
        ("currency", "QQQ"),
        ("use_until", in_days(-9).isoformat()),
        ("claim_until", in_days(1).isoformat()),
        ("claim_until", "soon"),
        ("reimbursement_percent", "101"),
        ("reimbursement_percent", "half"),
        ("partner_cap", "x"),
    ],
)
def test_a_bad_fund(world: Programme, vendor: Browser, field: str, value: str) -> None:
    answer = vendor.post("/funds/new", {**FUND, field: value})
    assert answer.status_code == 422 and field in errors(answer)
    with world.database.unit_of_work(Scope.system(), write=False) as session:
        assert session.scalars(select(Fund)).all() == session.scalars(select(LedgerEntry)).all() == []


def test_a_request_from_a_campaign(world: Programme, partner: Browser, approver: Browser) -> None:
    assert "No fund yet" in partner.get("/money").text
    fund_id = public("fnd", fund(world))
    campaign = public("cmp", world.campaign_id)
    assert campaign in partner.get("/money/requests/new").text
    path = f"/money/requests/new?campaign={campaign}"
    page = html.document_fromstring(partner.get(path).text)
    assert page.xpath("//input[@name='amount']/@value") == ["2500.00"]  # the kit's suggested budget
    entries = {
        "fund": fund_id,
        "title": "Spring",
        "activity_type": "email",
        "starts_on": in_days(2).isoformat(),
        "ends_on": in_days(20).isoformat(),
        "amount": "2500",
        "then": "draft",
    }
    for field, value in (
        ("title", " "),
        ("amount", "0"),
        ("ends_on", in_days(1).isoformat()),
        ("ends_on", in_days(900).isoformat()),
        ("activity_type", "merchandise"),
        ("fund", "fnd_nothing"),
    ):
        answer = partner.post(path, {**entries, field: value})
        assert answer.status_code == 422 and field in errors(answer), field
    assert partner.post(path, {**entries, "then": "submit", "amount": "99999"}).status_code == 422
    made = partner.post(path, entries).headers["Location"]
    assert "10 business days before" in partner.get(made).text
    assert approver.get(f"/requests/{made.rpartition('/')[2]}").status_code == 404  # a draft
    assert "2500.00" in partner.get(f"{made}/edit").text
    assert partner.post(f"{made}/edit", {**entries, "amount": "2000", "then": "submit"}).status_code == 303
    assert only(world, FundRequest).state == "submitted"
    assert partner.get(f"{made}/edit").status_code == 303


def test_the_approver_decides_requests(world: Programme, partner: Browser, approver: Browser) -> None:
    fund_id = fund(world)
    first, second, third = (public("req", submitted_request(world, fund_id)) for _ in range(3))
    assert "Partner north" in approver.get("/requests").text
    path = f"/requests/{first}"
    assert "more than zero" in errors(approver.post(f"{path}/approve", {"amount": "3000"}))["amount"]
    assert "reason" in errors(approver.post(f"{path}/approve", {"amount": "100"}))
    assert "reason" in errors(approver.post(f"{path}/decline", {"amount": ""}))
    answer = approver.post(f"{path}/approve", {"amount": "1,500", "reason": "A good start."})
    assert answer.headers["Location"].endswith(second)
    answer = approver.post(f"/requests/{second}/return", {"reason": "Which list?"})
    assert answer.headers["Location"].endswith(third)
    answer = approver.post(f"/requests/{third}/decline", {"reason": "No."})
    assert answer.headers["Location"] == "/requests"
    page = partner.get(f"/money/requests/{first}").text
    assert "€1,500.00" in page and "A good start." in page
    assert "Which list?" in partner.get(f"/money/requests/{second}").text
    assert partner.post(f"/money/requests/{second}/submit").status_code == 303
    assert partner.post(f"/money/requests/{first}/close").status_code == 303
    assert "Request closed" in approver.get(f"/funds/{public('fnd', fund_id)}").text


def test_get_paid_in_three_clicks(
    world: Programme, partner: Browser, approver: Browser, sign_in: SignIn
) -> None:
    request_id = public("req", approved_request(world, fund(world)))
    page = html.document_fromstring(partner.get("/money").text)
    [claim_link] = page.xpath("//div[@class='page-actions']//a/@href")  # click one
    assert claim_link == f"/money/claims/new?request={request_id}"
    assert "50%" in partner.get(claim_link).text
    answer = partner.post(claim_link, upload())  # click two
    assert answer.status_code == 303
    path = answer.headers["Location"]
    assert "Claim €500.00" in partner.get(path).text
    answer = partner.post(f"{path}/submit")
    assert answer.status_code == 422 and "attested" in errors(answer)
    assert partner.post(f"{path}/submit", {"attested": "y"}).status_code == 303  # click three
    claim = only(world, Claim)
    assert claim.state == "submitted"
    with world.database.unit_of_work(Scope.system(), write=False) as session:
        [job] = session.scalars(select(Job).where(Job.name == "mdf.assemble_dossier"))
        assert job.args == {"claim": str(claim.id)}
    assert "data-poll" in partner.get(path).text
    mark_verified(world, claim.id)
    proof = partner.get(f"{path}/proof").text
    assert "complete and verified" in proof and "data-poll" not in proof

    review = f"/claims/{claim.public_id}"
    shown = approver.get(review).text
    assert "Werft Media GmbH" in shown and "data-keys" in shown and 'data-key="a"' in shown
    invoice = approver.get(f"{review}/lines/{claim_lines(world)[0]}/invoice")
    assert invoice.data == PDF and invoice.mimetype == "application/pdf"
    assert "frame-ancestors 'self'" in invoice.headers["Content-Security-Policy"]
    assert approver.post(f"{review}/approve").headers["Location"] == "/claims"
    payer = sign_in(world.payer.email)
    assert "Spring mailing" in payer.get("/payments").text
    answer = payer.post(f"{review}/pay", {"reference": "", "paid_on": today().isoformat()})
    assert answer.status_code == 422 and "reference" in errors(answer)
    assert (
        payer.post(f"{review}/pay", {"reference": "SEPA 1", "paid_on": today().isoformat()}).status_code
        == 303
    )
    assert only(world, Claim).state == "paid"
    assert "SEPA 1" in partner.get(path).text


def claim_lines(world: Programme) -> list[str]:
    with world.database.unit_of_work(Scope.system(), write=False) as session:
        return [line.public_id for claim in session.scalars(select(Claim)) for line in claim.lines]


@pytest.mark.backends("sqlite")
@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"issuer": ""}, "issuer"),
        ({"invoice_number": ""}, "invoice_number"),
        ({"invoice_date": in_days(2).isoformat()}, "invoice_date"),
        ({"net": "a lot"}, "net"),
        ({"tax": "1.234"}, "tax"),
        ({"gross": "1"}, "gross"),
        ({"currency": "USD"}, "rate"),
        ({"data": b"GIF89a"}, "document"),
        ({"data": b""}, "document"),
    ],
)
def test_a_bad_invoice(world: Programme, partner: Browser, values: dict[str, Any], field: str) -> None:
    request_id = public("req", approved_request(world, fund(world)))
    answer = partner.post(f"/money/claims/new?request={request_id}", upload(**values))
    assert answer.status_code == 422 and field in errors(answer), errors(answer)
    with world.database.unit_of_work(Scope.system(), write=False) as session:
        assert session.scalars(select(Claim)).all() == []


def test_costs_are_added_repaired_and_removed(world: Programme, services: Services, partner: Browser) -> None:
    claim_id = draft_claim(world, services.settings, approved_request(world, fund(world)))
    path = f"/money/claims/{public('clm', claim_id)}"
    assert partner.post(f"{path}/lines/new", upload(invoice_number="B 2")).status_code == 303
    first, second = claim_lines(world)
    page = html.document_fromstring(partner.get(f"{path}/lines/{first}").text)
    assert page.xpath("//input[@name='net']/@value") == ["1000.00"]
    answer = partner.post(f"{path}/lines/{first}", {**INVOICE, "net": "600", "tax": "0", "gross": "600"})
    assert answer.status_code == 303
    assert "€800.00" in partner.get(path).text
    assert partner.post(f"{path}/lines/{second}/remove").status_code == 303
    assert partner.post(f"{path}/lines/{first}/remove").status_code == 422
    assert partner.post(f"{path}/discard").headers["Location"] == "/money"
    assert only(world, Claim).state == "declined"


def test_lines_and_the_next_claim(world: Programme, services: Services, approver: Browser) -> None:
    fund_id = fund(world)
    claims = [
        submitted_claim(
            world, services.settings, approved_request(world, fund_id), invoice_number=f"N{number}"
        )
        for number in range(3)
    ]
    paths = [f"/claims/{public('clm', claim_id)}" for claim_id in claims]
    queue = approver.get("/claims").text
    assert "3 claims wait" in queue and "All checks passed" in queue
    line = claim_lines(world)[0]
    answer = approver.post(f"{paths[0]}/lines/{line}/decide", {"decision": "changed", "amount": "400"})
    assert answer.status_code == 422 and "Give the reason" in errors(answer)["reason-1"]
    answer = approver.post(
        f"{paths[0]}/lines/{line}/decide", {"decision": "changed", "amount": "x", "reason": "y"}
    )
    assert answer.status_code == 422 and "not an amount" in errors(answer)["amount-1"]
    answer = approver.post(f"{paths[0]}/lines/{line}/decide", {"decision": "eaten"})
    assert answer.status_code == 422
    answer = approver.post(
        f"{paths[0]}/lines/{line}/decide", {"decision": "changed", "amount": "400", "reason": "y"}
    )
    assert answer.status_code == 303
    assert approver.post(f"{paths[0]}/approve").headers["Location"] == paths[1]
    answer = approver.post(f"{paths[1]}/return")
    assert answer.status_code == 422 and "Give the reason" in errors(answer)["reason"]
    assert approver.post(f"{paths[1]}/return", {"reason": "Which one?"}).headers["Location"] == paths[2]
    assert approver.post(f"{paths[2]}/decline", {"reason": "No."}).headers["Location"] == "/claims"
    with world.database.unit_of_work(Scope.system(), write=False) as session:
        states = [claim.state for claim in session.scalars(select(Claim).order_by(Claim.submitted_at))]
    assert states == ["partly_approved", "returned", "declined"]
    assert "not possible any more" in approver.post(f"{paths[2]}/approve").text


def test_a_claim_without_its_dossier_is_not_approved(
    world: Programme, services: Services, approver: Browser
) -> None:
    claim_id = submitted_claim(world, services.settings, approved_request(world, fund(world)), verified=False)
    path = f"/claims/{public('clm', claim_id)}"
    assert "still being put together" in approver.get(path).text
    answer = approver.post(f"{path}/approve")
    assert answer.status_code == 422 and "has not been assembled and verified" in answer.text
    assert only(world, Claim).state == "submitted"


def test_strangers_get_404(world: Programme, services: Services, sign_in: SignIn, anybody: Browser) -> None:
    fund_id = fund(world)
    claim_id = submitted_claim(world, services.settings, approved_request(world, fund_id))
    request_id = submitted_request(world, fund_id)
    [line] = claim_lines(world)
    claim, asked, held = public("clm", claim_id), public("req", request_id), public("fnd", fund_id)
    other = programme(services.database, services.settings, "south")
    partner_pages = [f"/money/requests/{asked}", f"/money/requests/{asked}/edit", f"/money/claims/{claim}"]
    partner_pages += [f"/money/claims/new?request={asked}", f"/money/claims/{claim}/lines/{line}"]
    partner_acts = [
        f"/money/requests/{asked}/close",
        f"/money/claims/{claim}/submit",
        f"/money/claims/{claim}/discard",
    ]
    vendor_pages = [f"/funds/{held}", f"/requests/{asked}", f"/claims/{claim}"]
    shared = [f"/claims/{claim}/lines/{line}/invoice", f"/claims/{claim}/dossier.zip"]
    vendor_acts = [f"/claims/{claim}/{action}" for action in ("approve", "return", "decline", "pay")]
    vendor_acts += [
        f"/claims/{claim}/lines/{line}/decide",
        f"/requests/{asked}/approve",
        f"/funds/{held}/allocate",
    ]
    for who in (world.rival, other.partner, other.vendor, other.approver, other.payer):
        browser = sign_in(who.email)
        for path in partner_pages + vendor_pages + shared:
            assert browser.get(path).status_code == 404, (who.email, path)
        for path in partner_acts + vendor_acts:
            data = {
                "reason": "x",
                "amount": "1",
                "key": uuid.uuid4().hex,
                "reference": "x",
                "paid_on": "2026-01-01",
            }
            assert browser.post(path, data, page="/people").status_code == 404, (who.email, path)
    mine = sign_in(world.partner.email)
    for path in [*vendor_pages, "/funds", "/claims", "/requests", "/payments", "/funds/new"]:
        assert mine.get(path).status_code == 404, path
    clerk = sign_in(world.vendor.email)
    assert clerk.get(f"/claims/{claim}").status_code == 200
    assert "Approve €" not in clerk.get(f"/claims/{claim}").text
    assert [clerk.post(path, {"reason": "x"}).status_code for path in vendor_acts[:3]] == [404] * 3
    assert clerk.get("/money").status_code == 404
    assert anybody.get("/money").status_code == 303
    assert only(world, Claim).state == "submitted"
