"""The demo's transport: every mail lands in a Maildir that the inbox shows."""

import itertools
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tmpa.sending.transports.base import Connection, Outcome, TransportUnavailable
from tmpa.settings import Settings

_numbers = itertools.count()


def inbox_dir(settings: Settings) -> Path:
    """The Maildir of the local inbox."""
    return settings.var_dir / "inbox"


def deliver(folder: Path, message: bytes, sender: str, recipient: str) -> None:
    """Write one message into the Maildir `folder`, whole or not at all.

    The envelope is kept as a delivering server keeps it: Return-Path and Delivered-To above the message. Not synced
    to disk: it is a demo's inbox, and the sync would take longer than everything else together.
    """
    name = f"{time.time():.6f}.P{os.getpid()}Q{next(_numbers)}.{socket.gethostname().replace('/', '_')}"
    head = f"Return-Path: <{sender}>\r\nDelivered-To: {recipient}\r\n".encode()
    fresh = folder / "tmp" / name
    try:
        fresh.write_bytes(head + message)
    except FileNotFoundError:  # the first mail, or somebody removed the folder
        for part in ("tmp", "new", "cur"):
            (folder / part).mkdir(parents=True, exist_ok=True)
        fresh.write_bytes(head + message)
    fresh.rename(folder / "new" / name)


class InboxTransport:
    """Delivers into the Maildir under TMPA_VAR_DIR."""

    connections = 1

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def open(self) -> Iterator[Connection]:
        """The folder itself; there is nothing to connect to."""
        yield self

    def send(self, message: bytes, sender: str, recipient: str) -> Outcome:
        """Write the message. Raises TransportUnavailable when the disk refuses it."""
        try:
            deliver(self._folder, message, sender, recipient)
        except OSError as error:
            raise TransportUnavailable(
                f"The inbox folder {self._folder} can't be written: {error}"
            ) from error
        return Outcome("handed_over", 250, "250 2.0.0 Kept in the inbox")

    def close(self) -> None:
        """Nothing is kept open."""
