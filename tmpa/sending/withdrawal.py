"""Campaigns on a kit version that its vendor withdraws: what the vendor is told before, and what becomes of them."""

import uuid
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from tmpa.accounts import mail
from tmpa.accounts.models import Membership, Organization, User
from tmpa.campaigns.models import Campaign
from tmpa.kernel.http import Services
from tmpa.kernel.permissions import GRANTS, Permission, Role
from tmpa.kernel.scope import Scope, lifted, load
from tmpa.kits.models import KitVersion
from tmpa.sending import launch
from tmpa.sending.models import Recipient
from tmpa.sending.queries import OPEN_STATES
from tmpa.sending.transitions import lock, move
from tmpa.settings import Settings

LAUNCHED = ("launching", "running", "paused")
FEWEST = 5
"""A vendor reads no smaller count of a partner's contacts."""


@dataclass(frozen=True, slots=True)
class Affected:
    """A campaign that stands in the way of a withdrawal. `left` mails wait now (None: some, but fewer than five);
    `steps` mails of its journey have not begun."""

    campaign: Campaign
    partner: str
    left: int | None
    steps: int


def affected(session: Session, version: KitVersion) -> list[Affected]:
    """The planned and launched campaigns on a version, by partner's name."""
    campaigns = session.scalars(
        select(Campaign)
        .options(joinedload(Campaign.steps))
        .where(Campaign.kit_version_id == version.id, Campaign.state.in_(("scheduled", *LAUNCHED)))
    ).unique()
    found = list(campaigns)
    ids = [campaign.id for campaign in found]
    # the ledger is the partner's; the vendor learns how many mails a withdrawal would stop, nobody's name
    with lifted(session):
        rows = session.execute(
            select(Recipient.campaign_id, func.count())
            .where(
                Recipient.vendor_id == version.vendor_id,
                Recipient.campaign_id.in_(ids),
                Recipient.state.in_(OPEN_STATES),
            )
            .group_by(Recipient.campaign_id)
        )
        left = dict(rows.all())
    names = {
        row.id: row.name
        for row in session.scalars(
            select(Organization).where(Organization.id.in_({each.partner_id for each in found}))
        )
    }
    result = [
        Affected(
            campaign,
            names.get(campaign.partner_id, ""),
            _shown(left.get(campaign.id, 0)),
            sum(step.state == "planned" for step in campaign.steps),
        )
        for campaign in found
    ]
    return sorted(result, key=lambda each: (each.partner.casefold(), each.campaign.name.casefold()))


def _shown(count: int) -> int | None:
    return None if 0 < count < FEWEST else count


def leave_withdrawn(context: Services, kit_version: str, stop: bool) -> None:
    """The job of a withdrawal: planned campaigns become drafts, and with `stop` launched ones end for everybody who
    waits. Each in a transaction of its own with its partner's notice; what has been dealt with is passed over."""
    with context.database.unit_of_work(Scope.system(), write=False) as session:
        version = load(session, KitVersion, kit_version)
        if version.state != "withdrawn":
            return
        states = ("scheduled", *LAUNCHED) if stop else ("scheduled",)
        ids = session.scalars(
            select(Campaign.id).where(Campaign.kit_version_id == version.id, Campaign.state.in_(states))
        ).all()
    for campaign_id in ids:
        with context.database.unit_of_work(Scope.system()) as session:
            _leave(session, context.settings, campaign_id, version, stop)


def _leave(
    session: Session, settings: Settings, campaign_id: uuid.UUID, version: KitVersion, stop: bool
) -> None:
    campaign = session.get_one(Campaign, campaign_id)
    lock(session, campaign)
    if campaign.kit_version_id != version.id:  # moved to another version meanwhile
        return
    if campaign.state == "scheduled":
        move(session, campaign, "unschedule", version.left_reason)
        campaign.launch_at = None
    elif stop and campaign.state in LAUNCHED:
        launch.cancel(session, campaign, version.left_reason)
        campaign.launch_problem = version.left_reason  # told from a campaign that its partner cancelled
    else:
        return
    _tell(session, settings, campaign, version)


def _tell(session: Session, settings: Settings, campaign: Campaign, version: KitVersion) -> None:
    """A mail to everybody of the partner who may run campaigns."""
    roles = [role for role in Role if Permission.RUN_CAMPAIGNS in GRANTS[role]]
    people = session.scalars(
        select(User)
        .join(Membership, Membership.user_id == User.id)
        .where(Membership.organization_id == campaign.partner_id, Membership.role.in_(roles))
    ).unique()
    vendor = session.get_one(Organization, campaign.vendor_id)
    for person in people:
        mail.post(
            session,
            person.email,
            "kit_withdrawn",
            person.locale,
            campaign=campaign.name,
            vendor=vendor.name,
            kit=version.manifest["title"],
            version=version.version,
            reason=version.left_reason,
            is_stopped=campaign.state == "cancelled",
            url=f"{settings.portal_url}/campaigns/{campaign.public_id}",
        )
