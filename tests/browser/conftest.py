"""One whole installation for all browser tests of a process, and people who sit before it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

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


@pytest.fixture
def sit(chromium: Browser, platform: lively.Platform) -> Iterator[Sit]:
    """`sit(email)`: somebody signs in with a browser of their own; whatever it complained about fails the test."""
    with ExitStack() as desks:

        def down(email: str = "", **options: object) -> Desk:
            desk = desks.enter_context(Desk.open(chromium, platform.settings, **options))
            if email:
                desk.sign_in(email)
            return desk

        yield down
