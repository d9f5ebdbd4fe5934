"""The platform's own mails: once each, valid in every language, retried when the server is away."""

import uuid

import pytest

from tests.factories.sending import SYSTEM, services
from tests.servers.hostile_smtp import hostile
from tests.servers.smtp import SmtpSink
from tmpa.accounts.models import OutgoingMail
from tmpa.db import Database
from tmpa.kernel.http import Services
from tmpa.sending.platform_mail import NotSent, send_mail
from tmpa.sending.transports import TransportUnavailable
from tmpa.settings import Settings

pytestmark = pytest.mark.backends("sqlite")


@pytest.fixture
def context(settings: Settings, database: Database, smtp_sink: SmtpSink) -> Services:
    return services(settings.model_copy(update={"mail_url": smtp_sink.url}), database)


def put(context: Services, to: str = "anna@a.example", subject: str = "Willkommen, Jörg") -> uuid.UUID:
    with context.database.unit_of_work(SYSTEM) as session:
        mail = OutgoingMail(to_address=to, subject=subject, text="Grüß Gott\n", html="<p>Grüß Gott</p>")
        session.add(mail)
        session.flush()
        return mail.id


def sent_at(context: Services, mail_id: uuid.UUID) -> object:
    with context.database.unit_of_work(SYSTEM, write=False) as session:
        return session.get_one(OutgoingMail, mail_id).sent_at


def test_once(context: Services, smtp_sink: SmtpSink) -> None:
    mail = put(context)
    send_mail(context, str(mail))
    send_mail(context, str(mail))
    (received,) = smtp_sink.received
    assert received.recipients == ["anna@a.example"] and received.sender == "no-reply@tmpa.example"
    assert received.message["Subject"] == "Willkommen, Jörg"
    assert received.message["From"] == "tmpa <no-reply@tmpa.example>"
    html = received.message.get_body(("html",))
    assert html and html.get_content().strip() == "<p>Grüß Gott</p>"
    assert sent_at(context, mail)


def test_a_subject_adds_no_header(context: Services, smtp_sink: SmtpSink) -> None:
    send_mail(context, str(put(context, subject="Hi\r\nBcc: all@b.example")))
    assert smtp_sink.received[0].message["Bcc"] is None
    assert smtp_sink.received[0].recipients == ["anna@a.example"]


def test_an_international_address(context: Services, smtp_sink: SmtpSink) -> None:
    send_mail(context, str(put(context, to="jörg@müller.example")))
    assert smtp_sink.received[0].recipients == ["jörg@xn--mller-kva.example"]


def test_refusals_are_seen_by_the_job(context: Services, smtp_sink: SmtpSink) -> None:
    smtp_sink.refuse["anna@a.example"] = "450 4.2.0 Later"
    mail = put(context)
    with pytest.raises(NotSent, match="450"):
        send_mail(context, str(mail))
    assert sent_at(context, mail) is None
    with hostile(greeting=b"421 Busy\r\n") as server, pytest.raises(TransportUnavailable):
        send_mail(
            services(context.settings.model_copy(update={"mail_url": server.url}), context.database),
            str(mail),
        )
