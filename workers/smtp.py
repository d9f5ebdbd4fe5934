"""The demo's SMTP server: whatever is sent to it lands in the inbox folder. Loopback only, no relaying, no sign-in."""

from pathlib import Path

import structlog
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tmpa.kernel import logs
from tmpa.sending.transports.inbox import deliver, inbox_dir
from tmpa.settings import Settings, load_settings
from workers.processes import die_with_parent, stop_on_signals

MESSAGE_LIMIT = 30_000_000  # bytes

log = structlog.get_logger("smtp")


class Keeper:
    """Delivers each message once per recipient, as a mailbox server does."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        """Keep the message; the answer to the client."""
        content = envelope.content
        if not isinstance(content, bytes):
            return "554 5.6.0 Not a message"
        try:
            for recipient in envelope.rcpt_tos:
                deliver(self._folder, content, envelope.mail_from or "", recipient)
        except OSError as error:
            log.error("smtp.not_kept", error=str(error))
            return "451 4.3.0 The inbox folder can't be written"
        return "250 2.0.0 Kept in the inbox"


def start(settings: Settings) -> Controller:
    """Listen on 127.0.0.1 and the settings' port; the controller stops it."""
    controller = Controller(
        Keeper(inbox_dir(settings)),
        hostname="127.0.0.1",
        port=settings.inbox_smtp_port,
        enable_SMTPUTF8=True,
        data_size_limit=MESSAGE_LIMIT,
    )
    controller.start()
    return controller


def main() -> None:
    """Serve with the environment's settings until SIGTERM or SIGINT."""
    die_with_parent()
    stop = stop_on_signals()
    settings = load_settings()
    logs.configure(settings, "smtp")
    controller = start(settings)
    stop.wait()
    controller.stop()


if __name__ == "__main__":
    main()
