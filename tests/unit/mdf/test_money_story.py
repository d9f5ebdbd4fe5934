"""Whatever people do with a fund, in any order: the ledger balances, nothing is overdrawn, the formula holds."""

import random
from typing import Any

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from tests.factories.deals import Programme, programme
from tests.factories.mdf import cost, document, fund, mark_verified, plan, store, today
from tmpa.campaigns.models import Campaign
from tmpa.db import Database
from tmpa.kernel.errors import Refused
from tmpa.kernel.scope import Scope, load
from tmpa.mdf import claims, decisions, funds, ledger, requests
from tmpa.mdf.models import Claim, Fund, FundRequest, LedgerEntry
from tmpa.settings import Settings

AMOUNTS = st.integers(1, 300_000)


class FundStory(RuleBasedStateMachine):
    """A vendor's and a partner's people act on two funds, refusals included."""

    world: Programme
    installation: Settings
    made = 0

    fund_ids = Bundle("fund_ids")
    request_ids = Bundle("request_ids")
    claim_ids = Bundle("claim_ids")

    @initialize(target=fund_ids, amount=AMOUNTS)
    def first_fund(self, amount: int) -> Any:
        self.expected = {}
        return self._remember(fund(self.world, amount), amount)

    @rule(target=fund_ids, amount=AMOUNTS)
    def another_fund(self, amount: int) -> Any:
        return self._remember(
            fund(self.world, amount, reimbursement_percent=random.choice([33, 50, 100])), amount
        )

    def _remember(self, fund_id: Any, amount: int) -> Any:
        self.expected[fund_id] = amount
        return fund_id

    @rule(which=fund_ids, amount=AMOUNTS)
    def allocate(self, which: Any, amount: int) -> None:
        FundStory.made += 1
        with self.world.database.unit_of_work(self.world.vendor.scope) as session:
            funds.allocate(session, load(session, Fund, which), amount, str(FundStory.made))
        self.expected[which] += amount

    @rule(target=request_ids, which=fund_ids, amount=AMOUNTS)
    def ask(self, which: Any, amount: int) -> Any:
        with self.world.database.unit_of_work(self.world.partner.scope) as session:
            campaign = load(session, Campaign, self.world.campaign_id)
            made = requests.create(session, load(session, Fund, which), campaign, plan(amount_minor=amount))
            return made.id

    def _try(self, who: Scope, model: Any, key: Any, action: Any, *args: Any) -> None:
        try:
            with self.world.database.unit_of_work(who) as session:
                action(session, load(session, model, key), *args)
        except Refused:
            pass  # refusals are part of the story: they must change nothing

    @rule(which=request_ids)
    def submit_request(self, which: Any) -> None:
        self._try(self.world.partner.scope, FundRequest, which, requests.submit)

    @rule(which=request_ids, part=st.sampled_from([None, 1, 1000]))
    def approve_request(self, which: Any, part: int | None) -> None:
        self._try(self.world.approver.scope, FundRequest, which, requests.approve, part, "less will do")

    @rule(which=request_ids, action=st.sampled_from([requests.decline, requests.send_back]))
    def refuse_request(self, which: Any, action: Any) -> None:
        self._try(self.world.approver.scope, FundRequest, which, action, "not now")

    @rule(which=request_ids)
    def close_request(self, which: Any) -> None:
        self._try(self.world.partner.scope, FundRequest, which, requests.close)

    @rule(target=claim_ids, which=request_ids, net=AMOUNTS)
    def claim(self, which: Any, net: int) -> Any:
        FundStory.made += 1
        stated = cost(net_minor=net, tax_minor=0, invoice_number=f"N{FundStory.made}")
        try:
            with self.world.database.unit_of_work(self.world.partner.scope) as session:
                request = load(session, FundRequest, which)
                return claims.create(session, request, store(self.installation), stated, document()).id
        except Refused:
            return None

    @rule(which=claim_ids)
    def submit_claim(self, which: Any) -> None:
        if which is None:
            return
        self._try(self.world.partner.scope, Claim, which, claims.submit, True)
        with self.world.database.unit_of_work(Scope.system(), write=False) as session:
            waiting = load(session, Claim, which).state == "submitted"
        if waiting:
            mark_verified(self.world, which)

    @rule(which=claim_ids, amount=AMOUNTS)
    def change_line(self, which: Any, amount: int) -> None:
        if which is not None:
            self._try(self.world.approver.scope, Claim, which, _change_first_line, amount)

    @rule(which=claim_ids)
    def approve_claim(self, which: Any) -> None:
        if which is not None:
            self._try(self.world.approver.scope, Claim, which, decisions.approve)

    @rule(which=claim_ids, action=st.sampled_from([decisions.decline, decisions.send_back]))
    def refuse_claim(self, which: Any, action: Any) -> None:
        if which is not None:
            self._try(self.world.approver.scope, Claim, which, action, "please repair")

    @rule(which=claim_ids)
    def discard_claim(self, which: Any) -> None:
        if which is not None:
            self._try(self.world.partner.scope, Claim, which, claims.discard)

    @rule(which=claim_ids)
    def pay(self, which: Any) -> None:
        if which is not None:
            self._try(self.world.payer.scope, Claim, which, decisions.pay, "SEPA 1", today())

    @invariant()
    def money_balances(self) -> None:
        with self.world.database.unit_of_work(Scope.system(), write=False) as session:
            assert ledger.check(session) == []
            for fund_id, allocated in getattr(self, "expected", {}).items():
                held = ledger.balance(session, load(session, Fund, fund_id))
                assert held.allocated == allocated
                assert held.available == held.allocated - held.approved - held.pending - held.paid
                assert min(held.available, held.approved, held.pending, held.paid) >= 0
                assert held.pending == _total(session, fund_id, "submitted", "amount_minor") + _total(
                    session, fund_id, "approved partly_approved", "approved_minor"
                )
                assert held.paid == _total(session, fund_id, "paid", "approved_minor")
                open_requests = session.query(FundRequest).filter_by(fund_id=fund_id)
                assert held.approved == sum(requests.left(session, request) for request in open_requests)
            assert session.query(LedgerEntry.cause).distinct().count() == session.query(LedgerEntry).count()


def _change_first_line(session: Any, claim: Claim, amount: int) -> None:
    decisions.decide_line(session, claim.lines[0], "changed", amount, "only this much")


def _total(session: Any, fund_id: Any, states: str, column: str) -> int:
    found = session.query(Claim).join(FundRequest).filter(FundRequest.fund_id == fund_id)
    return sum(getattr(claim, column) for claim in found if claim.state in states.split())


@pytest.mark.backends("sqlite")
def test_any_sequence_of_actions(database: Database, settings: Settings) -> None:
    _run(database, settings, examples=25, steps=40)


@pytest.mark.backends("postgresql")
def test_any_sequence_of_actions_on_postgresql(database: Database, settings: Settings) -> None:
    _run(database, settings, examples=5, steps=30)


def _run(database: Database, installation: Settings, examples: int, steps: int) -> None:
    FundStory.world, FundStory.installation = programme(database, installation), installation
    run_state_machine_as_test(
        FundStory,
        settings=hypothesis_settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )
