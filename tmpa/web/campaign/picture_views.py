"""Pictures of a campaign's image slots: one is uploaded or chosen and shown at once."""

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from tmpa.campaigns.models import Campaign
from tmpa.campaigns.rendering import source_of
from tmpa.kernel.errors import NotFound
from tmpa.kernel.http import db, render, route, services
from tmpa.kernel.objects import MissingObject
from tmpa.kernel.permissions import Permission
from tmpa.kernel.scope import load
from tmpa.partners.models import Picture
from tmpa.partners.pictures import read_thumbnail
from tmpa.web.campaign import page, saving

blueprint = Blueprint("pictures", __name__, template_folder="templates")
RUN = Permission.RUN_CAMPAIGNS


@route(blueprint, "/campaigns/<campaign>/pictures/<slot>", RUN, methods=("POST",))
def choose(campaign: str, slot: str) -> ResponseReturnValue:
    """Save the form with the picture that was uploaded or chosen for one slot; the slot's field anew."""
    found = load(db(), Campaign, campaign)
    source = source_of(services().store, found)
    if all(each.name != slot or each.kind != "image" for each in source.manifest.slots):
        raise NotFound
    errors, refused = saving.take_with_images(
        db(), services().store, source, found, request.form, request.files
    )
    [item] = [field for field in page.shared_fields(db(), source, found, errors) if field.slot.name == slot]
    response = render(
        "campaign/_picture.html",
        422 if refused else 200,
        item=item,
        is_open="gallery" in request.form,
        is_fresh=not refused,
    )
    if not refused:
        response.headers["HX-Trigger-After-Swap"] = "saved"
    return response


@route(blueprint, "/pictures/<picture>", RUN)
def thumbnail(picture: str) -> ResponseReturnValue:
    """One of the partner's pictures in small."""
    try:
        data, content_type = read_thumbnail(services().store, load(db(), Picture, picture))
    except MissingObject:
        raise NotFound from None
    response = Response(data, content_type=content_type)
    response.headers["Cache-Control"] = "private, max-age=86400"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response
