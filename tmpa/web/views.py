"""Where each side begins."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from tmpa.kernel.http import SIGNED_IN, go, render, route, scope
from tmpa.kernel.permissions import Permission, allowed
from tmpa.web.home import partner_page, vendor_page

blueprint = Blueprint("web", __name__, template_folder="templates")


@route(blueprint, "/", SIGNED_IN)
def home() -> ResponseReturnValue:
    if scope().side == "operator":
        return go("operator.health")
    if scope().side == "partner":
        return partner_page()
    if allowed(scope(), Permission.DECIDE_CLAIMS):
        return go("mdf.claims")
    if scope().side == "vendor" and not allowed(scope(), Permission.SEE_RESULTS):
        return go("kit_translations.index")
    if scope().side == "vendor":
        return vendor_page()
    return render("web/no_organization.html")
