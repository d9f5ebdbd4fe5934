"""What views are made of: guarded routes, the request's session and scope, rendering."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Final
from urllib.parse import urlsplit

from flask import Blueprint, Response, current_app, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from tmpa.db import Database
from tmpa.kernel.errors import NotAllowed, NotFound
from tmpa.kernel.objects import LocalStore, S3Store
from tmpa.kernel.permissions import Permission, allowed
from tmpa.kernel.scope import Scope
from tmpa.kernel.signing import Signer
from tmpa.settings import Settings

PUBLIC: Final = "public"
SIGNED_IN: Final = "signed in"
_SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}


@dataclass(frozen=True)
class Services:
    """What a process opens once and every request shares."""

    settings: Settings
    database: Database
    store: LocalStore | S3Store
    signer: Signer


def services() -> Services:
    """The app's services."""
    found: Services = current_app.extensions["tmpa"]
    return found


def scope() -> Scope:
    """Who asks; set before each request by the accounts room."""
    found: Scope = g.get("scope") or Scope.nobody()
    return found


def db() -> Session:
    """The request's session, scoped to who asks; opened on first use. Read-only in GET and HEAD."""
    if "session" not in g:
        g.session = services().database.session(scope(), write=request.method not in _SAFE_METHODS)
    found: Session = g.session
    return found


def finish(response: Response) -> Response:
    """Commit what the view did when it succeeded, roll back otherwise (also forms shown again with errors)."""
    held: Session | None = g.pop("session", None)
    if held is not None:
        try:
            if response.status_code < 400 and request.method not in _SAFE_METHODS:
                held.commit()
            else:
                held.rollback()
        finally:
            held.close()
    return response


def abandon(_error: BaseException | None = None) -> None:
    """Roll back what an unhandled error left open."""
    held: Session | None = g.pop("session", None)
    if held is not None:
        held.close()


def route(
    blueprint: Blueprint, rule: str, permission: Permission | str, methods: tuple[str, ...] = ("GET",)
) -> Callable[[Callable[..., ResponseReturnValue]], Callable[..., ResponseReturnValue]]:
    """Register a view behind `permission` (or PUBLIC, SIGNED_IN). There is no other way to register one.

    Not signed in: to the sign-in page. Signed in without the permission: 404 when the other side of the business
    is asked for, as for a stranger.
    """

    def register(view: Callable[..., ResponseReturnValue]) -> Callable[..., ResponseReturnValue]:
        @wraps(view)
        def guarded(**values: Any) -> ResponseReturnValue:
            if permission != PUBLIC and scope().user_id is None:
                return _to_sign_in()
            if isinstance(permission, Permission) and not allowed(scope(), permission):
                raise NotFound
            return view(**values)

        guarded.tmpa_permission = permission  # type: ignore[attr-defined]
        blueprint.add_url_rule(rule, endpoint=view.__name__, view_func=guarded, methods=list(methods))
        return guarded

    return register


def require(permission: Permission) -> None:
    """For a view that serves several roles. Raises NotAllowed."""
    if not allowed(scope(), permission):
        raise NotAllowed


def render(template: str, status: int = 200, **context: Any) -> Response:
    """A page. A form shown again with errors goes out with status 422, which also rolls the session back."""
    response = current_app.make_response(render_template(template, **context))
    response.status_code = status
    return response


def is_htmx() -> bool:
    """Whether htmx asks for a part of a page."""
    return request.headers.get("HX-Request") == "true"


def flash(message: str, tone: str = "success") -> None:
    """Show a sentence on the next page; `tone` is success or error."""
    session.setdefault("flashes", []).append((str(message), tone))
    session.modified = True


def go(endpoint: str, **values: Any) -> Response:
    """Redirect after a change (303, so that reload doesn't repeat it)."""
    response = current_app.make_response(redirect(url_for(endpoint, **values), code=303))
    if is_htmx():
        response.headers["HX-Redirect"] = response.headers["Location"]
        response.status_code = 204
    return response


def safe_next(target: str | None) -> str | None:
    """`target` if it is a path of this portal, else None: no open redirect."""
    if not target or not target.startswith("/") or target.startswith("//"):
        return None
    if "\\" in target or not target.isprintable():  # browsers read \ as / and drop tabs and line ends
        return None
    parts = urlsplit(target)
    return target if not parts.netloc and not parts.scheme else None


def _to_sign_in() -> ResponseReturnValue:
    target = request.full_path.rstrip("?") if request.method == "GET" else None
    return go("accounts.sign_in", **({"next": target} if target and target != "/" else {}))
