"""Published pages and signed objects, served by the portal where no CDN or bucket does."""

import hashlib
import json
import re
from typing import Final

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from tmpa.campaigns.addresses import PUBLIC as PREFIX
from tmpa.kernel import i18n
from tmpa.kernel.errors import NotFound
from tmpa.kernel.http import PUBLIC, route, services
from tmpa.kernel.i18n import gettext as _
from tmpa.kernel.objects import CACHE_CONTROL, LocalStore, MissingObject
from tmpa.kernel.signing import BadToken
from tmpa.pages.html import EMBED_POLICY, GONE, notice_document, policy

blueprint = Blueprint("pages", __name__)

_SLUG: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,79}")
_LOCALE: Final = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,2}")
_PIECE: Final = re.compile(r"[a-z][a-z0-9-]{0,39}")
_SHOWN: Final = ("image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf")
"""What a browser may show from our own origin; anything else is handed out to be saved."""


@route(blueprint, "/p/<slug>/", PUBLIC)
def any_language(slug: str) -> ResponseReturnValue:
    """To the page in the language that the visitor's browser would rather have."""
    try:
        locales = json.loads(_file(slug, "locales.json"))
    except MissingObject:
        return _not_found()
    wanted = request.accept_languages.best_match(locales) or ("en" if "en" in locales else locales[0])
    query = f"?{request.query_string.decode('ascii', 'ignore')}" if request.query_string else ""
    response = Response(
        status=302, headers={"Location": f"/p/{slug}/{wanted}/{query}", "Vary": "Accept-Language"}
    )
    response.headers["Cache-Control"] = "no-store"
    return response


@route(blueprint, "/p/<slug>/<locale>/", PUBLIC)
def page(slug: str, locale: str) -> ResponseReturnValue:
    """A published page."""
    return _html(slug, locale, "index.html")


@route(blueprint, "/p/<slug>/<locale>/thanks/", PUBLIC)
def thanks(slug: str, locale: str) -> ResponseReturnValue:
    """What follows the form."""
    return _html(slug, locale, "thanks/index.html")


@route(blueprint, "/p/<slug>/<locale>/embed/<piece>/", PUBLIC)
def embed(slug: str, locale: str, piece: str) -> ResponseReturnValue:
    """A snippet for the frame of a partner's own site: the one published file that others may frame."""
    if not _PIECE.fullmatch(piece):
        return _not_found()
    return _html(slug, locale, f"embed/{piece}/index.html", f"{EMBED_POLICY}; frame-ancestors *")


def _html(slug: str, locale: str, name: str, rules: str = "") -> ResponseReturnValue:
    try:
        if not _LOCALE.fullmatch(locale):
            raise MissingObject(locale)
        data = _file(slug, f"{locale}/{name}")
    except MissingObject:
        return _not_found()
    response = Response(data, 410 if GONE.encode() in data else 200, content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = rules or policy(services().settings.tracking_url)
    response.headers["Referrer-Policy"] = "strict-origin"
    response.headers["Cache-Control"] = CACHE_CONTROL["short"]
    response.set_etag(hashlib.sha256(data).hexdigest())
    return response.make_conditional(request)


def _file(slug: str, name: str) -> bytes:
    if not _SLUG.fullmatch(slug):
        raise MissingObject(slug)
    return services().store.get(f"{PREFIX}/{slug}/{name}")


def _not_found() -> Response:
    language = i18n.nearest(list(request.accept_languages.values()))
    with i18n.use_locale(language):
        html = notice_document(
            language,
            _("There is no such page."),
            _("Please check the address, or ask who gave it to you."),
            "",
            None,
        )
    response = Response(html, 404, content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = policy(services().settings.tracking_url)
    return response


@route(blueprint, "/objects/<path:key>", PUBLIC)
def signed_object(key: str) -> ResponseReturnValue:
    """An object of the local store under the address that `LocalStore.url` gave; the signature is the permission."""
    store = services().store
    try:
        admitted = isinstance(store, LocalStore) and store.admits(
            key, request.args.get("until", ""), request.args.get("mac", "")
        )
        if not admitted:
            raise NotFound
        data, content_type = store.get(key), store.content_type(key)
    except (BadToken, MissingObject, ValueError):
        raise NotFound from None
    response = Response(data, content_type=content_type)
    # Some objects were uploaded: nothing in them may run as a page of the portal.
    response.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    response.headers["Cache-Control"] = CACHE_CONTROL["private"]
    if content_type not in _SHOWN:
        response.headers["Content-Disposition"] = "attachment"
    return response
