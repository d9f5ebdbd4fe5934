"""A partner with the services of one process, for the tests of brands and logos."""

from collections.abc import Iterator

import pytest

from tests.factories.accounts import Member, member, organization
from tmpa.app import open_services
from tmpa.kernel.http import Services
from tmpa.kernel.permissions import Role
from tmpa.settings import Settings


@pytest.fixture
def context(settings: Settings) -> Iterator[Services]:
    services = open_services(settings)
    yield services
    services.database.dispose()


@pytest.fixture
def partner(context: Services) -> Member:
    key = organization(context.database, "partner", "Nordlicht")
    return member(context.database, context.settings, key, Role.PARTNER_ADMIN, "kim@nordlicht.example")
