"""A fund's rules: lead times, caps and proof by activity. Data in the fund's row, defaults in `default_rules.toml`."""

import tomllib
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from tmpa.kernel.i18n import lazy_gettext as _l
from tmpa.mdf.models import Fund

ACTIVITY_NAMES: dict[str, Any] = {
    "email": _l("E-mail"),
    "landing_page": _l("Landing page"),
    "digital_ad": _l("Digital or social ad"),
    "syndicated_content": _l("Syndicated content"),
    "multi_touch": _l("E-mail and landing page together"),
    "print": _l("Print"),
    "broadcast": _l("Radio or television"),
    "outdoor": _l("Outdoor"),
    "telemarketing": _l("Telemarketing"),
    "seminar": _l("Webinar or seminar"),
    "trade_show": _l("Trade show"),
    "customer_offer": _l("Customer offer"),
    "training": _l("Training or exam"),
    "merchandise": _l("Merchandise"),
}

PROOF_NAMES: dict[str, Any] = {
    "final_piece": _l("The final piece in each language"),
    "send_log": _l("Proof of sending, with dates"),
    "url": _l("The page's address"),
    "page_snapshot": _l("A snapshot of the page"),
}


class Activity(BaseModel):
    """What proves one kind of activity. `platform`: the platform assembles the proof itself."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    proof: tuple[str, ...]
    platform: bool
    event: bool = False
    metrics: tuple[str, ...] = ()
    cost: tuple[str, ...] = ()
    cap_percent: int | None = None


class FundRules(BaseModel):
    """The rules of one fund. `partner_cap_minor` bounds what one partner may have approved in this fund."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    version: int = 1
    request_business_days: int = Field(10, ge=0)
    event_days: int = Field(30, ge=0)
    expiry_warning_days: tuple[int, ...] = (30, 14, 7)
    payment_days: int = 45
    attestation: str = ""
    partner_cap_minor: int | None = None
    activities: dict[str, Activity]


@lru_cache(maxsize=1)
def _defaults() -> str:
    return Path(__file__).with_name("default_rules.toml").read_text(encoding="utf-8")


def default_rules() -> dict[str, Any]:
    """A fresh copy of the default rule set, ready for a fund's row (JSON)."""
    return tomllib.loads(_defaults())


def rules_of(fund: Fund) -> FundRules:
    """The fund's rules; what its row does not say comes from the defaults."""
    return FundRules.model_validate({**default_rules(), **fund.rules})


def platform_activities(fund: Fund) -> list[str]:
    """The activities that the platform proves by itself, in the order of the rules."""
    return [name for name, activity in rules_of(fund).activities.items() if activity.platform]


def business_days_between(start: date, end: date) -> int:
    """Mondays to Fridays from `start` (not counted) to `end` (counted); 0 when `end` is not later."""
    days = (end - start).days
    return sum(1 for offset in range(1, days + 1) if (start + timedelta(days=offset)).weekday() < 5)


def lead_time_warning(fund: Fund, activity_type: str, starts_on: date, today: date) -> str | None:
    """A sentence when a request comes later than the fund's rules want, else None."""
    rules = rules_of(fund)
    activity = rules.activities.get(activity_type)
    if activity is not None and activity.event:
        if (starts_on - today).days < rules.event_days:
            return str(
                _l(
                    "Events are asked for at least %(days)s days ahead; the vendor may decline.",
                    days=rules.event_days,
                )
            )
        return None
    if business_days_between(today, starts_on) < rules.request_business_days:
        return str(
            _l(
                "Requests should come %(days)s business days before the activity; the vendor may decline.",
                days=rules.request_business_days,
            )
        )
    return None


def expiry_warning(fund: Fund, today: date) -> int | None:
    """Days until money of this fund can't be used any more, once the first warning is due; else None."""
    left = (fund.use_until - today).days
    return left if 0 <= left <= max(rules_of(fund).expiry_warning_days, default=0) else None
