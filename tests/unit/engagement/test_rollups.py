"""Rollups equal a recount after any history, and figures for both sides."""

import random
import uuid
from typing import Any

import pytest
from sqlalchemy import select, update

from tests.factories.engagement import Audience
from tmpa.engagement import deliveries, rollups, service
from tmpa.engagement.drain import drain_once
from tmpa.engagement.evidence import log
from tmpa.engagement.figures import by_link, by_locale, by_step, campaign_figures, shown_to_vendor, timeline
from tmpa.engagement.models import EngagementEvent, FirstSeen
from tmpa.kernel.clock import utcnow
from tmpa.kernel.errors import NotFound
from tmpa.kernel.scope import Scope
from tmpa.sending.models import Recipient

AGENTS = (
    "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0",
    "Mozilla/5.0",
    "curl/8",
    "Mozilla/5.0 (via ggpht.com GoogleImageProxy)",
)


def random_line(mailed: Audience, dice: random.Random, earlier: list[dict[str, Any]]) -> dict[str, Any]:
    """An open, click, visit, use of an earlier view, form, or a copy of what was there before."""
    person, page = dice.choice(mailed.recipients), mailed.programme.page_id
    seconds = dice.choice((1, 30, 600, 601, 602, 603, 90_000))
    common = {
        "a": dice.choice(AGENTS),
        "m": dice.choice(("GET", "GET", "HEAD")),
        "n": dice.choice(("8.8.8.0/24", "")),
    }
    kind = dice.choice(("open", "click", "click", "visit", "use", "form", "copy"))
    if kind == "copy" and earlier:
        return dice.choice(earlier)
    if kind == "use":
        views = [line for line in earlier if line["k"] == "visit"]
        return (
            {**dice.choice(views), "g": "active"} if views else mailed.line("open", person, seconds, **common)
        )
    if kind == "visit":
        return mailed.line("visit", page, seconds, **common, **dice.choice(({}, {"r": person.hex})))
    if kind == "form":
        email = f"person{dice.randrange(4)}@north.example"
        return mailed.line(
            "form", page, seconds, **common, f={"email": email}, e=email, c="", g=dice.choice(("", "trap"))
        )
    return mailed.line(
        "click" if kind == "click" else "open", person, seconds, l=dice.randrange(1, 5), **common
    )


@pytest.mark.parametrize("seed", range(4))
def test_rollups_always_equal_a_recount(mailed: Audience, seed: int) -> None:
    dice = random.Random(seed)
    campaign = mailed.programme.campaign_id
    lines: list[dict[str, Any]] = []
    for part in range(5):
        fresh = [random_line(mailed, dice, lines) for _number in range(dice.randrange(1, 12))]
        lines += fresh
        mailed.write(fresh, f"{seed}-{part}")
        drain_once(mailed.context, mailed.spool)
        if part == 1:
            service.record_deliveries(mailed.context)
        if part == 3:
            service.seal(mailed.context)
        with mailed.context.database.unit_of_work(Scope.system(), write=False) as session:
            assert rollups.kept(session, campaign) == rollups.recount(session, campaign)
    with mailed.context.database.unit_of_work(Scope.system()) as session:
        before = rollups.kept(session, campaign)
        rollups.rebuild(session, campaign)
        session.flush()
        assert rollups.kept(session, campaign) == before
        assert log.audit(session, mailed.vendor_id) is None


def test_deliveries_are_recorded_once(mailed: Audience) -> None:
    assert service.record_deliveries(mailed.context) == 3
    assert service.record_deliveries(mailed.context) == 0
    with mailed.context.database.unit_of_work(Scope.system()) as session:
        session.execute(update(Recipient).where(Recipient.id == mailed.recipients[0]).values(state="bounced"))
    assert service.record_deliveries(mailed.context) == 1
    for _twice in range(2):
        service.record_unsubscribe(
            mailed.context, str(mailed.vendor_id), str(mailed.recipients[1]), utcnow().isoformat()
        )
    with mailed.context.database.unit_of_work(Scope.system(), write=False) as session:
        seen = campaign_figures(session, mailed.programme.campaign_id)
        assert (seen.delivered, seen.bounced, seen.unsubscribed) == (3, 1, 1)
        delivered = select(EngagementEvent).where(EngagementEvent.kind == "delivered")
        assert {event.occurred_at for event in session.scalars(delivered)} == {mailed.sent_at}
        kept = rollups.kept(session, mailed.programme.campaign_id)
        assert kept == rollups.recount(session, mailed.programme.campaign_id)


def test_deliveries_come_in_bounded_transactions(mailed: Audience, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deliveries, "BATCH", 2)
    with mailed.context.database.unit_of_work(Scope.system()) as session:
        assert deliveries.record_deliveries(session, mailed.context.store) == 2
    assert service.record_deliveries(mailed.context) == 1


def test_figures_by_day_step_locale_and_link(mailed: Audience) -> None:
    first, second, third = mailed.recipients
    mailed.write(
        [
            mailed.line("click", first, 600, l=1),
            mailed.line("click", second, 700, l=1),
            mailed.line("click", second, 3600 * 30, l=2),
            mailed.line("click", third, 1, l=2),
            mailed.line("visit", mailed.programme.page_id, 800),
        ]
    )
    drain_once(mailed.context, mailed.spool)
    campaign = mailed.programme.campaign_id
    for scope in (mailed.programme.partner.scope, mailed.programme.vendor.scope):
        with mailed.context.database.unit_of_work(scope, write=False) as session:
            seen = campaign_figures(session, campaign)
            assert (seen.clicked.human, seen.clicked.machine, seen.people.clicked.human) == (3, 1, 2)
            assert [point.figures.clicked.human for point in timeline(session, campaign)] == [2, 1]
            assert {key: found.clicked.human for key, found in by_locale(session, campaign).items()} == {
                "de": 1,
                "en": 2,
            }
            assert {key: found.visited.unknown for key, found in by_step(session, campaign).items()} == {
                "": 1,
                "announcement": 0,
            }
            assert [(link.number, link.clicks.human) for link in by_link(session, campaign)] == [
                (1, 2),
                (2, 1),
            ]
    with mailed.context.database.unit_of_work(mailed.programme.vendor.scope, write=False) as session:
        assert (
            session.scalars(select(FirstSeen)).all() == []
            and session.scalars(select(EngagementEvent)).all() == []
        )
    assert [shown_to_vendor(people) for people in (0, 1, 4, 5)] == [0, None, None, 5]


def test_a_stranger_gets_no_figures(mailed: Audience) -> None:
    for scope in (mailed.programme.rival.scope, Scope.nobody(), Scope("vendor", uuid.uuid4())):
        with mailed.context.database.unit_of_work(scope, write=False) as session:
            for ask in (campaign_figures, timeline, by_locale, by_step, by_link):
                with pytest.raises(NotFound):
                    ask(session, mailed.programme.campaign_id)
