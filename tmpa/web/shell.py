"""What every page of the portal shares: language, template globals, headers, error pages."""

import logging
from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from flask import Flask, Response, abort, g, request, send_from_directory, session
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError, generate_csrf
from werkzeug.exceptions import HTTPException

from tmpa.kernel import i18n
from tmpa.kernel.errors import NotAllowed, NotFound, Refused
from tmpa.kernel.http import abandon, finish, render, scope, services
from tmpa.kernel.permissions import Permission, allowed
from tmpa.web.assets import asset_url, dist_dir, new_nonce
from tmpa.web.navigation import navigation

log = logging.getLogger(__name__)

ERROR_PAGES = (400, 403, 404, 405, 409, 410, 413, 422, 429, 500, 503)


def install(app: Flask) -> None:
    """Give `app` the portal's shell."""
    app.before_request(_choose_language)
    app.before_request(_refuse_nul)
    app.after_request(finish)
    app.after_request(_headers)
    app.teardown_request(abandon)
    app.teardown_request(_leave_language)
    app.context_processor(_page_context)
    environment = app.jinja_env
    environment.add_extension("jinja2.ext.i18n")
    environment.install_gettext_callables(i18n.gettext, i18n.template_ngettext, newstyle=True)  # type: ignore[attr-defined]
    environment.globals |= {
        "asset_url": asset_url,
        "may": lambda permission: allowed(scope(), Permission(permission)),
        "format_money": i18n.format_money,
        "format_number": i18n.format_number,
        "format_percent": i18n.format_percent,
        "format_date": i18n.format_date,
        "format_datetime": i18n.format_datetime,
        "locales": [(tag, i18n.OWN_NAMES[tag]) for tag in i18n.LOCALES],
    }
    environment.filters |= {
        "number": i18n.format_number,
        "language": i18n.language_name,
        "country": i18n.country_name,
    }
    app.add_url_rule("/assets/<path:name>", "assets", _asset)
    _error_pages(app)


def _choose_language() -> None:
    asked = request.args.get("lang")
    if asked in i18n.LOCALES and g.get("user") is None:
        session["language"] = asked
    user = g.get("user")
    if user is not None:
        tag = user.locale
    elif session.get("language") in i18n.LOCALES:
        tag = session["language"]
    else:
        tag = i18n.nearest([value for value, _quality in request.accept_languages])
    manager = i18n.use_locale(tag, _zone(user.time_zone) if user is not None else None)
    manager.__enter__()
    g.language = manager


def _refuse_nul() -> None:
    # no text that people write has one, and PostgreSQL takes none: better said here than in every form
    values = [*request.args.values(), *request.form.values(), request.path]
    if any("\x00" in value for value in values):
        abort(400)


def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return None


def _leave_language(_error: BaseException | None = None) -> None:
    manager = g.pop("language", None)
    if manager is not None:
        manager.__exit__(None, None, None)


def _page_context() -> dict[str, Any]:
    user = g.get("user")
    return {
        "csp_nonce": _nonce(),
        "csrf_token": generate_csrf,
        "locale": i18n.current_locale(),
        "direction": i18n.direction(),
        "nav": navigation() if user else [],
        "user": user,
        "organization": g.get("organization"),
        "organizations": _organizations(),
        "flashes": _flashes(),
        "theme": user.theme if user else session.get("theme", "auto"),
    }


def _flashes() -> Iterator[tuple[str, str]]:
    # taken when a template shows them: a part of a page that htmx asks for must not swallow them
    yield from session.pop("flashes", [])


def _organizations() -> list[dict[str, Any]]:
    seen = {m.organization_id: m.organization for m in g.get("memberships", [])}
    return [
        {"name": each.name, "public_id": each.public_id, "current": each.id == scope().organization_id}
        for each in seen.values()
    ]


def _nonce() -> str:
    if "nonce" not in g:
        g.nonce = new_nonce()
    nonce: str = g.nonce
    return nonce


def _headers(response: Response) -> Response:
    # A view that answers foreign content (a preview, a published page) sets a policy of its own.
    if "Content-Security-Policy" not in response.headers:
        response.headers["Content-Security-Policy"] = (
            f"default-src 'none'; script-src 'self' 'nonce-{_nonce()}'; style-src 'self' 'nonce-{_nonce()}'; "
            "img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; frame-src 'self'; form-action 'self'; "
            "base-uri 'none'; frame-ancestors 'none'; manifest-src 'self'"
        )
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "same-origin")
    response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    response.headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=()")
    if request.is_secure or services().settings.portal_url.startswith("https://"):
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
    if response.mimetype == "text/html":
        response.headers.setdefault("Cache-Control", "no-store")
    return response


def _asset(name: str) -> Response:
    response = send_from_directory(dist_dir(), name, max_age=31536000)
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


_asset.tmpa_permission = "public"  # type: ignore[attr-defined]  # static files of the portal itself


def _error_pages(app: Flask) -> None:
    def page(status: int, message: str | None = None) -> Response:
        abandon()
        code = status if status in ERROR_PAGES else (500 if status >= 500 else 400)
        return render(f"errors/{code}.html", status, message=message)

    @app.errorhandler(NotFound)
    def not_found(_error: NotFound) -> ResponseReturnValue:
        return page(404)

    @app.errorhandler(NotAllowed)
    def not_allowed(_error: NotAllowed) -> ResponseReturnValue:
        return page(403)

    @app.errorhandler(Refused)
    def refused(error: Refused) -> ResponseReturnValue:
        return page(429 if error.code == "too_many" else 422, str(error.message))

    @app.errorhandler(CSRFError)
    def forged(_error: CSRFError) -> ResponseReturnValue:
        return page(
            400,
            i18n.gettext(
                "The form had been open for too long, or came from elsewhere. Go back and send it again."
            ),
        )

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> ResponseReturnValue:
        return page(error.code) if error.code and error.code >= 400 else error

    @app.errorhandler(Exception)
    def broken(error: Exception) -> ResponseReturnValue:
        log.exception("unhandled error", exc_info=error)
        return page(500)
