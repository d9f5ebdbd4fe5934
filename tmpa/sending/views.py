"""The pages of the room: the list of a campaign's recipients, and the preference page behind every unsubscribe link."""

from dataclasses import dataclass
from typing import Final

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tmpa.audiences.models import Contact
from tmpa.campaigns.models import Campaign, CampaignStep
from tmpa.campaigns.rendering import step_titles
from tmpa.kernel import i18n
from tmpa.kernel.http import PUBLIC, db, render, route, services
from tmpa.kernel.i18n import lazy_gettext as _l
from tmpa.kernel.permissions import Permission
from tmpa.kernel.scope import load
from tmpa.sending import reasons
from tmpa.sending.models import Recipient
from tmpa.sending.unsubscribe import look_up
from tmpa.sending.unsubscribe import unsubscribe as end_subscription

blueprint = Blueprint("sending", __name__, template_folder="templates")

PAGE_SIZE: Final = 50
FILTERS: Final = {
    "sent": (_l("Sent"), ("handed_over", "complained")),
    "waiting": (_l("Waiting"), ("planned", "leased", "in_flight", "deferred")),
    "bounced": (_l("Not delivered"), ("bounced",)),
    "uncertain": (_l("Not certain"), ("uncertain",)),
    "skipped": (_l("Skipped"), ("skipped",)),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the list."""

    email: str
    name: str
    step: str
    state: str
    tone: str
    why: str
    reply: str
    locale: str
    row: Recipient


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the list, for the pager."""

    number: int
    pages: int
    total: int


@route(blueprint, "/campaigns/<campaign_id>/recipients", Permission.RUN_CAMPAIGNS)
def recipients(campaign_id: str) -> ResponseReturnValue:
    """Who got it, who didn't, and why."""
    session = db()
    campaign = load(session, Campaign, campaign_id)
    chosen = request.args.get("state", "")
    counts = _counts(session, campaign)
    search = request.args.get("search", "").strip()
    lines, page = _lines(session, campaign, chosen, search, request.args.get("page", 1, int))
    return render(
        "sending/recipients.html",
        campaign=campaign,
        titles=step_titles(services().store, campaign),
        lines=lines,
        page=page,
        chosen=chosen,
        search=search,
        filters=[
            (key, str(name), sum(counts.get(s, 0) for s in states)) for key, (name, states) in FILTERS.items()
        ],
        everybody=sum(counts.values()),
    )


def _counts(session: Session, campaign: Campaign) -> dict[str, int]:
    rows = session.execute(
        select(Recipient.state, func.count())
        .where(Recipient.vendor_id == campaign.vendor_id, Recipient.campaign_id == campaign.id)
        .group_by(Recipient.state)
    )
    return dict(rows.all())


def _lines(
    session: Session, campaign: Campaign, chosen: str, search: str, number: int
) -> tuple[list[Line], Page]:
    wanted = [Recipient.vendor_id == campaign.vendor_id, Recipient.campaign_id == campaign.id]
    if chosen in FILTERS:
        wanted.append(Recipient.state.in_(FILTERS[chosen][1]))
    if search:
        wanted.append(Recipient.email.icontains(search, autoescape=True))
    total = session.scalar(select(func.count()).select_from(Recipient).where(*wanted)) or 0
    pages = max(1, -(-total // PAGE_SIZE))
    number = min(max(number, 1), pages)
    found = session.execute(
        select(Recipient, CampaignStep.name, Contact.first_name, Contact.last_name)
        .join(CampaignStep, CampaignStep.id == Recipient.step_id)
        .outerjoin(Contact, Contact.id == Recipient.contact_id)
        .where(*wanted)
        .order_by(CampaignStep.position, Recipient.email, Recipient.id)
        .limit(PAGE_SIZE)
        .offset((number - 1) * PAGE_SIZE)
    )
    lines = [
        Line(
            email=row.email,
            name=f"{first or ''} {last or ''}".strip(),
            step=step,
            state=str(reasons.STATE_NAMES[row.state]),
            tone=reasons.TONES.get(row.state, "neutral"),
            why=reasons.sentence(row.state, row.reason),
            reply=row.reply if row.state in ("deferred", "bounced", "uncertain") else "",
            locale=row.locale,
            row=row,
        )
        for row, step, first, last in found
    ]
    return lines, Page(number, pages, total)


@route(blueprint, "/u/<token>", PUBLIC, methods=("GET", "POST"))
def unsubscribe(token: str) -> ResponseReturnValue:
    """GET shows who writes and one button; POST ends it at once (RFC 8058: the mail program's own button too)."""
    session, signer = db(), services().signer
    if request.method == "POST":
        by = "one_click" if request.form.get("List-Unsubscribe") == "One-Click" else "page"
        end_subscription(session, signer, token, by)
        session.flush()
    subscription = look_up(session, signer, token)
    with i18n.use_locale(subscription.locale):
        return render(
            "sending/unsubscribe.html",
            subscription=subscription,
            locale=subscription.locale,
            direction=i18n.direction(),
        )
