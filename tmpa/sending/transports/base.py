"""What a mail transport is: connections that take finished messages, and outcomes that say what became of each."""

import re
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Literal, Protocol

OutcomeState = Literal["handed_over", "deferred", "bounced", "uncertain"]

_ENHANCED = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_NO_SUCH_PERSON = re.compile(
    r"(user|recipient|mailbox|address)\b.{0,40}\b(unknown|not found|does ?n[o']t exist|no longer)|"
    r"\b(no such|unknown|invalid) (user|recipient|mailbox|address)",
    re.IGNORECASE,
)
# RFC 3463: bad mailbox, bad domain, bad syntax, moved, domain takes no mail (RFC 7505), mailbox disabled
_HARD = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"})


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one hand-over.

    `handed_over`: the transport took the message. `deferred`: refused for now, surely not taken. `bounced`: refused
    for good. `uncertain`: the connection ended when the message may or may not have been taken; never sent again.
    `code` is the SMTP reply code (0 where there is none), `reply` the transport's own words.
    """

    state: OutcomeState
    code: int = 0
    reply: str = ""

    @property
    def enhanced(self) -> str:
        """The enhanced status code of RFC 3463, such as "5.1.1", or empty."""
        found = _ENHANCED.search(self.reply)
        return found[1] if found else ""

    @property
    def is_hard(self) -> bool:
        """Whether the address itself is dead, so that writing again would be wrong.

        By enhanced code where there is one. Without one, only when a refusal's words say that nobody is there:
        a bare 550 is as often a spam filter's.
        """
        if self.state != "bounced":
            return False
        if self.enhanced:
            return self.enhanced in _HARD
        return self.code in (550, 551, 553) and bool(_NO_SUCH_PERSON.search(self.reply))


class TransportUnavailable(Exception):
    """The transport itself can't be used now (refused, unreachable, wrong password): no message was at fault.

    The text is for operators; it holds no password.
    """


class Connection(Protocol):
    """Takes messages one after the other."""

    def send(self, message: bytes, sender: str, recipient: str) -> Outcome:
        """Hand over one finished message (CRLF line ends) for one recipient.

        Raises TransportUnavailable when the transport can't be used, in which case the message was surely not taken.
        """


class MailTransport(Protocol):
    """A way for mail to leave. One object per process; its connections may be used in threads, one thread each."""

    @property
    def connections(self) -> int:
        """How many connections make sense at once."""

    def open(self) -> AbstractContextManager[Connection]:
        """A connection, opened at the first message, kept for the next user afterwards."""

    def close(self) -> None:
        """Close what is kept."""


def clip(text: str, limit: int = 500) -> str:
    """A reply as one line that fits into the ledger."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:limit]
