"""The operator's one search box: why did a mail (not) go to an address?

The address must be given whole and every search is audited, so that nobody can browse partners' contacts with it.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tmpa.accounts.addresses import fold
from tmpa.accounts.models import Organization
from tmpa.audiences.models import Contact, Suppression
from tmpa.audiences.suppression import REASON_NAMES
from tmpa.campaigns.models import Campaign, CampaignStep
from tmpa.kernel.audit import record
from tmpa.kernel.http import db, render, route, scope
from tmpa.kernel.i18n import gettext as _
from tmpa.kernel.permissions import Permission
from tmpa.kernel.scope import lifted
from tmpa.sending.models import Recipient
from tmpa.sending.reasons import STATE_NAMES, TONES, sentence

blueprint = Blueprint("mail_search", __name__, template_folder="templates")

MOST = 100


@dataclass(frozen=True)
class Found:
    """One mail to the address, or one that was not sent: whose, which, what became of it and why."""

    partner: str
    campaign: str
    step: str
    state: str
    tone: str
    why: str
    reply: str
    message_id: str
    at: datetime


@dataclass(frozen=True)
class Block:
    """A suppression of the address: by whom (None = everywhere), why and since when."""

    organization: str | None
    reason: str
    at: datetime


@route(blueprint, "/operator/mails", Permission.OPERATE)
def search_form() -> ResponseReturnValue:
    return render("operator/mails.html", address="", mails=None)


@route(blueprint, "/operator/mails", Permission.OPERATE, methods=("POST",))
def search() -> ResponseReturnValue:
    """By POST, so that the address stays out of access logs and browsers' histories."""
    address = request.form.get("address", "").strip()
    if "@" not in address:
        problem = _("Type the whole address, such as ada@example.com.")
        return render("operator/mails.html", address=address, mails=None, problem=problem), 422
    session = db()
    own = session.get_one(Organization, scope().organization_id)
    # the audit trail is never erased, so it keeps the domain and not the person
    record(session, "operator.mail_search", own, domain=address.rpartition("@")[2])
    with lifted(session):
        mails = _mails(session, address)
        blocks = _blocks(session, address)
        known = session.scalar(select(func.count()).where(Contact.email_key == fold(address))) or 0
    return render(
        "operator/mails.html",
        address=address,
        mails=mails,
        blocks=blocks,
        block_reasons=REASON_NAMES,
        known=known,
    )


def _mails(session: Session, address: str) -> list[Found]:
    wanted = [address, address.lower(), fold(address)]
    contacts = select(Contact.id).where(Contact.email_key == fold(address))
    rows: Any = session.execute(
        select(Recipient, Campaign.name, CampaignStep.name, Organization.name)
        .join(Campaign, Campaign.id == Recipient.campaign_id)
        .join(CampaignStep, CampaignStep.id == Recipient.step_id)
        .join(Organization, Organization.id == Campaign.partner_id)
        .where(Recipient.contact_id.in_(contacts) | Recipient.email.in_(wanted))
        .order_by(Recipient.created_at.desc())
        .limit(MOST)
    )
    return [
        Found(
            partner,
            campaign,
            step,
            str(STATE_NAMES[row.state]),
            TONES.get(row.state, "neutral"),
            sentence(row.state, row.reason),
            row.reply,
            row.message_id or "",
            row.handed_over_at or row.created_at,
        )
        for row, campaign, step, partner in rows
    ]


def _blocks(session: Session, address: str) -> list[Block]:
    rows: Any = session.execute(
        select(Suppression, Organization.name)
        .outerjoin(Organization, Organization.id == Suppression.organization_id)
        .where(Suppression.email_key == fold(address))
        .order_by(Suppression.created_at.desc())
        .limit(MOST)
    )
    return [Block(name, row.reason, row.created_at) for row, name in rows]
