"""Who asks: finds the sign-in of each request and sets its scope, language and organization."""

from collections.abc import Callable

from flask import Flask, g, request, session

from tmpa.accounts import sign_ins
from tmpa.accounts.views import SECRET
from tmpa.kernel.http import Services, services
from tmpa.kernel.ratelimit import RateLimits
from tmpa.kernel.scope import Scope

# Signing in, joining and resetting happen before there is a scope; unsubscribing and the like carry a signed token.
# Their views run in the system's scope and load only what the token or password names.
SYSTEM_ENDPOINTS = {
    "accounts.sign_in",
    "accounts.join",
    "accounts.ask_reset",
    "accounts.reset",
    "sending.unsubscribe",
}


def identify(programmes: sign_ins.Programmes) -> Callable[[], None]:
    """The before-request function; `programmes` finds a partner's vendors."""

    def before_request() -> None:
        secret = session.get(SECRET)
        g.user = g.organization = None
        g.memberships = []
        g.scope = Scope.nobody()
        if secret:
            database, hours = services().database, services().settings.session_hours
            with database.unit_of_work(Scope.system(), write=False) as own:
                found = sign_ins.find(own, secret)
                if found:
                    sign_in, g.user = found
                    g.memberships = sign_ins.memberships(own, g.user.id)
                    g.scope = sign_ins.scope_of(own, sign_in, g.memberships, programmes)
                    g.organization = next(
                        (
                            m.organization
                            for m in g.memberships
                            if m.organization_id == g.scope.organization_id
                        ),
                        None,
                    )
                own.expunge_all()
            if not found:
                session.pop(SECRET, None)
            elif sign_ins.needs_touch(found[0]):
                with database.unit_of_work(Scope.system()) as own:
                    sign_ins.touch(own, found[0].id, hours)
        if request.endpoint in SYSTEM_ENDPOINTS:
            g.scope = Scope("system", user_id=g.scope.user_id)

    return before_request


def install(app: Flask, shared: Services, programmes: sign_ins.Programmes) -> None:
    """Identify every request of `app`."""
    limits = RateLimits(shared.settings)
    app.before_request(identify(programmes))

    @app.before_request
    def _limits() -> None:
        g.rate_limits = limits
