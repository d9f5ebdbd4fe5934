"""The live page: progress while it runs, results when it has run, and the buttons that stop it."""

from collections.abc import Callable

from flask import request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from tmpa.campaigns import service, upgrades
from tmpa.campaigns.addresses import page_url
from tmpa.campaigns.models import Campaign
from tmpa.campaigns.rendering import source_of, step_titles
from tmpa.kernel.http import db, flash, go, render, route, services
from tmpa.kernel.i18n import gettext as _
from tmpa.kernel.i18n import language_name
from tmpa.kernel.scope import load
from tmpa.sending import launch as sending
from tmpa.web.campaign import live_page, material, page, panes
from tmpa.web.campaign.views import RUN, blueprint


@route(blueprint, "/campaigns/<campaign>/live", RUN)
def live(campaign: str) -> ResponseReturnValue:
    found = load(db(), Campaign, campaign)
    if found.state in service.EDITABLE:
        return go("campaigns.show", campaign=campaign)
    source = source_of(services().store, found)
    settings = services().settings
    pages = [(language_name(tag), page_url(settings, found, tag)) for tag in found.locales]
    taken = material.of(found, request.args.get("locale", ""))
    return render(
        "campaign/live.html",
        campaign=found,
        offer=upgrades.offer(db(), found),
        live=live_page.live(db(), found),
        step_titles=step_titles(services().store, found),
        chart_data=live_page.chart(db(), found.id),
        stages=page.stages(source, found),
        frames=panes.frames(source, found),
        material=taken,
        page_address=page_url(settings, found, taken.locale) if taken else "",
        language_name=language_name,
        pages=pages if any(piece.kind == "page" for piece in source.manifest.pieces) else [],
        may_claim=live_page.has("mdf.new_request"),
    )


@route(blueprint, "/campaigns/<campaign>/live/part", RUN)
def live_part(campaign: str) -> ResponseReturnValue:
    """The part that moves, asked for every two seconds while it does."""
    found = load(db(), Campaign, campaign)
    return render(
        "campaign/_live.html",
        campaign=found,
        live=live_page.live(db(), found),
        step_titles=step_titles(services().store, found),
    )


def _act(campaign: str, action: Callable[[Session, Campaign], None], message: str) -> ResponseReturnValue:
    found = load(db(), Campaign, campaign)
    action(db(), found)
    flash(message)
    return go(
        "campaigns.live" if found.state not in service.EDITABLE else "campaigns.show", campaign=campaign
    )


@route(blueprint, "/campaigns/<campaign>/pause", RUN, methods=("POST",))
def pause(campaign: str) -> ResponseReturnValue:
    return _act(campaign, sending.pause, _("Paused. Mails that are on their way still arrive."))


@route(blueprint, "/campaigns/<campaign>/resume", RUN, methods=("POST",))
def resume(campaign: str) -> ResponseReturnValue:
    return _act(campaign, sending.resume, _("The campaign goes on where it stopped."))


@route(blueprint, "/campaigns/<campaign>/cancel", RUN, methods=("POST",))
def cancel(campaign: str) -> ResponseReturnValue:
    return _act(campaign, sending.cancel, _("Cancelled. Nobody else gets a mail of this campaign."))


@route(blueprint, "/campaigns/<campaign>/unschedule", RUN, methods=("POST",))
def unschedule(campaign: str) -> ResponseReturnValue:
    return _act(campaign, sending.unschedule, _("The campaign is a draft again."))


__all__ = ["blueprint"]
