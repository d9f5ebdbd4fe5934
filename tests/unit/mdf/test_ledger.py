"""The ledger balances, refuses what isn't there, and two approvers at once can't overdraw it."""

import threading
import uuid

import pytest
from sqlalchemy import delete, update
from sqlalchemy.exc import DatabaseError

from tests.factories.deals import Programme, programme
from tests.factories.mdf import fund, submitted_request
from tmpa.db import Database
from tmpa.kernel.errors import NotFound, Refused
from tmpa.kernel.scope import Scope, load
from tmpa.mdf import funds, ledger, requests
from tmpa.mdf.models import Fund, FundRequest, LedgerEntry, LedgerLine
from tmpa.settings import Settings


@pytest.fixture
def world(database: Database, settings: Settings) -> Programme:
    return programme(database, settings)


def balance(world: Programme, fund_id: uuid.UUID, who: Scope | None = None) -> ledger.Balance:
    with world.database.unit_of_work(who or world.vendor.scope, write=False) as session:
        return ledger.balance(session, load(session, Fund, fund_id))


def test_allocated_money_is_available(world: Programme) -> None:
    fund_id = fund(world, 500_000)
    assert balance(world, fund_id) == ledger.Balance("EUR", 500_000, 500_000, 0, 0, 0)
    assert balance(world, fund_id, world.partner.scope).available == 500_000


def test_a_cause_moves_money_once(world: Programme) -> None:
    fund_id = fund(world, 500_000)
    for _twice in range(2):
        with world.database.unit_of_work(world.vendor.scope) as session:
            funds.allocate(session, load(session, Fund, fund_id), 100, "the same form")
    assert balance(world, fund_id).allocated == 500_100


@pytest.mark.parametrize(
    "moves",
    [
        {"source": -5, "available": 4},
        {"available": 5},
        {},
        {"source": 0, "available": 0},
        {"source": -1, "pocket": 1},
    ],
)
def test_an_unbalanced_entry_is_a_bug(world: Programme, moves: dict[str, int]) -> None:
    fund_id = fund(world)
    with world.database.unit_of_work(world.vendor.scope) as session, pytest.raises(ledger.Unbalanced):
        ledger.post(session, load(session, Fund, fund_id), "test", "test", moves)


@pytest.mark.parametrize("account", ["available", "approved", "pending", "paid"])
def test_no_account_falls_below_zero(world: Programme, account: str) -> None:
    fund_id = fund(world, 100)
    with world.database.unit_of_work(world.vendor.scope) as session, pytest.raises(Refused) as caught:
        ledger.post(session, load(session, Fund, fund_id), "test", "test", {account: -101, "source": 101})
    assert caught.value.code == "insufficient"


def test_entries_are_only_added(world: Programme) -> None:
    fund(world, 100)
    for change in (update(LedgerLine).values(amount_minor=1), delete(LedgerEntry)):
        with pytest.raises(DatabaseError), world.database.unit_of_work(Scope.system()) as session:
            session.execute(change)


def test_a_partner_sees_its_own_movements_and_the_whole_balance(world: Programme) -> None:
    fund_id = fund(world, 300_000)
    request_id = submitted_request(world, fund_id)
    with world.database.unit_of_work(world.approver.scope) as session:
        requests.approve(session, load(session, FundRequest, request_id))
    for who, kinds in ((world.partner, ["request approved"]), (world.rival, [])):
        with world.database.unit_of_work(who.scope, write=False) as session:
            found = funds.movements(session, load(session, Fund, fund_id))
            assert [entry.kind for entry in found] == kinds
        assert balance(world, fund_id, who.scope).available == 100_000


def test_a_stranger_can_neither_read_nor_move(world: Programme, settings: Settings) -> None:
    fund_id = fund(world, 100)
    other = programme(world.database, settings, "south")
    for who in (other.vendor, other.partner):
        with world.database.unit_of_work(who.scope) as session, pytest.raises(NotFound):
            load(session, Fund, fund_id)
    with world.database.unit_of_work(Scope.system(), write=False) as session:
        held = load(session, Fund, fund_id)
        session.expunge(held)
    with world.database.unit_of_work(other.vendor.scope) as session, pytest.raises(NotFound):
        ledger.post(session, held, "test", "theft", {"available": -100, "source": 100})


def race(world: Programme, fund_id: uuid.UUID, wanted: list[uuid.UUID]) -> list[str]:
    """Approve every request at the same moment, each in a transaction of its own; what came of each."""
    start = threading.Barrier(len(wanted))
    outcomes: list[str] = []

    def approve(request_id: uuid.UUID) -> None:
        start.wait()
        try:
            with world.database.unit_of_work(world.approver.scope) as session:
                requests.approve(session, load(session, FundRequest, request_id))
            outcomes.append("approved")
        except Refused as refusal:
            outcomes.append(refusal.code or str(refusal))

    threads = [threading.Thread(target=approve, args=(request_id,)) for request_id in wanted]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert balance(world, fund_id).available >= 0
    return sorted(outcomes)


def test_approvals_at_once_never_overdraw(world: Programme) -> None:
    fund_id = fund(world, 500_000)
    wanted = [submitted_request(world, fund_id, amount_minor=200_000) for _ in range(5)]
    assert race(world, fund_id, wanted) == ["approved", "approved", *["insufficient"] * 3]
    assert balance(world, fund_id) == ledger.Balance("EUR", 500_000, 100_000, 400_000, 0, 0)


def test_one_request_approved_twice_at_once_is_approved_once(world: Programme) -> None:
    fund_id = fund(world, 500_000)
    request_id = submitted_request(world, fund_id, amount_minor=200_000)
    outcomes = race(world, fund_id, [request_id] * 4)
    assert outcomes.count("approved") == 1
    assert balance(world, fund_id).approved == 200_000


def test_the_whole_ledger_is_in_balance(world: Programme) -> None:
    fund(world, 500_000)
    with world.database.unit_of_work(Scope.system(), write=False) as session:
        assert ledger.check(session) == []
