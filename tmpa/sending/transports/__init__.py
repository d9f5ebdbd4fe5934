"""Ways for mail to leave: SMTP, Amazon SES, the local inbox. One protocol, one conformance test."""

import os
from functools import lru_cache
from urllib.parse import urlsplit

from tmpa.sending.transports.base import Connection, MailTransport, Outcome, TransportUnavailable
from tmpa.sending.transports.inbox import InboxTransport, inbox_dir
from tmpa.sending.transports.ses import SesTransport
from tmpa.sending.transports.smtp import SmtpAddress, SmtpTransport
from tmpa.settings import Settings

__all__ = ["Connection", "MailTransport", "Outcome", "TransportUnavailable", "new_transport", "transport_for"]


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
    return _kept(settings, os.getpid())


@lru_cache(maxsize=8)
def _kept(settings: Settings, _process: int) -> MailTransport:
    # by process: a forked child must not talk on its parent's sockets
    return new_transport(settings)
