"""Two companies of each side that have nothing to do with each other."""

import pytest

from tests.factories.world import World, make_world
from tmpa.db import Database
from tmpa.kernel.scope import Scope

Worlds = tuple[World, World]


@pytest.fixture
def worlds(database: Database) -> Worlds:
    """Two programmes, each a vendor with its partner and a row of every kind."""
    with database.unit_of_work(Scope.system()) as session:
        return make_world(session, "mine"), make_world(session, "theirs")
