"""Where a story plays: an installation of its own on free ports, with its own database, queue, workers and mail."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_string, policy
from email.message import EmailMessage
from mailbox import Maildir
from pathlib import Path

from sqlalchemy import create_engine, make_url, text

from tmpa.app import open_services
from tmpa.kernel.http import Services
from tmpa.migrations import run as migrations
from tmpa.sending.transports.inbox import inbox_dir
from tmpa.settings import Settings
from workers.parts import all_parts
from workers.processes import free_port
from workers.supervisor import Supervisor


def settings_of(base: Settings, var_dir: Path) -> Settings:
    """The story's settings: free ports, its own folder, mail by SMTP to its own server; stores as in `base`."""
    ports = {name: free_port() for name in ("portal", "tracking", "inbox", "smtp")}
    return base.model_copy(
        update={
            "env": "demo",
            "var_dir": var_dir,
            "portal_url": f"http://127.0.0.1:{ports['portal']}",
            "tracking_url": f"http://127.0.0.1:{ports['tracking']}",
            "inbox_url": f"http://127.0.0.1:{ports['inbox']}",
            "inbox_smtp_port": ports["smtp"],
            "mail_url": f"smtp://127.0.0.1:{ports['smtp']}",
            "pages_url": "",
            "settle_seconds": 1,
            "trusted_proxies": 1,  # the story's visitors say which network they come from
            "fast_passwords": False,
            "objects_url": f"{base.objects_url}/story-{secrets.token_hex(4)}" if base.objects_url else "",
        }
    )


@contextmanager
def own_database(settings: Settings) -> Iterator[Settings]:
    """The settings with a database of the story's own: a file, or one made and dropped on the PostgreSQL server."""
    if not settings.database_url.startswith("postgresql"):
        yield settings.model_copy(update={"database_url": ""})
        return
    url = make_url(settings.database_url)
    name = f"tmpa_story_{secrets.token_hex(6)}"
    server = create_engine(url, isolation_level="AUTOCOMMIT")
    try:
        with server.connect() as connection:
            connection.execute(text(f'CREATE DATABASE "{name}"'))
        address = url.set(database=name).render_as_string(hide_password=False)
        yield settings.model_copy(update={"database_url": address})
        with server.connect() as connection:
            connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
    finally:
        server.dispose()


@contextmanager
def running(settings: Settings, log: Path) -> Iterator[Services]:
    """The whole installation, started and migrated; stopped when the block ends. Output goes to `log`."""
    as_inbox = settings.model_copy(
        update={"mail_url": "inbox:"}
    )  # the parts of a demo, its SMTP server included
    parts = tuple(part for part in all_parts(as_inbox) if part.name != "inbox")
    services = open_services(settings)
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w") as out:
        supervisor = Supervisor(settings, parts, echo=lambda line: print(line, file=out, flush=True))
        supervisor.start(prepare=lambda: migrations.upgrade(services.database))
        try:
            yield services
        finally:
            supervisor.stop()
            services.database.dispose()


def delivered(settings: Settings) -> dict[str, EmailMessage]:
    """Every mail that has arrived, by its name in the Maildir."""
    box = Maildir(inbox_dir(settings), create=True)
    found: dict[str, EmailMessage] = {}
    for key in box.keys():  # noqa: SIM118  # iterating a Maildir parses each message, keys() doesn't
        # headers may be UTF-8 (RFC 6532), which message_from_bytes doesn't decode
        text_of_mail = box.get_bytes(key).decode("utf-8", "surrogateescape")
        message = message_from_string(text_of_mail, policy=policy.SMTPUTF8)
        found[key] = message
    return found


def raw_mail(settings: Settings, key: str) -> bytes:
    """A delivered mail's bytes."""
    return Maildir(inbox_dir(settings), create=True).get_bytes(key)
