"""The inbox as a WSGI app of its own, beside the portal: it needs no sign-in and shows only the demo's mails."""

import re

from flask import Blueprint, Flask, Response, jsonify, request
from flask.typing import ResponseReturnValue
from flask_wtf import CSRFProtect

from tmpa.kernel.http import PUBLIC, Services, flash, go, render, route, services
from tmpa.kernel.i18n import ngettext
from tmpa.sending.transports.inbox import inbox_dir
from tmpa.web import shell
from tmpa.web.inbox.mails import delete_all, newest, opened

PER_PAGE = 40
# A mail runs no script, and its links open in a tab of their own, as from a mail program.
MAIL_POLICY = (
    "default-src 'none'; img-src data: http: https:; style-src 'unsafe-inline'; font-src data:; frame-ancestors 'self';"
    " sandbox allow-popups allow-popups-to-escape-sandbox"
)
_HEAD = re.compile(r"<head[^>]*>", re.IGNORECASE)

blueprint = Blueprint("inbox", __name__)


def create_inbox(shared: Services) -> Flask:
    """The inbox for a WSGI server."""
    app = Flask("tmpa.web", template_folder="templates", static_folder=None)
    app.config.update(
        SECRET_KEY=shared.signer.key("inbox"),
        SESSION_COOKIE_NAME="tmpa-inbox",  # the portal's cookie has the same host: cookies know no ports
        SESSION_COOKIE_SAMESITE="Lax",
    )
    app.extensions["tmpa"] = shared
    shell.install(app)
    CSRFProtect(app)
    app.register_blueprint(blueprint)
    app.add_url_rule("/", "web.home", app.view_functions["inbox.index"])  # where the shell's error pages lead
    return app


@route(blueprint, "/", PUBLIC)
def index() -> ResponseReturnValue:
    """The list, newest first, and the newest mail or the one asked for."""
    folder = inbox_dir(services().settings)
    search = request.args.get("search", "")
    page = max(1, request.args.get("page", 1, type=int))
    lines, more = newest(folder, search, (page - 1) * PER_PAGE, PER_PAGE)
    key = request.args.get("mail") or (lines[0].key if lines else "")
    mail = opened(folder, key) if key else None
    return render("inbox/index.html", lines=lines, mail=mail, search=search, page=page, more=more)


@route(blueprint, "/delete", PUBLIC, methods=("POST",))
def delete() -> ResponseReturnValue:
    """Empty the inbox."""
    count = delete_all(inbox_dir(services().settings))
    flash(ngettext("%(num)s mail deleted.", "%(num)s mails deleted.", count))
    return go("inbox.index")


@route(blueprint, "/mails/<key>/html", PUBLIC)
def html(key: str) -> ResponseReturnValue:
    """The mail's HTML part alone, as the sender made it, links opening elsewhere."""
    body = opened(inbox_dir(services().settings), key).html
    with_base, found = _HEAD.subn(lambda head: head[0] + '<base target="_blank">', body, count=1)
    return _foreign(with_base if found else f'<base target="_blank">{body}', "text/html")


@route(blueprint, "/mails/<key>/text", PUBLIC)
def text(key: str) -> ResponseReturnValue:
    """The mail's text part alone."""
    return _foreign(opened(inbox_dir(services().settings), key).text, "text/plain")


@route(blueprint, "/mails/<key>/source", PUBLIC)
def source(key: str) -> ResponseReturnValue:
    """The whole mail as it came, for a mail program."""
    mail = opened(inbox_dir(services().settings), key)
    answer = _foreign(mail.source, "message/rfc822")
    answer.headers["Content-Disposition"] = f'attachment; filename="{key[:40]}.eml"'
    return answer


@route(blueprint, "/healthz", PUBLIC)
def healthz() -> ResponseReturnValue:
    """The process answers."""
    return jsonify(status="ok")


def _foreign(body: str, content_type: str) -> Response:
    answer = Response(body, content_type=f"{content_type}; charset=utf-8")
    answer.headers["Content-Security-Policy"] = MAIL_POLICY
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer
