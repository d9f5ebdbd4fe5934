"""An SMTP server that keeps what it is given, refuses whom it is told to refuse, and can stall or hang up."""

from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from workers.processes import free_port


@dataclass
class Received:
    """One message as it came over the wire."""

    sender: str
    recipients: list[str]
    content: bytes

    @property
    def message(self) -> EmailMessage:
        """The message, parsed."""
        return message_from_bytes(self.content, policy=policy.default)


@dataclass
class SmtpSink:
    """Records every message; `refuse` maps a recipient to the reply it gets, such as "550 5.1.1 No such user"."""

    host: str = "127.0.0.1"
    port: int = 0
    received: list[Received] = field(default_factory=list)
    refuse: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """The address for TMPA_MAIL_URL."""
        return f"smtp://{self.host}:{self.port}"

    def to(self, recipient: str) -> list[Received]:
        """The messages that `recipient` got."""
        return [one for one in self.received if recipient in one.recipients]

    def clear(self) -> None:
        """Forget messages and refusals."""
        self.received.clear()
        self.refuse.clear()

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[Any]
    ) -> str:
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        content = envelope.content
        assert isinstance(content, bytes)
        self.received.append(Received(envelope.mail_from or "", list(envelope.rcpt_tos), content))
        return "250 OK"


def start_sink() -> tuple[SmtpSink, Controller]:
    """A sink that listens on a free loopback port, and the controller that stops it."""
    sink = SmtpSink(port=free_port())
    controller = Controller(sink, hostname=sink.host, port=sink.port, decode_data=False, enable_SMTPUTF8=True)
    controller.start()
    return sink, controller
