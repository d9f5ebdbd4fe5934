"""A campaign's engagement: human, machine and unknown side by side, and the reason of every single event."""

from dataclasses import dataclass
from typing import Final

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tmpa.audiences.models import Contact
from tmpa.campaigns.models import Campaign, CampaignStep
from tmpa.campaigns.rendering import step_titles
from tmpa.engagement import figures, verdicts
from tmpa.engagement.models import EngagementEvent
from tmpa.kernel.http import db, render, route, services
from tmpa.kernel.i18n import gettext as _
from tmpa.kernel.i18n import lazy_gettext as _l
from tmpa.kernel.permissions import Permission
from tmpa.kernel.scope import load

blueprint = Blueprint("engagement", __name__, template_folder="templates")

PAGE_SIZE: Final = 50
KIND_NAMES: Final = {
    "opened": _l("Opened"),
    "clicked": _l("Clicked"),
    "visited": _l("Visited the page"),
    "submitted": _l("Sent the form"),
    "unsubscribed": _l("Unsubscribed"),
    "delivered": _l("Delivered"),
    "bounced": _l("Not delivered"),
    "complained": _l("Complained"),
}
VERDICT_NAMES: Final = {"human": _l("Human"), "machine": _l("Machine"), "unknown": _l("Unknown")}
TONES: Final = {"human": "good", "machine": "neutral", "unknown": "warn"}


@dataclass(frozen=True, slots=True)
class Line:
    """One event as people read it."""

    event: EngagementEvent
    who: str
    what: str
    step: str
    verdict: str
    tone: str
    reason: str


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the list, for the pager."""

    number: int
    pages: int
    total: int


@route(blueprint, "/campaigns/<campaign_id>/engagement", Permission.RUN_CAMPAIGNS)
def campaign(campaign_id: str) -> ResponseReturnValue:
    """Every event of a campaign with its verdict and the reason."""
    session = db()
    row = load(session, Campaign, campaign_id)
    verdict, kind = request.args.get("verdict", ""), request.args.get("kind", "")
    seen = figures.campaign_figures(session, row.id)
    lines, page = _lines(session, row, verdict, kind, request.args.get("page", 1, int))
    return render(
        "engagement/campaign.html",
        campaign=row,
        titles=step_titles(services().store, row),
        rows=[
            (str(KIND_NAMES[name]), getattr(seen, name), getattr(seen.people, name).human)
            for name in ("opened", "clicked", "visited", "submitted")
        ],
        delivered=seen.delivered,
        lines=lines,
        page=page,
        verdict=verdict,
        kind=kind,
        verdicts=VERDICT_NAMES,
        kinds=KIND_NAMES,
        links=figures.by_link(session, row.id),
    )


def _lines(session: Session, row: Campaign, verdict: str, kind: str, number: int) -> tuple[list[Line], Page]:
    wanted = [EngagementEvent.campaign_id == row.id]
    if verdict in VERDICT_NAMES:
        wanted.append(EngagementEvent.verdict == verdict)
    if kind in KIND_NAMES:
        wanted.append(EngagementEvent.kind == kind)
    else:  # what servers did is on the recipients' page
        wanted.append(EngagementEvent.kind.not_in(("delivered", "bounced", "complained")))
    total = session.scalar(select(func.count()).select_from(EngagementEvent).where(*wanted)) or 0
    pages = max(1, -(-total // PAGE_SIZE))
    number = min(max(number, 1), pages)
    found = session.execute(
        select(EngagementEvent, CampaignStep.name, Contact.email)
        .outerjoin(CampaignStep, CampaignStep.id == EngagementEvent.step_id)
        .outerjoin(Contact, Contact.id == EngagementEvent.contact_id)
        .where(*wanted)
        .order_by(EngagementEvent.occurred_at.desc(), EngagementEvent.id.desc())
        .limit(PAGE_SIZE)
        .offset((number - 1) * PAGE_SIZE)
    )
    lines = [_line(event, step or "", email or "") for event, step, email in found]
    return lines, Page(number, pages, total)


def _line(event: EngagementEvent, step: str, email: str) -> Line:
    what = str(KIND_NAMES[event.kind])
    if event.kind == "clicked" and event.link:
        what = _("Clicked link %(number)s", number=event.link)
    return Line(
        event=event,
        who=email,
        what=what,
        step=step,
        verdict=str(VERDICT_NAMES[event.verdict]),
        tone=TONES[event.verdict],
        reason=verdicts.sentence(event.rule),
    )
