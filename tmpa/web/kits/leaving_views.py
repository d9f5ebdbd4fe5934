"""A version that ends: withdrawn with a reason, its campaigns stopped or let finish, or expired."""

from flask import request
from flask.typing import ResponseReturnValue

from tmpa.kernel.errors import NotFound, Refused
from tmpa.kernel.http import db, flash, go, render, route
from tmpa.kernel.i18n import gettext as _
from tmpa.kernel.permissions import Permission
from tmpa.kernel.scope import load
from tmpa.kits import queries, service
from tmpa.kits.models import Kit, KitVersion
from tmpa.sending import withdrawal
from tmpa.web.kits.draft_views import blueprint
from tmpa.web.kits.forms import LeaveForm


@route(blueprint, "/kits/<kit>/withdraw", Permission.PUBLISH_KITS)
def leaving(kit: str) -> ResponseReturnValue:
    """What ending a version means: the campaigns on it by name, and the choice."""
    found = load(db(), Kit, kit)
    asked = request.args.get("version", "")
    return _page(found, _version(found, asked) if asked else queries.latest(found), LeaveForm())


def _version(kit: Kit, reference: str) -> KitVersion:
    version = load(db(), KitVersion, reference)
    if version.kit_id != kit.id:
        raise NotFound
    return version


def _page(kit: Kit, version: KitVersion, form: LeaveForm) -> ResponseReturnValue:
    affected = withdrawal.affected(db(), version)
    return render(
        "kits/withdraw.html",
        422 if form.errors else 200,
        kit=kit,
        version=version,
        form=form,
        planned=[each for each in affected if each.campaign.state == "scheduled"],
        launched=[each for each in affected if each.campaign.state != "scheduled"],
    )


@route(blueprint, "/kits/<kit>/withdraw", Permission.PUBLISH_KITS, methods=("POST",))
def withdraw(kit: str) -> ResponseReturnValue:
    found, form = load(db(), Kit, kit), LeaveForm()
    version = _version(found, request.form.get("version", ""))
    if "what" not in request.form:
        form.what.data = "finish"
    if form.validate():
        reason = form.reason.data or ""
        try:
            if form.what.data == "expire":
                service.expire(db(), version, reason)
            else:
                service.withdraw(db(), version, reason, stop=form.what.data == "stop")
        except Refused as refusal:
            form.refuse(refusal)
        else:
            said = (
                _("Version %(version)s has expired.", version=version.version)
                if version.state == "expired"
                else _("Version %(version)s is withdrawn.", version=version.version)
            )
            flash(said)
            return go("kits.detail", kit=kit, version=version.public_id)
    return _page(found, version, form)


__all__ = ["blueprint"]
