"""A newer version of the kit for one campaign: what the move means, before and after, and the move itself."""

from dataclasses import dataclass
from itertools import groupby

from flask import Blueprint, g, request, url_for
from flask.typing import ResponseReturnValue

from tmpa.campaigns import previews, upgrades
from tmpa.campaigns.models import Campaign
from tmpa.campaigns.rendering import source_of
from tmpa.kernel.errors import Refused
from tmpa.kernel.http import db, flash, go, render, route, services
from tmpa.kernel.i18n import gettext as _
from tmpa.kernel.i18n import language_name
from tmpa.kernel.objects import LocalStore, S3Store
from tmpa.kernel.permissions import Permission
from tmpa.kernel.scope import load
from tmpa.kits.diff import SECTIONS, Change
from tmpa.kits.models import KitVersion
from tmpa.kits.service import load_source
from tmpa.settings import Settings
from tmpa.web.campaign import page
from tmpa.web.campaign.frames import frame_response

blueprint = Blueprint("upgrades", __name__, template_folder="templates")
RUN = Permission.RUN_CAMPAIGNS


@dataclass(frozen=True, slots=True)
class Side:
    """One side of before and after: an address to frame, or why there is nothing to see."""

    title: str
    url: str
    empty: str = ""


def _stores() -> tuple[LocalStore | S3Store, Settings]:
    return services().store, services().settings


@route(blueprint, "/campaigns/<campaign>/upgrade", RUN)
def show(campaign: str) -> ResponseReturnValue:
    """The three-way view: the vendor's old and new version, and what the partner typed."""
    found = load(db(), Campaign, campaign)
    target = upgrades.offer(db(), found)
    if target is None:
        return render("campaign/no_upgrade.html", campaign=found)
    return _show(found, target)


def _show(campaign: Campaign, target: KitVersion, refusal: str = "") -> ResponseReturnValue:
    review = upgrades.review(db(), *_stores(), campaign, target)
    return render(
        "campaign/upgrade.html",
        422 if refusal else 200,
        campaign=campaign,
        target=target,
        review=review,
        refusal=refusal,
        can_move=campaign.state in upgrades.MOVABLE,
        groups=grouped(review.changes),
        look=_look(campaign, target, review),
        language_name=language_name,
        planned=page.in_zone(campaign.launch_at, campaign.launch_zone) if campaign.launch_at else "",
    )


def grouped(changes: tuple[Change, ...] | list[Change]) -> list[tuple[str, list[Change]]]:
    """Changes under the heading of their section."""
    return [
        (str(SECTIONS[section]), list(each)) for section, each in groupby(changes, lambda each: each.section)
    ]


def _look(campaign: Campaign, target: KitVersion, review: upgrades.Review) -> dict[str, object]:
    """One piece in one language, before and after."""
    old, new = source_of(services().store, campaign), load_source(services().store, target)
    pieces = {piece.name: piece for piece in (*new.manifest.pieces, *old.manifest.pieces)}
    piece = pieces.get(request.args.get("piece", "")) or new.manifest.pieces[0]
    locales = list(dict.fromkeys((*campaign.locales, *review.locales)))
    asked = request.args.get("locale", "")
    locale = asked if asked in locales else locales[0]
    sides = []
    for source, endpoint, title in (
        (old, "campaigns.preview", _("Now, version %(version)s", version=campaign.kit_version.version)),
        (new, "upgrades.preview", _("Then, version %(version)s", version=target.version)),
    ):
        if piece.name not in {each.name for each in source.manifest.pieces}:
            sides.append(Side(title, "", _("This version has no such piece.")))
        elif locale not in source.manifest.locales:
            sides.append(Side(title, "", _("This version doesn’t speak this language.")))
        else:
            url = url_for(endpoint, campaign=campaign.public_id, piece=piece.name, locale=locale)
            sides.append(Side(title, url))
    return {
        "pieces": pieces.values(),
        "piece": piece,
        "locales": locales,
        "locale": locale,
        "sides": sides,
        "width": previews.WIDTHS[piece.kind],
    }


@route(blueprint, "/campaigns/<campaign>/upgrade/preview/<piece>", RUN)
def preview(campaign: str, piece: str) -> ResponseReturnValue:
    """A piece as it would be after the move, for a frame."""
    found = load(db(), Campaign, campaign)
    target = upgrades.offer(db(), found) or found.kit_version
    moved = upgrades.as_moved(db(), *_stores(), found, target)
    locale = request.args.get("locale", "") or moved.locales[0]
    frame = previews.frame_of(services().store, services().settings, moved, locale, g.organization)
    return frame_response(previews.preview(frame, piece, page.sender_line(moved)))


@route(blueprint, "/campaigns/<campaign>/upgrade", RUN, methods=("POST",))
def move(campaign: str) -> ResponseReturnValue:
    """Move, if the campaign still is what the page showed."""
    found = load(db(), Campaign, campaign)
    target = load(db(), KitVersion, request.form.get("version", ""))
    try:
        upgrades.move(db(), *_stores(), found, target, request.form.get("seen", ""))
    except Refused as refusal:
        db().rollback()
        offered = upgrades.offer(db(), found)
        if offered is None:
            raise
        return _show(found, offered, str(refusal))
    flash(_("The campaign uses version %(version)s now.", version=target.version))
    return go("campaigns.show", campaign=campaign)


@route(blueprint, "/campaigns/<campaign>/move-back", RUN, methods=("POST",))
def move_back(campaign: str) -> ResponseReturnValue:
    """Undo the last move."""
    found = load(db(), Campaign, campaign)
    version = upgrades.move_back(db(), *_stores(), found)
    flash(_("The campaign uses version %(version)s again.", version=version.version))
    return go("campaigns.show", campaign=campaign)
