"""The portal: one Flask application, wired from settings."""

from datetime import timedelta

from flask import Flask
from flask_wtf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from tmpa.accounts import identity
from tmpa.db import Database
from tmpa.kernel.http import Services
from tmpa.kernel.objects import open_store
from tmpa.kernel.signing import Signer
from tmpa.partners import service as partners
from tmpa.settings import Settings
from tmpa.web import health, shell
from tmpa.web.blueprints import BLUEPRINTS
from workers.jobs import wire

csrf = CSRFProtect()


def open_services(settings: Settings) -> Services:
    """What every process opens once."""
    wire()
    return Services(settings, Database(settings), open_store(settings), Signer(settings.secrets))


def create_app(settings: Settings, shared: Services | None = None) -> Flask:
    """The portal as a WSGI app."""
    shared = shared or open_services(settings)
    app = Flask("tmpa", template_folder=None, static_folder=None)
    secure = settings.portal_url.startswith("https://")
    app.config.update(
        SECRET_KEY=shared.signer.key("flask"),
        SESSION_COOKIE_NAME="__Host-tmpa" if secure else "tmpa",
        SESSION_COOKIE_SECURE=secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=timedelta(hours=settings.session_hours),
        MAX_CONTENT_LENGTH=settings.upload_limit_mb * 1024 * 1024,
        MAX_FORM_MEMORY_SIZE=2 * 1024 * 1024,
        WTF_CSRF_TIME_LIMIT=settings.session_hours * 3600,
        WTF_CSRF_SSL_STRICT=secure,
    )
    app.extensions["tmpa"] = shared
    hops = settings.trusted_proxies
    if hops:
        app.wsgi_app = ProxyFix(app.wsgi_app, hops, hops, hops)  # type: ignore[method-assign]
    identity.install(app, shared, partners.programmes_of)
    shell.install(app)
    health.install(app, shared)
    csrf.init_app(app)
    csrf.exempt("tmpa.sending.views.unsubscribe")  # RFC 8058: mail programs post there without cookies
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    return app
