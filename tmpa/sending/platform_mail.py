"""The platform's own mails (invitations, resets, notices), by the same transports as campaigns."""

import uuid
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime

from tmpa.accounts.models import OutgoingMail
from tmpa.kernel.clock import utcnow
from tmpa.kernel.http import Services
from tmpa.kernel.scope import Scope
from tmpa.sending.compile import message_id
from tmpa.sending.mails import platform_address
from tmpa.sending.mime import one_line, wire_address
from tmpa.sending.transports import transport_for
from tmpa.settings import Settings


class NotSent(Exception):
    """The mail server did not take the mail now; the job is tried again and shown when it keeps failing."""


def send_mail(context: Services, mail_id: str) -> None:
    """Send one `OutgoingMail` unless that has happened. Raises NotSent and TransportUnavailable.

    A worker that dies between the hand-over and the note of it sends the mail again: for an invitation or a reset two
    are better than none (campaign mails decide the other way).
    """
    with context.database.unit_of_work(Scope.system(), write=False) as session:
        mail = session.get_one(OutgoingMail, uuid.UUID(mail_id))
    if mail.sent_at is not None:
        return
    address = wire_address(mail.to_address)
    with transport_for(context.settings).open() as connection:
        outcome = connection.send(build(context.settings, mail), platform_address(context.settings), address)
    if outcome.state != "handed_over":
        raise NotSent(f"{outcome.state}: {outcome.reply}")
    with context.database.unit_of_work(Scope.system()) as session:
        session.get_one(OutgoingMail, mail.id).sent_at = utcnow()


def build(settings: Settings, mail: OutgoingMail) -> bytes:
    """The message, text and HTML. The standard library builds it: these are few, and each is different."""
    address = wire_address(mail.to_address)
    message = EmailMessage(policy=SMTP if address.isascii() else SMTPUTF8)
    message["From"] = settings.mail_from
    message["To"] = address
    message["Subject"] = one_line(mail.subject)
    message["Date"] = format_datetime(utcnow())
    message["Message-ID"] = f"<{message_id(mail.id, platform_address(settings).rpartition('@')[2])}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text)
    message.add_alternative(mail.html, subtype="html")
    return message.as_bytes()
