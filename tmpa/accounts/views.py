"""Signing in and out, joining, resetting, preferences, people."""

import uuid

from flask import Blueprint, g, request, session
from flask.typing import ResponseReturnValue
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs

from tmpa.accounts import passwords, service, sign_ins
from tmpa.accounts.addresses import fold
from tmpa.accounts.forms import AskResetForm, InviteForm, JoinAgainForm, JoinForm, ResetForm, SignInForm
from tmpa.accounts.models import Membership, Organization, User
from tmpa.accounts.roles import ROLE_NAMES
from tmpa.kernel.errors import NotFound, Refused
from tmpa.kernel.http import PUBLIC, SIGNED_IN, db, flash, go, render, route, safe_next, scope, services
from tmpa.kernel.i18n import LOCALES
from tmpa.kernel.i18n import gettext as _
from tmpa.kernel.ids import parse
from tmpa.kernel.permissions import GRANTS, HELP, ROLES_OF_KIND, Permission, Role
from tmpa.kernel.ratelimit import RateLimits
from tmpa.kernel.scope import Scope, load

blueprint = Blueprint("accounts", __name__, template_folder="templates")

SECRET = "sign_in"  # noqa: S105  # the key in the cookie, not a secret


def _limits() -> RateLimits:
    found: RateLimits = g.rate_limits
    return found


@route(blueprint, "/sign-in", PUBLIC, methods=("GET", "POST"))
def sign_in() -> ResponseReturnValue:
    form = SignInForm()
    if scope().user_id and request.method == "GET":
        return go("web.home")
    if form.validate_on_submit():
        try:
            user = _authenticate(form.email.data or "", form.password.data or "")
        except Refused as refusal:
            form.refuse(refusal)
        else:
            return _enter(user)
    return render("accounts/sign_in.html", 422 if form.errors else 200, form=form)


def _authenticate(email: str, password: str) -> User:
    _limits().hit("sign-in by address", request.remote_addr or "", "30 per 5 minutes")
    _limits().hit("sign-in by account", fold(email), "8 per 5 minutes")
    user = service.user_by_email(db(), email)
    if (
        not passwords.verify(services().settings, user.password_hash if user else None, password)
        or user is None
    ):
        raise Refused(_("The address or the password is wrong."), code="bad_sign_in")
    return user


def _enter(user: User) -> ResponseReturnValue:
    hours = services().settings.session_hours
    target = safe_next(request.args.get("next"))
    session.clear()  # nothing set before signing in lives on (session fixation)
    session[SECRET] = sign_ins.begin(db(), user, hours)
    session.permanent = True
    if target:
        response = go("web.home")
        response.headers["Location"] = target
        return response
    return go("web.home")


@route(blueprint, "/sign-out", SIGNED_IN, methods=("POST",))
def sign_out() -> ResponseReturnValue:
    sign_ins.end(db(), session.get(SECRET, ""))
    session.clear()
    return go("accounts.sign_in")


@route(blueprint, "/join/<token>", PUBLIC, methods=("GET", "POST"))
def join(token: str) -> ResponseReturnValue:
    try:
        invitation = service.open_invitation(db(), services().signer, token)
    except Refused as refusal:
        return render("accounts/link_over.html", 410, message=refusal.message)
    known = service.user_by_email(db(), invitation.email) is not None
    form: JoinForm | JoinAgainForm = JoinAgainForm() if known else JoinForm()
    if form.validate_on_submit():
        _limits().hit("join", str(invitation.id), "8 per 5 minutes")
        try:
            name = (form.name.data or "") if isinstance(form, JoinForm) else ""
            user = service.accept(db(), services().settings, invitation, name, form.password.data or "")
        except Refused as refusal:
            form.refuse(refusal)
        else:
            return _enter(user)
    organization = db().get_one(Organization, invitation.organization_id)
    return render(
        "accounts/join.html",
        422 if form.errors else 200,
        form=form,
        invitation=invitation,
        organization_name=organization.name,
        known=known,
        minimum=passwords.MINIMUM,
    )


@route(blueprint, "/reset", PUBLIC, methods=("GET", "POST"))
def ask_reset() -> ResponseReturnValue:
    form = AskResetForm()
    if form.validate_on_submit():
        try:
            _limits().hit("reset", request.remote_addr or "", "10 per 10 minutes")
            _limits().hit("reset of an account", fold(form.email.data or ""), "5 per hour")  # no mail floods
            service.ask_reset(db(), services().signer, services().settings, form.email.data or "")
        except Refused as refusal:
            form.refuse(refusal)
        else:
            return render("accounts/reset_sent.html", email=form.email.data)
    return render("accounts/ask_reset.html", 422 if form.errors else 200, form=form)


@route(blueprint, "/reset/<user_id>/<token>", PUBLIC, methods=("GET", "POST"))
def reset(user_id: str, token: str) -> ResponseReturnValue:
    try:
        user = service.user_of_reset(db(), services().signer, parse("usr", user_id), token)
    except Refused as refusal:
        return render("accounts/link_over.html", 410, message=refusal.message)
    except ValueError:
        raise NotFound from None
    form = ResetForm()
    if form.validate_on_submit():
        try:
            service.set_password(db(), services().settings, user, form.password.data or "")
        except Refused as refusal:
            form.refuse(refusal)
        else:
            flash(_("Your password is changed."))
            return _enter(user)
    return render("accounts/reset.html", 422 if form.errors else 200, form=form, minimum=passwords.MINIMUM)


@route(blueprint, "/switch", SIGNED_IN, methods=("POST",))
def switch_organization() -> ResponseReturnValue:
    try:
        wanted = parse("org", request.form.get("organization", ""))
    except ValueError:
        raise NotFound from None
    if wanted not in {m.organization_id for m in g.memberships}:
        raise NotFound
    _change_organization(wanted)
    return go("web.home")


def _change_organization(wanted: uuid.UUID) -> None:
    # Written in the system's scope: the sign-in belongs to the person, the target is another tenant.
    with services().database.unit_of_work(Scope.system()) as own:
        user = own.get_one(User, scope().user_id)
        user.last_organization_id = wanted
        sign_ins.end(own, session.get(SECRET, ""))
        secret = sign_ins.begin(own, user, services().settings.session_hours)
    session[SECRET] = secret  # rotates with what it may do


@route(blueprint, "/preferences", PUBLIC, methods=("POST",))
def preferences() -> ResponseReturnValue:
    """Language and theme; kept with the person, or in the cookie of somebody not signed in."""
    language, theme = request.form.get("language"), request.form.get("theme")
    user: User | None = g.get("user")
    own = db().get(User, user.id) if user else None
    if language in LOCALES:
        session["language"] = language
        if own:
            own.locale = language
    if theme in ("auto", "light", "dark"):
        session["theme"] = theme
        if own:
            own.theme = theme
    response = go("web.home")
    target = safe_next(_path_of(request.referrer))
    if target:
        response.headers["Location"] = target
    return response


def _path_of(address: str | None) -> str | None:
    if not address or not address.startswith(request.host_url):
        return None
    return "/" + address.removeprefix(request.host_url)


@route(blueprint, "/people", SIGNED_IN)
def people() -> ResponseReturnValue:
    if g.organization is None:  # removed from the last one
        raise NotFound
    return _people_page(_invite_form(), 200)


@route(blueprint, "/people/invite", Permission.MANAGE_PEOPLE, methods=("POST",))
def invite() -> ResponseReturnValue:
    form = _invite_form()
    if form.validate_on_submit():
        organization_id, email = g.organization.id, form.email.data or ""
        try:
            service.invite(
                db(),
                services().signer,
                services().settings,
                organization_id,
                email,
                form.role.data,
                g.user.locale,
            )
        except Refused as refusal:
            form.refuse(refusal)
        else:
            flash(_("An invitation is on its way to %(email)s.", email=email))
            return go("accounts.people")
    return _people_page(form, 422)


@route(blueprint, "/people/<member_id>/remove", Permission.MANAGE_PEOPLE, methods=("POST",))
def remove_member(member_id: str) -> ResponseReturnValue:
    try:
        service.remove_member(db(), load(db(), Membership, member_id))
    except Refused as refusal:
        flash(str(refusal), "error")
    return go("accounts.people")


def _invite_form() -> InviteForm:
    form = InviteForm()
    form.role.choices = [
        SelectChoice(str(role), ROLE_NAMES[role]) for role in ROLES_OF_KIND[g.organization.kind]
    ]
    return form


def _people_page(form: InviteForm, status: int) -> ResponseReturnValue:
    roles = [
        (ROLE_NAMES[role], [HELP[p] for p in Permission if p in GRANTS[Role(role)]])
        for role in ROLES_OF_KIND[g.organization.kind]
    ]
    return render(
        "accounts/people.html",
        status,
        form=form,
        members=service.people(db()),
        invitations=service.open_invitations(db(), g.organization.id),
        role_names=ROLE_NAMES,
        roles=roles,
    )
