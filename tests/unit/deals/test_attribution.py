"""Credit sums to exactly 1 for every model and any touches; sourced and influenced never mix."""

import uuid
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tmpa.deals.attribution import Model, Touch, attribute, credit, share_out

START = datetime(2026, 3, 1, tzinfo=UTC)
CAMPAIGNS = [uuid.UUID(int=number) for number in range(1, 6)]

touches = st.lists(
    st.builds(
        Touch,
        st.sampled_from(CAMPAIGNS),
        st.integers(0, 200 * 86400).map(lambda seconds: START + timedelta(seconds=seconds)),
    ),
    min_size=1,
    max_size=40,
)


@given(st.sampled_from(Model), touches)
def test_credit_sums_to_exactly_one(model: Model, given_touches: list[Touch]) -> None:
    shares = credit(model, given_touches)
    assert sum(shares.values(), Fraction(0)) == 1
    assert all(share > 0 for share in shares.values())


@given(st.sampled_from(Model), touches, st.permutations(range(40)))
def test_the_order_of_reading_does_not_matter(
    model: Model, given_touches: list[Touch], order: list[int]
) -> None:
    shuffled = [given_touches[place] for place in order if place < len(given_touches)]
    assert credit(model, shuffled) == credit(model, given_touches)


@given(st.sampled_from(Model), touches, st.integers(0, 10**12))
def test_amounts_are_shared_out_to_the_last_minor_unit(
    model: Model, given_touches: list[Touch], amount: int
) -> None:
    shares = credit(model, given_touches)
    parts = share_out(amount, shares)
    assert sum(parts.values()) == amount
    assert all(abs(parts[key] - amount * share) < 1 for key, share in shares.items())


@given(st.sampled_from(Model), touches, st.integers(0, 200), st.integers(0, 200))
def test_sourced_and_influenced_are_apart(
    model: Model, given_touches: list[Touch], created: int, open_for: int
) -> None:
    created_at = START + timedelta(days=created)
    closed_at = created_at + timedelta(days=open_for)
    result = attribute(model, given_touches, created_at, closed_at)
    before = {touch.campaign_id for touch in given_touches if touch.occurred_at < created_at}
    during = {touch.campaign_id for touch in given_touches if created_at <= touch.occurred_at <= closed_at}
    assert set(result.sourced) <= before and bool(result.sourced) == bool(before)
    assert set(result.influenced) <= during and bool(result.influenced) == bool(during)
    for part in (result.sourced, result.influenced):
        assert not part or sum(part.values(), Fraction(0)) == 1


@pytest.mark.parametrize(
    ("model", "shares"),
    [
        (Model.FIRST, [1, 0, 0]),
        (Model.LAST, [0, 0, 1]),
        (Model.LINEAR, [Fraction(1, 3)] * 3),
        (Model.POSITION, [Fraction(2, 5), Fraction(1, 5), Fraction(2, 5)]),
        # a week is half a weight: 1/4, 1/2, 1
        (Model.TIME_DECAY, [Fraction(1, 7), Fraction(2, 7), Fraction(4, 7)]),
    ],
)
def test_three_weekly_touches(model: Model, shares: list[Fraction]) -> None:
    weekly = [Touch(CAMPAIGNS[week], START + timedelta(weeks=week)) for week in range(3)]
    found = credit(model, weekly)
    assert [found.get(CAMPAIGNS[week], Fraction(0)) for week in range(3)] == shares


def test_no_touch_no_credit() -> None:
    assert credit(Model.LINEAR, []) == {}
    assert share_out(100, {}) == {}
