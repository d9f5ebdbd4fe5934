"""The portal's first page for each side."""

from flask import Blueprint, g
from flask.typing import ResponseReturnValue

from tmpa.kernel.http import SIGNED_IN, go, render, route, scope
from tmpa.kernel.permissions import Permission, allowed

blueprint = Blueprint("web", __name__, template_folder="templates")


@route(blueprint, "/", SIGNED_IN)
def home() -> ResponseReturnValue:
    if scope().side == "operator":
        return go("operator.health")
    if allowed(scope(), Permission.DECIDE_CLAIMS):
        return go("mdf.claims")
    return render("web/home.html", organization=g.organization)
