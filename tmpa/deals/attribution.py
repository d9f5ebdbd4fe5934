"""Which campaigns a deal owes itself to: pure functions of touchpoints and a model, with exact fractions.

Sourced (before the deal existed) and influenced (while it was open) are two figures, never one; the credit of each
sums to exactly 1 whatever the model.
"""

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from fractions import Fraction
from typing import Any

from tmpa.kernel.i18n import lazy_gettext as _l

HALF_LIFE = timedelta(days=7)
_PRECISION = 10**9


class Model(StrEnum):
    """How credit is dealt out."""

    FIRST = "first"
    LAST = "last"
    LINEAR = "linear"
    POSITION = "position"
    TIME_DECAY = "time_decay"


MODEL_NAMES: dict[Model, Any] = {
    Model.FIRST: _l("First touch"),
    Model.LAST: _l("Last touch"),
    Model.LINEAR: _l("Equal shares"),
    Model.POSITION: _l("First and last count most"),
    Model.TIME_DECAY: _l("Recent touches count most"),
}


@dataclass(frozen=True, slots=True)
class Touch:
    """One human engagement of the deal's account with one campaign."""

    campaign_id: uuid.UUID
    occurred_at: datetime


Credit = dict[uuid.UUID, Fraction]


@dataclass(frozen=True, slots=True)
class Attribution:
    """Credit by campaign. Each part sums to exactly 1, or is empty when there was no such touch."""

    sourced: Credit
    influenced: Credit


def attribute(
    model: Model, touches: Sequence[Touch], created_at: datetime, closed_at: datetime | None = None
) -> Attribution:
    """Credit of a deal that came into being at `created_at` and, if it is closed, was closed at `closed_at`.

    Touches after the closing belong to neither part.
    """
    before = [touch for touch in touches if touch.occurred_at < created_at]
    while_open = [
        touch
        for touch in touches
        if touch.occurred_at >= created_at and (closed_at is None or touch.occurred_at <= closed_at)
    ]
    return Attribution(credit(model, before), credit(model, while_open))


def credit(model: Model, touches: Sequence[Touch]) -> Credit:
    """Credit by campaign, summing to exactly 1; empty for no touches."""
    if not touches:
        return {}
    ordered = sorted(touches, key=lambda touch: (touch.occurred_at, touch.campaign_id))
    weights = _weights(model, ordered)
    whole = sum(weights, Fraction(0))
    shares: defaultdict[uuid.UUID, Fraction] = defaultdict(Fraction)
    for touch, weight in zip(ordered, weights, strict=True):
        if weight:
            shares[touch.campaign_id] += weight / whole
    return dict(shares)


def _weights(model: Model, ordered: Sequence[Touch]) -> list[Fraction]:
    count = len(ordered)
    if model is Model.FIRST:
        return [Fraction(1), *[Fraction(0)] * (count - 1)]
    if model is Model.LAST:
        return [*[Fraction(0)] * (count - 1), Fraction(1)]
    if model is Model.POSITION and count > 2:
        # the usual U: 40 % to the first, 40 % to the last, 20 % shared by those between
        return [Fraction(2, 5), *[Fraction(1, 5) / (count - 2)] * (count - 2), Fraction(2, 5)]
    if model is Model.TIME_DECAY:
        last = ordered[-1].occurred_at
        return [_decayed(last - touch.occurred_at) for touch in ordered]
    return [Fraction(1)] * count


def _decayed(age: timedelta) -> Fraction:
    # rounded to a fraction of 10⁹ so that every machine agrees; never 0, an old touch keeps a trace
    return Fraction(max(1, round(0.5 ** (age / HALF_LIFE) * _PRECISION)), _PRECISION)


def share_out(amount_minor: int, shares: Mapping[uuid.UUID, Fraction]) -> dict[uuid.UUID, int]:
    """`amount_minor` by campaign in whole minor units that sum to it exactly (largest remainder)."""
    exact = {key: amount_minor * share for key, share in shares.items()}
    whole = {key: int(value) for key, value in exact.items()}
    missing = amount_minor - sum(whole.values()) if exact else 0
    for key in sorted(exact, key=lambda key: (whole[key] - exact[key], key))[:missing]:
        whole[key] += 1
    return whole
