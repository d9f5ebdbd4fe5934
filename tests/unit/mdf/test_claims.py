"""Claims: amounts, duplicates, who may decide and pay, and what each decision does with the money."""

import uuid
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from tests.factories.accounts import member
from tests.factories.deals import Programme, campaign, in_days, programme
from tests.factories.mdf import (
    PDF,
    approved_request,
    cost,
    document,
    draft_claim,
    fund,
    mark_verified,
    png,
    store,
    submitted_claim,
    submitted_request,
    today,
)
from tmpa.accounts.models import Membership
from tmpa.campaigns.models import Campaign
from tmpa.db import Database
from tmpa.kernel.errors import NotAllowed, NotFound, Refused
from tmpa.kernel.permissions import Role
from tmpa.kernel.scope import Scope, load
from tmpa.mdf import checks, claims, decisions, invoices, ledger, requests
from tmpa.mdf.models import Claim, ClaimLine, Fund, FundRequest
from tmpa.settings import Settings


@pytest.fixture
def world(database: Database, settings: Settings) -> Programme:
    return programme(database, settings)


def balance(world: Programme, fund_id: uuid.UUID) -> ledger.Balance:
    with world.database.unit_of_work(world.vendor.scope, write=False) as session:
        return ledger.balance(session, load(session, Fund, fund_id))


def state_of(world: Programme, claim_id: uuid.UUID) -> Claim:
    with world.database.unit_of_work(world.vendor.scope, write=False) as session:
        claim = load(session, Claim, claim_id)
        _ = [line.state for line in claim.lines], claim.request.fund.name
        return claim


def decide(
    world: Programme, claim_id: uuid.UUID, action: object, *args: object, who: Scope | None = None
) -> None:
    with world.database.unit_of_work(who or world.approver.scope) as session:
        action(session, load(session, Claim, claim_id), *args)  # type: ignore[operator]


def test_the_fund_pays_its_share_of_the_net_amount(world: Programme, settings: Settings) -> None:
    request_id = approved_request(world, fund(world), amount_minor=200_000)
    assert state_of(world, draft_claim(world, settings, request_id)).amount_minor == 50_000


def test_no_more_than_was_approved(world: Programme, settings: Settings) -> None:
    request_id = approved_request(world, fund(world), amount_minor=30_000)
    assert state_of(world, draft_claim(world, settings, request_id)).amount_minor == 30_000


def test_a_foreign_invoice_is_converted_and_keeps_its_own_amount(
    world: Programme, settings: Settings
) -> None:
    request_id = approved_request(world, fund(world, reimbursement_percent=100))
    foreign = {"currency": "JPY", "net_minor": 100_000, "tax_minor": 10_000}
    with pytest.raises(Refused) as caught:
        draft_claim(world, settings, request_id, **foreign)
    assert caught.value.field == "rate"
    rate = {"rate": Decimal("0.0061"), "rate_date": today(), "rate_source": "European Central Bank"}
    claim = state_of(world, draft_claim(world, settings, request_id, **foreign, **rate))
    assert claim.amount_minor == 61_000  # 100,000 yen at 0.0061 are 610.00 euro
    assert (claim.lines[0].net_minor, claim.lines[0].currency, claim.lines[0].rate) == (
        100_000,
        "JPY",
        rate["rate"],
    )


@given(st.integers(1, 10**9), st.integers(1, 100))
def test_the_share_never_exceeds_the_cost(net: int, percent: int) -> None:
    line = ClaimLine(net_minor=net, currency="EUR", rate=None)
    share = claims.reimbursable(line, "EUR", percent)
    assert 0 <= share <= net and share * 100 <= net * percent < (share + 1) * 100


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"issuer": " "}, "issuer"),
        ({"invoice_number": "--"}, "invoice_number"),
        ({"invoice_date": in_days(3)}, "invoice_date"),
        ({"net_minor": 0, "tax_minor": 0}, "net"),
        ({"gross_minor": 119_001}, "gross"),
        ({"currency": "QQQ"}, "currency"),
    ],
)
def test_bad_costs_name_their_field(
    world: Programme, settings: Settings, values: dict[str, object], field: str
) -> None:
    request_id = approved_request(world, fund(world))
    with pytest.raises(Refused) as caught:
        draft_claim(world, settings, request_id, **values)
    assert caught.value.field == field
    with world.database.unit_of_work(Scope.system(), write=False) as session:
        assert session.scalars(select(Claim)).all() == []


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "Choose the invoice"),
        (b"MZ\x90 a program", "something else"),
        (b"<svg onload=alert(1)>", "something else"),
        (PDF.replace(b"%%EOF", b""), "not whole"),
        (png()[:60], "damaged"),
        (b"\xff\xd8\xff\xe0 not a picture", "damaged"),
        (PDF + b"0" * invoices.MAX_BYTES, "larger than 10 MB"),
    ],
)
def test_files_are_known_by_their_content(data: bytes, said: str) -> None:
    with pytest.raises(Refused, match=said) as caught:
        invoices.check_document("invoice.pdf", data)
    assert caught.value.field == "document"


def test_good_files_and_their_names() -> None:
    assert invoices.check_document("a/../b\\c\n.pdf", PDF).name == "c.pdf"
    assert invoices.check_document("", png()).extension == "png"


def test_handing_in_moves_the_money_and_asks_for_the_dossier(world: Programme, settings: Settings) -> None:
    fund_id = fund(world)
    claim_id = draft_claim(world, settings, approved_request(world, fund_id))
    with pytest.raises(Refused) as caught:
        decide(world, claim_id, claims.submit, False, who=world.partner.scope)
    assert caught.value.field == "attested"
    decide(world, claim_id, claims.submit, True, who=world.partner.scope)
    held = balance(world, fund_id)
    assert (held.approved, held.pending) == (150_000, 50_000)
    assert state_of(world, claim_id).evidence == {"state": "waiting"}
    with pytest.raises(Refused, match="not possible any more"):
        decide(world, claim_id, claims.submit, True, who=world.partner.scope)


def test_two_claims_share_what_was_approved(world: Programme, settings: Settings) -> None:
    fund_id = fund(world)
    request_id = approved_request(world, fund_id, amount_minor=70_000)
    first, second = (draft_claim(world, settings, request_id, invoice_number=str(n)) for n in (1, 2))
    for claim_id in (first, second):
        decide(world, claim_id, claims.submit, True, who=world.partner.scope)
    assert [state_of(world, claim_id).amount_minor for claim_id in (first, second)] == [50_000, 20_000]
    with pytest.raises(Refused):
        draft_claim(world, settings, request_id, invoice_number="3")


def test_approve_and_pay(world: Programme, settings: Settings) -> None:
    fund_id = fund(world)
    claim_id = submitted_claim(world, settings, approved_request(world, fund_id))
    decide(world, claim_id, decisions.approve)
    assert state_of(world, claim_id).state == "approved"
    with pytest.raises(Refused) as caught:
        decide(world, claim_id, decisions.pay, " ", today(), who=world.payer.scope)
    assert caught.value.field == "reference"
    with pytest.raises(Refused) as caught:
        decide(world, claim_id, decisions.pay, "SEPA 7", in_days(2), who=world.payer.scope)
    assert caught.value.field == "paid_on"
    decide(world, claim_id, decisions.pay, "SEPA 7", today(), who=world.payer.scope)
    assert balance(world, fund_id) == ledger.Balance("EUR", 1_000_000, 800_000, 150_000, 0, 50_000)
    with pytest.raises(Refused):
        decide(world, claim_id, decisions.pay, "SEPA 7", today(), who=world.payer.scope)


def test_lines_are_decided_one_by_one(world: Programme, settings: Settings) -> None:
    fund_id = fund(world)
    claim_id = draft_claim(world, settings, approved_request(world, fund_id))
    with world.database.unit_of_work(world.partner.scope) as session:
        claim = load(session, Claim, claim_id)
        for number in ("b", "c"):
            claims.add_line(
                session, claim, store(settings), cost(invoice_number=number), document(png(), f"{number}.png")
            )
        claims.submit(session, claim, True)
    mark_verified(world, claim_id)
    with world.database.unit_of_work(world.approver.scope) as session:
        claim = load(session, Claim, claim_id)
        first, second, third = claim.lines
        with pytest.raises(Refused) as caught:
            decisions.decide_line(session, second, "changed", 50_000, "all of it")
        assert caught.value.field == "amount"
        with pytest.raises(Refused) as caught:
            decisions.decide_line(session, second, "changed", 40_000)
        assert caught.value.field == "reason"
        decisions.decide_line(session, first, "accepted")
        decisions.decide_line(session, second, "changed", 40_000, "without the catering")
        with pytest.raises(Refused, match="every line"):
            decisions.decide(session, claim)
        decisions.decide_line(session, third, "declined", reason="not marketing")
        assert decisions.decide(session, claim) == "partly_approved"
    held = balance(world, fund_id)
    assert (held.available, held.approved, held.pending) == (860_000, 50_000, 90_000)


def test_a_returned_claim_is_repaired_and_handed_in_again(world: Programme, settings: Settings) -> None:
    fund_id = fund(world)
    claim_id = submitted_claim(world, settings, approved_request(world, fund_id))
    with pytest.raises(Refused):
        decide(world, claim_id, decisions.send_back, " ")
    decide(world, claim_id, decisions.send_back, "The date is wrong.")
    assert (balance(world, fund_id).approved, balance(world, fund_id).pending) == (200_000, 0)
    with world.database.unit_of_work(world.partner.scope) as session:
        line = load(session, Claim, claim_id).lines[0]
        claims.change_line(session, line, store(settings), cost(net_minor=80_000, tax_minor=15_200))
        claims.submit(session, load(session, Claim, claim_id), True)
    claim = state_of(world, claim_id)
    assert (claim.state, claim.amount_minor, claim.lines[0].state) == ("submitted", 40_000, "open")
    assert balance(world, fund_id).pending == 40_000
    mark_verified(world, claim_id)
    decide(world, claim_id, decisions.decline, "Too late now.")
    held = balance(world, fund_id)
    assert (held.available, held.approved, held.pending) == (840_000, 160_000, 0)


def test_nothing_is_approved_without_a_verified_dossier(world: Programme, settings: Settings) -> None:
    claim_id = submitted_claim(world, settings, approved_request(world, fund(world)), verified=False)
    with pytest.raises(Refused) as caught:
        decide(world, claim_id, decisions.approve)
    assert caught.value.code == "no_dossier"


def test_a_duplicate_is_flagged_and_never_silently_accepted(world: Programme, settings: Settings) -> None:
    fund_id = fund(world)
    first = submitted_claim(world, settings, approved_request(world, fund_id))
    again = submitted_claim(
        world, settings, approved_request(world, fund_id), issuer="WERFT MEDIA", invoice_number="2026 / 0042"
    )
    other = submitted_claim(world, settings, approved_request(world, fund_id), invoice_number="2026-0043")
    with world.database.unit_of_work(world.approver.scope) as session:
        claim = load(session, Claim, again)
        found = {check.name: check for check in checks.checks(session, claim)}
        assert found["duplicates"].tone == "bad" and "2026 / 0042" in found["duplicates"].sentence
        with pytest.raises(Refused) as caught:
            decisions.approve(session, claim)
        assert caught.value.code == "duplicate"
    with world.database.unit_of_work(world.approver.scope) as session:
        claim = load(session, Claim, again)
        decisions.decide_line(
            session, claim.lines[0], "accepted", reason="Two instalments, seen the contract."
        )
        assert decisions.decide(session, claim) == "approved"
        assert not invoices.duplicates(session, load(session, Claim, other).lines)
        assert invoices.duplicates(session, load(session, Claim, first).lines)


def test_the_same_invoice_at_another_vendor_is_told_without_detail(
    world: Programme, settings: Settings
) -> None:
    request_id = approved_request(world, fund(world))
    other = programme(world.database, settings, "south")
    submitted_claim(other, settings, approved_request(other, fund(other)))
    claim_id = submitted_claim(world, settings, request_id)
    with world.database.unit_of_work(world.approver.scope, write=False) as session:
        [[twin]] = invoices.duplicates(session, load(session, Claim, claim_id).lines).values()
        assert (twin.claim_id, twin.same_partner) == (None, False)


def test_requester_approver_and_payer_are_three_people(world: Programme, settings: Settings) -> None:
    fund_id = fund(world)
    request_id = submitted_request(world, fund_id)
    claim_id = submitted_claim(world, settings, approved_request(world, fund_id))
    vendor_id = world.vendor.organization_id
    # somebody of the partner who works for the vendor, too
    both = member(world.database, settings, vendor_id, Role.MDF_APPROVER, world.partner.email)
    pays = member(world.database, settings, vendor_id, Role.MDF_PAYER, world.partner.email)
    for action in (requests.approve, lambda s, r: requests.decline(s, r, "no")):
        with pytest.raises(Refused) as caught, world.database.unit_of_work(both.scope) as session:
            action(session, load(session, FundRequest, request_id))
        assert caught.value.code == "separation"
    with pytest.raises(Refused) as caught:
        decide(world, claim_id, decisions.approve, who=both.scope)
    assert caught.value.code == "separation"
    decide(world, claim_id, decisions.approve)
    also = member(world.database, settings, vendor_id, Role.MDF_PAYER, world.approver.email)
    for who in (also.scope, pays.scope):
        with pytest.raises(Refused) as caught:
            decide(world, claim_id, decisions.pay, "SEPA 1", today(), who=who)
        assert caught.value.code == "separation"
    for who in (world.vendor.scope, world.payer.scope, world.partner.scope):
        with pytest.raises(NotAllowed):
            decide(world, claim_id, decisions.decline, "no", who=who)
    with pytest.raises(NotAllowed):
        decide(world, claim_id, decisions.pay, "SEPA 1", today(), who=world.vendor.scope)


def test_an_approver_has_a_limit(world: Programme, settings: Settings) -> None:
    fund_id = fund(world)
    claim_id = submitted_claim(world, settings, approved_request(world, fund_id))
    request_id = submitted_request(world, fund_id)
    with world.database.unit_of_work(Scope.system()) as session:
        session.execute(
            update(Membership)
            .where(Membership.user_id == world.approver.user_id)
            .values(approval_limit_minor=49_999)
        )
    with pytest.raises(Refused) as caught:
        decide(world, claim_id, decisions.approve)
    assert caught.value.code == "limit"
    with pytest.raises(Refused) as caught, world.database.unit_of_work(world.approver.scope) as session:
        requests.approve(session, load(session, FundRequest, request_id))
    assert caught.value.code == "limit"
    with world.database.unit_of_work(world.approver.scope) as session:
        claim = load(session, Claim, claim_id)
        assert {check.name: check.tone for check in checks.checks(session, claim)}["limit"] == "bad"
        decisions.decide_line(session, claim.lines[0], "changed", 49_999, "up to my limit")
        assert decisions.decide(session, claim) == "partly_approved"


def test_caps_of_the_fund(world: Programme, settings: Settings) -> None:
    fund_id = fund(world, partner_cap_minor=250_000)
    approved_request(world, fund_id, amount_minor=200_000)
    with pytest.raises(Refused) as caught:
        approved_request(world, fund_id, amount_minor=60_000)
    assert caught.value.code == "cap"
    approved_request(world, fund_id, amount_minor=50_000)
    assert balance(world, fund_id).approved == 250_000


def test_a_claim_needs_a_campaign_that_has_begun(world: Programme, settings: Settings) -> None:
    draft = campaign(
        world.database, world.vendor.organization_id, world.partner.organization_id, "later", "draft"
    )[0]
    request_id = approved_request(world, fund(world))
    with world.database.unit_of_work(Scope.system()) as session:
        load(session, FundRequest, request_id).campaign_id = draft
    with pytest.raises(Refused, match="Nothing can be claimed"):
        draft_claim(world, settings, request_id)
    with world.database.unit_of_work(Scope.system()) as session:
        load(session, Campaign, draft).state = "done"
    assert draft_claim(world, settings, request_id)


def test_minimum_and_last_day(world: Programme, settings: Settings) -> None:
    fund_id = fund(world, minimum_claim_minor=60_000)
    claim_id = draft_claim(world, settings, approved_request(world, fund_id))
    with pytest.raises(Refused, match="smallest claim"):
        decide(world, claim_id, claims.submit, True, who=world.partner.scope)
    with world.database.unit_of_work(Scope.system()) as session:
        held = load(session, Fund, fund_id)
        held.use_until = held.claim_until = in_days(-1)
    with pytest.raises(Refused, match="ended on"):
        decide(world, claim_id, claims.submit, True, who=world.partner.scope)
    with world.database.unit_of_work(Scope.system()) as session:
        assert requests.release_expired(session, today()) == 1
    assert balance(world, fund_id).available == 1_000_000


def test_strangers_find_nothing(world: Programme, settings: Settings) -> None:
    claim_id = submitted_claim(world, settings, approved_request(world, fund(world)))
    other = programme(world.database, settings, "south")
    for who in (world.rival, other.partner, other.approver, other.vendor):
        with world.database.unit_of_work(who.scope) as session, pytest.raises(NotFound):
            load(session, Claim, claim_id)
