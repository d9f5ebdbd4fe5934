"""The tracking app: opens, clicks, visits and forms. A plain WSGI app that needs nothing but its own disk.

It verifies the signature, appends one line to the spool and answers; the drain does the rest. No database, no Redis,
no Flask: losing everything behind it for an hour loses no event and delays no redirect. docs/evidence.md lists the
lines' keys.
"""

import ipaddress
import json
import re
import time
import uuid
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, Final
from urllib.parse import parse_qs, quote, unquote
from wsgiref.types import StartResponse, WSGIEnvironment

from tmpa.engagement.form_intake import FormAnswer, page, take_form
from tmpa.engagement.spool import Spool, SpoolUnavailable
from tmpa.kernel import i18n
from tmpa.kernel.form_specs import TIME_PURPOSE, TIME_TOKEN_SECONDS
from tmpa.kernel.i18n import gettext as _
from tmpa.kernel.ids import new_id
from tmpa.kernel.signing import BadToken, Signer
from tmpa.kernel.tracking_tokens import VISITOR_PARAMETER, TrackingToken, decode, encode
from tmpa.settings import Settings

Answer = tuple[str, list[tuple[str, str]], bytes]
BODY_LIMIT: Final = 64 * 1024
AGENT_LENGTH: Final = 200

GIF: Final = bytes.fromhex(
    "47494638396101000100800000ffffff00000021f90401000000002c00000000010001000002024401003b"
)
_NO_STORE = [("Cache-Control", "no-store, private"), ("X-Robots-Tag", "noindex")]
_GIF_HEADERS = [("Content-Type", "image/gif"), ("Content-Length", str(len(GIF))), *_NO_STORE]
_CORS = ("Access-Control-Allow-Origin", "*")
_VIEW = re.compile(r"[A-Za-z0-9_-]{8,64}")
_VIEWS = uuid.UUID("0d1a6a0e-6a0e-5b8e-8a53-3f5b0a6b2c11")
_HTML = "text/html; charset=utf-8"
_METHODS = {
    "o": {"GET", "HEAD"},
    "c": {"GET", "HEAD"},
    "v": {"GET", "HEAD", "POST"},
    "f": {"POST"},
    "healthz": {"GET", "HEAD"},
}


class Intake:
    """The WSGI app. One per process; its spool opens with the first event."""

    def __init__(self, settings: Settings, spool: Spool | None = None) -> None:
        self._signer = Signer(settings.secrets)
        self._pages = f"{settings.pages_address}/"
        self._proxies = settings.trusted_proxies
        self.spool = spool or Spool(settings.var_dir.resolve() / "spool")
        self._routes: dict[str, Callable[[WSGIEnvironment, str], Answer]] = {
            "o": self._open,
            "c": self._click,
            "v": self._visit,
            "f": self._form,
            "healthz": self._health,
        }

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        _empty, _slash, rest = environ.get("PATH_INFO", "").partition("/")
        name, _slash, token = rest.partition("/")
        method = environ["REQUEST_METHOD"]
        route = self._routes.get(name)
        if route is None:
            status, headers, body = _sorry("404 Not Found", environ)
        elif method not in _METHODS[name]:
            status, headers, body = (
                "405 Method Not Allowed",
                [("Allow", ", ".join(sorted(_METHODS[name])))],
                b"",
            )
        else:
            try:
                status, headers, body = route(environ, token)
            except BadToken:
                status, headers, body = _sorry("404 Not Found", environ)
        if not any(key == "Content-Length" for key, _value in headers) and not status.startswith("204"):
            headers = [*headers, ("Content-Length", str(len(body)))]
        start_response(status, headers)
        return [b"" if method == "HEAD" else body]

    def _open(self, environ: WSGIEnvironment, token: str) -> Answer:
        self._record(environ, decode(self._signer, "open", token.removesuffix(".gif")))
        return "200 OK", _GIF_HEADERS, GIF

    def _click(self, environ: WSGIEnvironment, token: str) -> Answer:
        url = _parameter(environ["QUERY_STRING"], "u")
        read = decode(self._signer, "click", token, url)
        if any(character < " " for character in url):  # never into a header, whoever signed it
            raise BadToken
        self._record(environ, read)
        if url.startswith(self._pages):  # our own page learns whose visit it is
            visitor = encode(self._signer, "visitor", read.vendor_id, read.subject_id)
            head, hash_sign, fragment = url.partition("#")
            url = f"{head}{'&' if '?' in head else '?'}{VISITOR_PARAMETER}={visitor}{hash_sign}{fragment}"
        location = quote(url, safe="!#$%&'()*+,/:;=?@[]~")
        return "302 Found", [("Location", location), ("Referrer-Policy", "no-referrer"), *_NO_STORE], b""

    def _visit(self, environ: WSGIEnvironment, token: str) -> Answer:
        read = decode(self._signer, "visit", token)
        values = parse_qs(environ["QUERY_STRING"], max_num_fields=10) if environ["QUERY_STRING"] else {}
        more: dict[str, Any] = self._visitor(values.get(VISITOR_PARAMETER, [""])[0], read)
        view = values.get("i", [""])[0]
        if _VIEW.fullmatch(view):  # the load and the first activity of one view are one event
            more["i"] = uuid.uuid5(_VIEWS, f"{token}:{view}").hex
        if values.get("a") == ["1"]:
            more["g"] = "active"
        self._record(environ, read, **more)
        if values.get("t") != ["1"]:
            return "204 No Content", [_CORS, *_NO_STORE], b""
        moment = self._signer.sign(TIME_PURPOSE, {"ms": time.time_ns() // 1_000_000}, TIME_TOKEN_SECONDS)
        return "200 OK", [("Content-Type", "text/plain; charset=utf-8"), _CORS, *_NO_STORE], moment.encode()

    def _form(self, environ: WSGIEnvironment, token: str) -> Answer:
        read = decode(self._signer, "form", token)
        body = _body(environ)
        if body is None:
            return _sorry("413 Content Too Large", environ)
        answer = take_form(self._signer, read, body)
        if answer.line is not None:
            more = {**self._visitor(answer.visitor, read), **answer.line}
            if not self._record(environ, read, **more):
                answer = answer.not_kept()
        return _form_answer(answer)

    def _health(self, _environ: WSGIEnvironment, _token: str) -> Answer:
        lost = self.spool.lost
        body = json.dumps({"status": "losing events" if lost else "ok", "lost": lost}).encode()
        return "503 Service Unavailable" if lost else "200 OK", [("Content-Type", "application/json")], body

    def _visitor(self, text: str, read: TrackingToken) -> dict[str, str]:
        """Whose visit it is, when the page's address said so and it is one of the same vendor's recipients."""
        if not text:
            return {}
        try:
            visitor = decode(self._signer, "visitor", text)
        except BadToken:
            return {}
        return {"r": visitor.subject_id.hex} if visitor.vendor_id == read.vendor_id else {}

    def _record(self, environ: WSGIEnvironment, read: TrackingToken, **more: Any) -> bool:
        """Append the event to the spool; whether it was kept (an open or click is answered either way)."""
        line = {
            "i": new_id().hex,
            "k": read.kind,
            "t": time.time_ns() // 1_000_000,
            "v": read.vendor_id.hex,
            "s": read.subject_id.hex,
            "l": read.link,
            "m": environ["REQUEST_METHOD"],
            "a": environ.get("HTTP_USER_AGENT", "")[:AGENT_LENGTH],
            "n": self._network(environ),
            **more,
        }
        try:
            self.spool.append(json.dumps(line, separators=(",", ":")).encode() + b"\n")
        except SpoolUnavailable:
            return False
        return True

    def _network(self, environ: WSGIEnvironment) -> str:
        address = environ.get("REMOTE_ADDR", "")
        if self._proxies:
            hops = [hop.strip() for hop in environ.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
            if len(hops) >= self._proxies:
                address = hops[-self._proxies]
        return network_of(address)


def create_intake(settings: Settings) -> Intake:
    """The tracking app for a WSGI server."""
    return Intake(settings)


@lru_cache(maxsize=4096)
def network_of(address: str) -> str:
    """An address cut to its /24 (IPv4) or /48 (IPv6): enough to see bursts, too little to find a household."""
    try:
        parsed = ipaddress.ip_address(address.strip("[]").partition("%")[0])
    except ValueError:
        return ""
    mapped = getattr(parsed, "ipv4_mapped", None)
    parsed = mapped or parsed
    return str(ipaddress.ip_network(f"{parsed}/{24 if parsed.version == 4 else 48}", strict=False))


def _parameter(query: str, name: str) -> str:
    if query.startswith(f"{name}="):  # how we write it; others may have added theirs behind
        return unquote(query[len(name) + 1 :].partition("&")[0])
    return parse_qs(query, max_num_fields=50).get(name, [""])[0] if query.count("&") < 50 else ""


def _body(environ: WSGIEnvironment) -> bytes | None:
    """The posted bytes, or None when they are more than BODY_LIMIT."""
    length = environ.get("CONTENT_LENGTH") or ""
    if length and (not length.isdigit() or int(length) > BODY_LIMIT):
        return None
    data: bytes = environ["wsgi.input"].read(int(length) if length else BODY_LIMIT + 1)
    return data if len(data) <= BODY_LIMIT else None


def _language(environ: WSGIEnvironment) -> str:
    """The shipped language that the browser would rather have."""
    wanted = []
    for part in environ.get("HTTP_ACCEPT_LANGUAGE", "")[:500].split(","):
        tag, _semicolon, quality = part.strip().partition(";q=")
        try:
            wanted.append((-float(quality or 1), tag))
        except ValueError:
            continue
    return i18n.nearest([tag for _quality, tag in sorted(wanted, key=lambda item: item[0]) if tag])


def _form_answer(answer: FormAnswer) -> Answer:
    if answer.location:
        return "303 See Other", [("Location", answer.location), *_NO_STORE], b""
    headers = [("Content-Type", _HTML), ("Content-Security-Policy", page_policy()), *_NO_STORE]
    if answer.status.startswith("503"):
        headers.append(("Retry-After", "120"))
    return answer.status, headers, answer.html.encode()


def page_policy() -> str:
    """The CSP of the intake's own pages: no script at all. Where a form may lead is decided by the redirect."""
    return "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"


def _sorry(status: str, environ: WSGIEnvironment) -> Answer:
    language = _language(environ)
    with i18n.use_locale(language):
        if status.startswith("413"):
            title, text = (
                _("That is too much."),
                _("The form takes at most 64 kilobytes. Please shorten your text."),
            )
        else:
            title = _("This address is not complete.")
            text = _("Please use the link or form exactly as it is in the mail or on the page.")
        html = page(language, title, f"<p>{text}</p>")
    return (
        status,
        [("Content-Type", _HTML), ("Content-Security-Policy", page_policy()), *_NO_STORE],
        html.encode(),
    )
