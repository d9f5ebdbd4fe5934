"""The world that the sending tests act in."""

from collections.abc import Iterator

import pytest

from tests.factories.sending import SendingWorld, sending_world, services
from tests.servers.smtp import SmtpSink
from tmpa.db import Database
from tmpa.sending.transports import close_transports
from tmpa.settings import Settings


@pytest.fixture
def world(settings: Settings, database: Database) -> SendingWorld:
    """A campaign whose mails land in the local inbox."""
    return sending_world(services(settings, database))


@pytest.fixture
def smtp_world(settings: Settings, database: Database, smtp_sink: SmtpSink) -> SendingWorld:
    """A campaign whose mails go to a real SMTP server, `smtp_sink`."""
    return sending_world(services(settings.model_copy(update={"mail_url": smtp_sink.url}), database))


@pytest.fixture(autouse=True)
def _connections() -> Iterator[None]:
    """No test leaves a kept connection behind."""
    yield
    close_transports()
