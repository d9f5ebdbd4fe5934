"""The tracking app for a WSGI server."""

from tmpa.engagement.intake import Intake, create_intake
from tmpa.kernel import logs
from tmpa.settings import load_settings
from workers.processes import die_with_parent


def create() -> Intake:
    """The tracking app, from the environment's settings."""
    die_with_parent()
    settings = load_settings()
    logs.configure(settings, "tracking")
    return create_intake(settings)
