"""The portal for a WSGI server."""

from flask import Flask

from tmpa.app import create_app
from tmpa.kernel import logs
from tmpa.settings import load_settings
from workers.processes import die_with_parent


def create() -> Flask:
    """The portal, from the environment's settings."""
    die_with_parent()
    settings = load_settings()
    logs.configure(settings, "portal")
    return create_app(settings)
