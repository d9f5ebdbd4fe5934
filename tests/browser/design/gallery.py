"""Every component on a few pages, under the portal's real shell and headers: what the design's tests look at."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from threading import Thread
from types import SimpleNamespace
from typing import Any

from flask import Flask, Response, g, jsonify, render_template, request
from flask_wtf.csrf import CSRFProtect
from jinja2 import ChoiceLoader, FileSystemLoader, PackageLoader
from werkzeug.serving import make_server
from wtforms import (
    BooleanField,
    DateField,
    DecimalField,
    EmailField,
    FileField,
    Form,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
    widgets,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length

from tests.browser.design import templates_folder
from tmpa.kernel.http import safe_next
from tmpa.settings import Settings
from tmpa.web import shell

NAMES = {
    "en": ("Home", "Kits", "Campaigns", "Contacts", "Leads", "Deals", "Money", "Brand", "People"),
    "ar": (
        "الرئيسية",
        "الحملات الجاهزة",
        "الحملات",
        "جهات الاتصال",
        "العملاء",
        "الصفقات",
        "الأموال",
        "العلامة",
        "الأشخاص",
    ),
}
MAIL = """<!doctype html><html lang="en"><head><title>Mail</title></head><body>
<h1>Backups nobody has to think about</h1><p>{text}</p><p>{filler}</p></body></html>"""


def _choices(**labels: str) -> list[SelectChoice]:
    return [SelectChoice(value, label) for value, label in labels.items()]


class Sample(Form):
    """One field of each kind."""

    headline = StringField("Headline", [DataRequired(), Length(max=80)], description="At most 80 characters.")
    intro = TextAreaField("Opening words")
    offer = SelectField("Offer", choices=_choices(test="Free restore test", month="First month free"))
    budget = DecimalField("Budget", [DataRequired()])
    email = EmailField("Reply address", [DataRequired()])
    until = DateField("Offer ends", default=date(2026, 12, 31))
    language = RadioField("Language", [DataRequired()], choices=_choices(en="English", ja="日本語"))
    locales = SelectMultipleField(
        "Send in",
        choices=_choices(en="English", de="Deutsch"),
        widget=widgets.ListWidget(prefix_label=False),
        option_widget=widgets.CheckboxInput(),
    )
    consent = BooleanField("These people agreed to hear from us", [DataRequired()])
    invoice = FileField("Invoice", render_kw={"accept": ".pdf,image/*", "data-max-bytes": "1000"})


def create_gallery() -> Flask:
    """The gallery's app; `app.config["SAVED"]` collects what the autosaving form posted."""
    app = Flask("gallery", static_folder=None)
    app.config |= {"SECRET_KEY": "gallery", "SAVED": [], "POSTED": []}
    app.extensions["tmpa"] = SimpleNamespace(settings=Settings(env="test"))  # the headers follow the settings
    app.jinja_loader = ChoiceLoader(
        [FileSystemLoader(templates_folder()), PackageLoader("tmpa.web", "templates")]
    )
    CSRFProtect(app)
    app.before_request(_reader)
    shell.install(app)
    app.context_processor(_context)

    def posted() -> Response:
        app.config["POSTED"].append((request.path, request.form.to_dict()))
        return Response(status=204)

    for rule, endpoint in (
        ("/accounts/sign-out", "accounts.sign_out"),
        ("/accounts/switch", "accounts.switch_organization"),
        ("/accounts/preferences", "accounts.preferences"),
        ("/stop", "stop"),
        ("/accept", "accept"),
    ):
        app.add_url_rule(rule, endpoint, posted, methods=["POST"])
    app.add_url_rule("/", "web.home", lambda: _page("home"))
    app.add_url_rule("/page/<name>", "page", _page)
    app.add_url_rule("/piece/<name>", "piece", _piece)
    app.add_url_rule("/broken", "broken", lambda: 1 / 0)

    @app.post("/save")
    def save() -> Response:
        app.config["SAVED"].append(request.form.to_dict())
        errors = {"headline": "Too long by 3 characters."} if len(request.form["headline"]) > 80 else {}
        response = jsonify(message="" if errors else "Saved 10:42", errors=errors)
        response.status_code = 422 if errors else 200
        return response

    @app.get("/live")
    def live() -> str:
        return "<p id='live'>Sent to everybody</p>"

    return app


@contextmanager
def serve(app: Flask) -> Iterator[str]:
    """The address of `app` on a free port of this machine."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _reader() -> None:
    g.user = SimpleNamespace(
        name="Petra Keller",
        email="petra@keller-it.example",
        locale=request.args.get("lang", "en"),
        time_zone="Europe/Berlin",
        theme=request.args.get("theme", "auto"),
    )
    g.organization = SimpleNamespace(name="Keller IT Services GmbH")


def _context() -> dict[str, Any]:
    names = NAMES.get(g.user.locale, NAMES["en"])
    flashes = [("The campaign is saved.", "success"), ("The logo could not be read.", "error")]
    return {
        "nav": [
            {"text": name, "href": "/", "active": at == 0, "count": 3 if at == 4 else None}
            for at, name in enumerate(names)
        ],
        "organizations": [
            {"name": "Keller IT Services GmbH", "public_id": "org_1", "current": True},
            {"name": "Northwind Storage", "public_id": "org_2", "current": False},
        ],
        "flashes": flashes if "flash" in request.args else [],
        "moment": datetime(2026, 11, 20, 9, 41, tzinfo=UTC),
    }


def _page(name: str) -> str:
    assert safe_next(f"/{name}")
    form = Sample(headline="Backups nobody has to think about")
    if "errors" in request.args:
        form.validate()
    pages = SimpleNamespace(number=2, pages=7, total=131)
    return render_template(f"{name}.html", form=form, page=pages)


def _piece(name: str) -> Response:
    saved = request.args.get("text", "Dear Ms Sato")
    response = Response(
        MAIL.format(text=saved, filler="One more line of the mail. " * 400), mimetype="text/html"
    )
    response.headers["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'self'"
    return response
