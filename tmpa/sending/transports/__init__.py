"""Ways for mail to leave: SMTP, Amazon SES, the local inbox. One protocol, one conformance test."""

import os
import threading
from collections import OrderedDict
from urllib.parse import urlsplit

from tmpa.sending.transports.base import Connection, MailTransport, Outcome, TransportUnavailable
from tmpa.sending.transports.inbox import InboxTransport, inbox_dir
from tmpa.sending.transports.ses import SesTransport
from tmpa.sending.transports.smtp import SmtpAddress, SmtpTransport
from tmpa.settings import Settings

__all__ = [
    "Connection",
    "MailTransport",
    "Outcome",
    "TransportUnavailable",
    "close_transports",
    "new_transport",
    "transport_for",
]

KEPT = 4
"""Transports that a process keeps; a program has one, its tests have many."""

_kept: OrderedDict[tuple[int, Settings], MailTransport] = OrderedDict()
_lock = threading.Lock()


def new_transport(settings: Settings) -> MailTransport:
    """The transport that TMPA_MAIL_URL names, with a pool of its own."""
    scheme = urlsplit(settings.mail_url).scheme
    if scheme == "smtp":
        return SmtpTransport(SmtpAddress.parse(settings.mail_url), settings.mail_connections)
    if scheme == "ses":
        return SesTransport(urlsplit(settings.mail_url).netloc, settings.mail_connections)
    return InboxTransport(inbox_dir(settings))


def transport_for(settings: Settings) -> MailTransport:
    """This process's transport for these settings: its connections are kept from batch to batch."""
    key = (os.getpid(), settings)  # by process: a forked child must not talk on its parent's sockets
    with _lock:
        if key not in _kept:
            while len(_kept) >= KEPT:
                _kept.popitem(last=False)[1].close()
            _kept[key] = new_transport(settings)
        return _kept[key]


def close_transports() -> None:
    """Close what `transport_for` keeps in this process."""
    with _lock:
        for process, settings in list(_kept):
            transport = _kept.pop((process, settings))
            if process == os.getpid():
                transport.close()
