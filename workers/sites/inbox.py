"""The demo's mail inbox for a WSGI server."""

from flask import Flask

from tmpa.app import open_services
from tmpa.kernel import logs
from tmpa.settings import load_settings
from tmpa.web.inbox.app import create_inbox
from workers.processes import die_with_parent


def create() -> Flask:
    """The inbox, from the environment's settings."""
    die_with_parent()
    settings = load_settings()
    logs.configure(settings, "inbox")
    return create_inbox(open_services(settings))
