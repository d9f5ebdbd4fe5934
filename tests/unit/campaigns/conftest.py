"""A vendor's kit and two partners, on each database."""

from collections.abc import Iterator

import pytest

from tests.factories.campaigns import Stage, stage
from tmpa.app import open_services
from tmpa.settings import Settings


@pytest.fixture
def on(settings: Settings) -> Iterator[Stage]:
    """The stage that the campaign tests act on."""
    services = open_services(settings)
    yield stage(services)
    services.database.dispose()
