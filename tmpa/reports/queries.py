"""Figures that span rooms. A vendor gets sums only: counts of partners' people below five are not given out."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import Session

from tmpa.accounts.models import Organization
from tmpa.campaigns.models import Campaign
from tmpa.deals.models import DealRegistration, Lead, Touchpoint
from tmpa.engagement.figures import shown_to_vendor
from tmpa.engagement.models import DailyRollup
from tmpa.kernel.scope import lifted, session_scope
from tmpa.kits.models import Kit, KitVersion

LAUNCHED = ("launching", "running", "paused", "done")
OPEN_DEALS = ("submitted", "under_review", "approved")

Grouping = Literal["kit", "partner", "locale"]


@dataclass(slots=True)
class Row:
    """What one kit, partner or language did. Counts are None where a vendor may not see them (1 to 4).

    `pipeline` and `won` are minor units by currency; a deal counts once for each group it was touched by, so the
    groups don't add up to the whole.
    """

    key: str
    name: str
    campaigns: int = 0
    partners: int = 0
    delivered: int | None = 0
    human_clicks: int | None = 0
    human_visits: int | None = 0
    submissions: int | None = 0
    leads: int | None = 0
    deals: int = 0
    pipeline: dict[str, int] = field(default_factory=dict)
    won: dict[str, int] = field(default_factory=dict)

    @property
    def click_rate(self) -> float | None:
        """Human clicks for each delivered mail; None where it can't be said."""
        return (
            self.human_clicks / self.delivered if self.human_clicks is not None and self.delivered else None
        )


_COUNTS = ("delivered", "human_clicks", "human_visits", "submissions", "leads")


def results(session: Session, grouping: Grouping, since: date | None = None) -> list[Row]:
    """What works, by kit, partner or language: the most human clicks first. For the session's scope."""
    rows: dict[str, Row] = {}
    launched = _campaigns(session)
    names = _names(session, grouping, launched)

    def row(key: str) -> Row:
        return rows.setdefault(key, Row(key, names.get(key, key)))

    groups = {campaign.id: _groups(campaign, grouping) for campaign in launched}
    partners: defaultdict[str, set[uuid.UUID]] = defaultdict(set)
    for campaign in launched:
        for key in groups[campaign.id]:
            row(key).campaigns += 1
            partners[key].add(campaign.partner_id)
    for campaign_id, locale, kind, verdict, count in _counted(session, since):
        for key in [locale] if grouping == "locale" else groups.get(campaign_id, []):
            if key:
                _add(row(key), kind, verdict, count)
    for campaign_id, leads in _leads(session, since).items():
        for key in groups.get(campaign_id, []) if grouping != "locale" else []:
            row(key).leads = (row(key).leads or 0) + leads
    for key, found in _deals(session, groups, since).items():
        for deal in found:
            _add_deal(row(key), deal)
    for key, found_row in rows.items():
        found_row.partners = len(partners[key])
    if session_scope(session).side == "vendor":
        for found_row in rows.values():
            for name in _COUNTS:
                setattr(found_row, name, shown_to_vendor(getattr(found_row, name)))
    return sorted(
        rows.values(), key=lambda each: (-(each.human_clicks or 0), -(each.delivered or 0), each.name)
    )


def _campaigns(session: Session) -> Sequence[Campaign]:
    return session.scalars(select(Campaign).where(Campaign.state.in_(LAUNCHED))).all()


def _groups(campaign: Campaign, grouping: Grouping) -> list[str]:
    if grouping == "kit":
        return [str(campaign.kit_version.kit_id)]
    return [str(campaign.partner_id)] if grouping == "partner" else list(campaign.locales)


def _names(session: Session, grouping: Grouping, campaigns: Iterable[Campaign]) -> dict[str, str]:
    if grouping == "kit":
        kits = session.execute(select(Kit.id, Kit.title))
        return {str(found.id): found.title for found in kits}
    if grouping == "partner":
        keys = {campaign.partner_id for campaign in campaigns}
        partners = session.execute(
            select(Organization.id, Organization.name).where(Organization.id.in_(keys))
        )
        return {str(found.id): found.name for found in partners}
    return {}


def _counted(session: Session, since: date | None) -> Sequence[tuple[uuid.UUID, str, str, str, int]]:
    columns = (DailyRollup.campaign_id, DailyRollup.locale, DailyRollup.kind, DailyRollup.verdict)
    wanted = select(*columns, func.sum(DailyRollup.count)).group_by(*columns)
    rows = session.execute(wanted.where(DailyRollup.day >= since) if since else wanted)
    return [
        (campaign_id, locale, kind, verdict, int(count)) for campaign_id, locale, kind, verdict, count in rows
    ]


def _add(row: Row, kind: str, verdict: str, count: int) -> None:
    name = {
        "delivered": "delivered",
        "clicked": "human_clicks",
        "visited": "human_visits",
        "submitted": "submissions",
    }
    if kind in name and (verdict == "human" or kind == "delivered"):
        setattr(row, name[kind], (getattr(row, name[kind]) or 0) + count)


def _leads(session: Session, since: date | None) -> dict[uuid.UUID, int]:
    scope = session_scope(session)
    wanted = (
        select(Lead.campaign_id, func.count()).where(Lead.campaign_id.is_not(None)).group_by(Lead.campaign_id)
    )
    if since:
        wanted = wanted.where(Lead.asked_at >= datetime.combine(since, time(), UTC))
    if scope.side != "vendor":
        return {key: count for key, count in session.execute(wanted) if key is not None}
    # Leads are the partners' alone: the vendor gets their number, for its own programme, hidden below five.
    with lifted(session):
        rows = session.execute(wanted.where(Lead.vendor_id == scope.organization_id)).all()
    return {key: count for key, count in rows if key is not None}


def _deals(
    session: Session, groups: dict[uuid.UUID, list[str]], since: date | None
) -> dict[str, list[DealRegistration]]:
    """Deals by group, each once: those that a campaign of the group touched."""
    touched = session.execute(select(Touchpoint.deal_id, Touchpoint.campaign_id).distinct()).all()
    deals = {deal.id: deal for deal in session.scalars(select(DealRegistration).where(_real_deal()))}
    found: defaultdict[str, dict[uuid.UUID, DealRegistration]] = defaultdict(dict)
    for deal_id, campaign_id in touched:
        deal = deals.get(deal_id)
        if deal is None or (since and deal.created_at.date() < since):
            continue
        for key in groups.get(campaign_id, []):
            found[key][deal_id] = deal
    return {key: list(each.values()) for key, each in found.items()}


def _real_deal() -> ColumnElement[bool]:
    return DealRegistration.state.in_((*OPEN_DEALS, "won"))


def _add_deal(row: Row, deal: DealRegistration) -> None:
    row.deals += 1
    sums = row.won if deal.state == "won" else row.pipeline
    amount = deal.won_amount_minor if deal.won_amount_minor is not None else deal.amount_minor
    sums[deal.currency] = sums.get(deal.currency, 0) + amount


@dataclass(frozen=True, slots=True)
class VersionUse:
    """How one version of a kit is used."""

    version: KitVersion
    partners: int
    campaigns: int
    running: int


@dataclass(frozen=True, slots=True)
class KitUse:
    """Who uses a kit and what came of it."""

    partners: int
    campaigns: int
    versions: list[VersionUse]
    outcome: Row


def kit_use(session: Session, kit: Kit) -> KitUse:
    """A kit's use in the session's scope. Raises nothing for a kit that nobody uses: all figures are zero."""
    rows = session.execute(
        select(
            Campaign.kit_version_id,
            func.count(func.distinct(Campaign.partner_id)),
            func.count(),
            func.sum(case((Campaign.state.in_(("launching", "running", "paused")), 1), else_=0)),
        )
        .where(Campaign.state.in_((*LAUNCHED, "scheduled")))
        .group_by(Campaign.kit_version_id)
    )
    by_version = {key: (partners, campaigns, int(running or 0)) for key, partners, campaigns, running in rows}
    versions = [VersionUse(version, *by_version.get(version.id, (0, 0, 0))) for version in kit.versions]
    partners = session.scalar(
        select(func.count(func.distinct(Campaign.partner_id)))
        .join(KitVersion, KitVersion.id == Campaign.kit_version_id)
        .where(KitVersion.kit_id == kit.id, Campaign.state.in_((*LAUNCHED, "scheduled")))
    )
    outcome = next(
        (row for row in results(session, "kit") if row.key == str(kit.id)), Row(str(kit.id), kit.title)
    )
    return KitUse(partners or 0, sum(each.campaigns for each in versions), versions, outcome)


@dataclass(frozen=True, slots=True)
class Day:
    """What people did on one day (UTC). None where a vendor may not see it (1 to 4)."""

    day: date
    delivered: int | None
    clicks: int | None
    submissions: int | None


def by_day(session: Session, until: date, days: int = 30) -> list[Day]:
    """The last `days` days in scope, every day of them, empty ones too."""
    first = until - timedelta(days=days - 1)
    rows = session.execute(
        select(DailyRollup.day, DailyRollup.kind, DailyRollup.verdict, func.sum(DailyRollup.count))
        .where(DailyRollup.day >= first, DailyRollup.day <= until)
        .group_by(DailyRollup.day, DailyRollup.kind, DailyRollup.verdict)
    )
    sums: defaultdict[date, Row] = defaultdict(lambda: Row("", ""))
    for day, kind, verdict, count in rows:
        _add(sums[day], kind, verdict, int(count))
    hides = session_scope(session).side == "vendor"

    def shown(count: int | None) -> int | None:
        return shown_to_vendor(count or 0) if hides else count or 0

    return [
        Day(day, shown(sums[day].delivered), shown(sums[day].human_clicks), shown(sums[day].submissions))
        for day in (first + timedelta(days=offset) for offset in range(days))
    ]
