"""One whole installation for all browser tests of a process, and people who sit before it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser import lively
from tests.browser.desk import Desk

Sit = Callable[..., Desk]


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[lively.Platform]:
    """The platform with the demo's data, a campaign that has run, its leads, deals and claims."""
    folder: Path = tmp_path_factory.mktemp("platform")
    with lively.running(lively.settings_of(folder)) as found:
        lively.play(found)
        yield found


@pytest.fixture(scope="session")
def _signed_in() -> dict[str, list[Any]]:
    """Cookies of whoever has signed in: the platform doesn't let one person sign in over and over."""
    return {}


@pytest.fixture
def sit(chromium: Browser, platform: lively.Platform, _signed_in: dict[str, list[Any]]) -> Iterator[Sit]:
    """`sit(email)`: somebody, signed in, before a browser of their own; what it complained about fails the test."""
    with ExitStack() as desks:

        def down(email: str = "", **options: object) -> Desk:
            desk = desks.enter_context(Desk.open(chromium, platform.settings, **options))
            if email:
                desk.enter(email, _signed_in)
            return desk

        yield down
