"""The first page of each side: what to do next, what runs, what came of it."""

from dataclasses import dataclass
from datetime import timedelta

from flask import url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from tmpa.audiences.models import Contact
from tmpa.campaigns import queries as campaigns
from tmpa.campaigns import upgrades
from tmpa.campaigns.models import Campaign
from tmpa.kernel.clock import utcnow
from tmpa.kernel.http import db, render, scope
from tmpa.kernel.i18n import format_date, format_money, language_name, ngettext
from tmpa.kernel.i18n import gettext as _
from tmpa.mdf import requests
from tmpa.partners import brands
from tmpa.reports.home import PartnerHome, Risk, VendorHome, partner_home, vendor_home
from tmpa.reports.queries import Grouping, results
from tmpa.reports.views import count, course, sums

SHOWN = 5
BEST = 3
RUNNING = ("launching", "running", "paused", "scheduled")


@dataclass(frozen=True)
class Task:
    """One thing to do: what, why, and where it is done."""

    title: str
    text: str
    action: str
    href: str


def partner_page() -> ResponseReturnValue:
    """The partner's home."""
    figures = partner_home(db())
    mine = campaigns.campaigns(db())
    return render(
        "web/partner_home.html",
        tasks=_partner_tasks(figures, mine),
        running=[each for each in mine if each.state in RUNNING][:SHOWN],
        drafts=[each for each in mine if each.state == "draft"][:SHOWN],
        finished=[each for each in mine if each.state == "done"][:SHOWN],
        figures=figures,
        sums=sums,
        course=course(figures.days)
        if any(day.delivered != 0 or day.clicks != 0 for day in figures.days)
        else None,
    )


def _partner_tasks(figures: PartnerHome, mine: list[Campaign]) -> list[Task]:
    return [*_first_steps(mine), *_returned(figures), *_business(figures), *_upgrades(mine)]


def _first_steps(mine: list[Campaign]) -> list[Task]:
    tasks = []
    partner_id = scope().organization_id
    brand = brands.default_brand(db(), partner_id) if partner_id else None
    if brands.missing(brand):
        text = _("Logo, colour, address and sender: every mail, page and PDF then carries them.")
        tasks.append(Task(_("Set up your brand"), text, _("Set it up"), url_for("partners.brand")))
    if db().scalars(select(Contact.id).limit(1)).first() is None:
        text = _("A CSV from any program, in any encoding.")
        href = url_for("audiences.import_contacts")
        tasks.append(Task(_("Bring in your contacts"), text, _("Import a list"), href))
    if not mine:
        text = _("Ready mails, page, post and PDF in your brand. Five minutes to the first mail.")
        tasks.append(Task(_("Send your first campaign"), text, _("See the kits"), url_for("kits.gallery")))
    return tasks


def _upgrades(mine: list[Campaign]) -> list[Task]:
    """Drafts and planned campaigns whose kit version was withdrawn or has a newer one."""
    waiting = [each for each in mine if each.state in upgrades.MOVABLE]
    offered = upgrades.offers(db(), waiting)
    tasks = []
    for campaign in waiting:
        target, version = offered.get(campaign.id), campaign.kit_version
        title = _("“%(name)s” can move to a newer version of its kit", name=f"\u2068{campaign.name}\u2069")
        text = _("See what would change and decide.")
        if version.state == "withdrawn":
            title = _(
                "“%(name)s” can’t be launched: its kit was withdrawn", name=f"\u2068{campaign.name}\u2069"
            )
            text = version.left_reason
        if target is not None:
            href = url_for("upgrades.show", campaign=campaign.public_id)
            tasks.append(Task(title, text, _("Look at version %(version)s", version=target.version), href))
        elif version.state == "withdrawn":
            href = url_for("campaigns.show", campaign=campaign.public_id)
            tasks.append(Task(title, text, _("Open it"), href))
    return tasks[:SHOWN]


def _returned(figures: PartnerHome) -> list[Task]:
    tasks = [
        Task(
            _("“%(title)s” came back for repair", title=request.title),
            request.reason,
            _("Mend it"),
            url_for("mdf.request_page", request_id=request.public_id),
        )
        for request in figures.returned_requests
    ]
    tasks += [
        Task(
            _("The claim “%(title)s” came back for repair", title=claim.request.title),
            claim.reason,
            _("Mend it"),
            url_for("mdf.claim_page", claim_id=claim.public_id),
        )
        for claim in figures.returned_claims
    ]
    return tasks


def _business(figures: PartnerHome) -> list[Task]:
    tasks = []
    if figures.new_leads:
        title = ngettext("%(num)s new lead", "%(num)s new leads", figures.new_leads)
        text = _("They asked for something. Register a deal as soon as one is serious.")
        tasks.append(Task(title, text, _("See the leads"), url_for("deals.leads")))
    for request in figures.claimable[:SHOWN]:
        left = format_money(requests.left(db(), request), request.currency)
        text = _("%(amount)s can be claimed. Upload the invoice; the proof is made for you.", amount=left)
        href = url_for("mdf.new_claim", request=request.public_id)
        tasks.append(Task(_("Claim the costs of “%(title)s”", title=request.title), text, _("Claim"), href))
    for deal in figures.deals_to_close[:SHOWN]:
        text = _("Say whether it is won or lost before the protection ends.")
        if deal.protected_until:
            text = _(
                "Its protection ends on %(day)s. Say whether it is won or lost.",
                day=format_date(deal.protected_until),
            )
        href = url_for("deals.deal", deal_id=deal.public_id)
        tasks.append(Task(deal.customer_name, text, _("Open the deal"), href))
    return [*tasks, *(_risk(risk, "mdf.money") for risk in figures.at_risk)]


def _risk(risk: Risk, endpoint: str) -> Task:
    left = format_money(risk.balance.available + risk.balance.approved, risk.fund.currency)
    title = ngettext(
        "“%(fund)s” expires in %(num)s day",
        "“%(fund)s” expires in %(num)s days",
        risk.days,
        fund=risk.fund.name,
    )
    return Task(
        title, _("%(amount)s is not used yet.", amount=left), _("Look at the money"), url_for(endpoint)
    )


def vendor_page() -> ResponseReturnValue:
    """The vendor's home: reach, adoption, pipeline, money at risk of expiring."""
    figures = vendor_home(db())
    return render(
        "web/vendor_home.html",
        tasks=_vendor_tasks(figures),
        figures=figures,
        people=count(figures.people),
        sums=sums,
        best=_best(),
        course=course(figures.days)
        if any(day.delivered != 0 or day.clicks != 0 for day in figures.days)
        else None,
    )


def _best() -> list[tuple[str, str, list[tuple[str, str, str]]]]:
    """What works, with whom and where: heading, address of all, and the first rows (name, clicks, pipeline)."""
    since = utcnow().date() - timedelta(days=89)
    headings: dict[Grouping, str] = {"kit": _("Kits"), "partner": _("Partners"), "locale": _("Languages")}
    found = []
    for grouping, heading in headings.items():
        rows = results(db(), grouping, since)[:BEST]
        lines = [
            (
                language_name(row.key) if grouping == "locale" else row.name,
                count(row.human_clicks),
                sums(row.pipeline),
            )
            for row in rows
        ]
        if lines:
            found.append((heading, url_for("reports.results", by=grouping), lines))
    return found


def _vendor_tasks(figures: VendorHome) -> list[Task]:
    tasks = []
    if figures.deals_waiting:
        title = ngettext(
            "%(num)s deal registration waits", "%(num)s deal registrations wait", figures.deals_waiting
        )
        text = _("Partners see the same timer as you.")
        if figures.deals_late:
            text = ngettext(
                "%(num)s is past its promised time.",
                "%(num)s are past their promised time.",
                figures.deals_late,
            )
        tasks.append(Task(title, text, _("Decide"), url_for("deals.queue")))
    if figures.requests_waiting:
        title = ngettext(
            "%(num)s request for funds waits", "%(num)s requests for funds wait", figures.requests_waiting
        )
        tasks.append(
            Task(title, _("An MDF approver decides."), _("See the requests"), url_for("mdf.requests"))
        )
    if figures.claims_waiting:
        title = ngettext("%(num)s claim waits", "%(num)s claims wait", figures.claims_waiting)
        tasks.append(Task(title, _("An MDF approver decides."), _("See the claims"), url_for("mdf.claims")))
    if not figures.active_partners and not figures.invited_partners:
        text = _("They get a link, set their brand once, and can send your kits minutes later.")
        tasks.append(
            Task(_("Invite your first partner"), text, _("Invite a partner"), url_for("partners.invite"))
        )
    return [*tasks, *(_risk(risk, "mdf.vendor_money") for risk in figures.at_risk)]
