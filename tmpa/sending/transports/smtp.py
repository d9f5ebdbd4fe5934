"""SMTP by kept connections (RFC 5321), STARTTLS or implicit TLS, AUTH, SMTPUTF8 only where an address needs it."""

import re
import smtplib
import socket
import ssl
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qs, unquote, urlsplit

from tmpa.sending.transports.base import Connection, Outcome, TransportUnavailable, clip

Tls = Literal["none", "starttls", "implicit"]

IDLE_SECONDS = 45
"""Servers close idle connections after one to five minutes; older ones are not used again."""

TIMEOUT_SECONDS = 30.0
_LINE_DOT = re.compile(rb"(?m)^\.")
_NO_ADDRESS = re.compile(r"[\s<>\x00-\x1f\x7f]")
_LOST = (smtplib.SMTPServerDisconnected, OSError)


@dataclass(frozen=True)
class SmtpAddress:
    """A mail server as TMPA_MAIL_URL names it."""

    host: str
    port: int
    tls: Tls
    user: str = ""
    password: str = ""

    @classmethod
    def parse(cls, url: str) -> "SmtpAddress":
        """`smtp://[user:password@]host:port[?tls=starttls|implicit]`.

        With a password and no `tls`, STARTTLS is required, except on loopback: a password never travels in clear.
        """
        parts = urlsplit(url)
        host = parts.hostname or "127.0.0.1"
        asked = parse_qs(parts.query).get("tls", [""])[0]
        is_near = host == "localhost" or host.startswith("127.") or host == "::1"
        tls: Tls = "starttls" if parts.username and not is_near else "none"
        if asked in ("starttls", "implicit"):
            tls = "starttls" if asked == "starttls" else "implicit"
        port = parts.port or {"none": 25, "starttls": 587, "implicit": 465}[tls]
        return cls(host, port, tls, unquote(parts.username or ""), unquote(parts.password or ""))


class SmtpTransport:
    """A pool of connections to one server; at most `connections` are kept."""

    def __init__(self, address: SmtpAddress, connections: int, timeout: float = TIMEOUT_SECONDS) -> None:
        self.connections = connections
        self._address = address
        self._timeout = timeout
        self._idle: deque[_SmtpConnection] = deque()

    @contextmanager
    def open(self) -> Iterator[Connection]:
        """A kept connection, or a new one that connects at its first message."""
        connection = self._take()
        try:
            yield connection
        except BaseException:
            connection.drop()  # in an unknown state
            raise
        if connection.is_open and len(self._idle) < self.connections:
            self._idle.append(connection)
        else:
            connection.quit()

    def _take(self) -> "_SmtpConnection":
        while True:
            try:
                kept = self._idle.pop()
            except IndexError:
                return _SmtpConnection(self._address, self._timeout)
            if kept.idle_seconds < IDLE_SECONDS:
                return kept
            kept.quit()

    def close(self) -> None:
        """Say QUIT on every kept connection."""
        while self._idle:
            self._idle.pop().quit()


class _SmtpConnection:
    def __init__(self, address: SmtpAddress, timeout: float) -> None:
        self._address = address
        self._timeout = timeout
        self._client: smtplib.SMTP | None = None
        self._used_at = time.monotonic()

    @property
    def is_open(self) -> bool:
        return self._client is not None

    @property
    def idle_seconds(self) -> float:
        return time.monotonic() - self._used_at

    def send(self, message: bytes, sender: str, recipient: str) -> Outcome:
        """MAIL, RCPT, DATA. What fails before the last byte of the message was sent was surely not taken."""
        is_kept = self._client is not None
        try:
            return self._transaction(message, sender, recipient)
        except _Stale as stale:
            self.drop()
            if not is_kept:
                return Outcome("deferred", stale.code, stale.reply)
        try:  # a kept connection had been closed by the server meanwhile: once more on a new one
            return self._transaction(message, sender, recipient)
        except _Stale as stale:
            self.drop()
            return Outcome("deferred", stale.code, stale.reply)

    def _transaction(self, message: bytes, sender: str, recipient: str) -> Outcome:
        if _NO_ADDRESS.search(recipient) or _NO_ADDRESS.search(sender):  # it would end the command
            return Outcome("bounced", 553, "553 5.1.3 Not an address")
        client = self._connected()
        options = ""
        if not (recipient.isascii() and sender.isascii()):
            if not client.has_extn("smtputf8"):
                return Outcome("bounced", 553, "5.6.7 The mail server does not take international addresses")
            options = " BODY=8BITMIME SMTPUTF8"
        try:
            refusal = self._envelope(client, sender, recipient, options)
        except _LOST as error:
            raise _Stale(0, f"connection lost: {clip(str(error))}") from error
        if refusal is not None:
            self._reset(client)
            return refusal
        payload = _LINE_DOT.sub(b"..", message) if b"\n." in message or message.startswith(b".") else message
        ending = b".\r\n" if payload.endswith(b"\r\n") else b"\r\n.\r\n"
        try:
            client.send(payload + ending)
        except _LOST as error:  # the final dot never left this machine
            self.drop()
            return Outcome("deferred", 0, f"connection lost within the message: {clip(str(error))}")
        try:
            code, text = client.getreply()
        except _LOST as error:  # taken or not, nobody can tell
            self.drop()
            return Outcome("uncertain", 0, f"no answer after the message: {clip(str(error))}")
        self._used_at = time.monotonic()
        reply = _reply(code, text)
        if code == 250:
            return Outcome("handed_over", code, reply)
        if 400 <= code < 500 or 500 <= code < 600:
            self._reset(client)
            return Outcome("deferred" if code < 500 else "bounced", code, reply)
        self.drop()
        return Outcome("uncertain", 0, f"the server answered something else than SMTP: {reply}")

    def _envelope(self, client: smtplib.SMTP, sender: str, recipient: str, options: str) -> Outcome | None:
        """Announce the message; None when the server waits for it. One round trip with PIPELINING (RFC 2920)."""
        commands = (f"MAIL FROM:<{sender}>{options}\r\n", f"RCPT TO:<{recipient}>\r\n", "DATA\r\n")
        if not client.has_extn("pipelining"):
            for number, command in enumerate(commands):
                client.send(command.encode())
                refusal = self._judge(number, *client.getreply())
                if refusal is not None:
                    return refusal
            return None
        client.send("".join(commands).encode())
        replies = [client.getreply() for _each in commands]
        refusals = [self._judge(number, *reply) for number, reply in enumerate(replies)]
        refusal = next((each for each in refusals if each is not None), None)
        if refusal is not None and replies[2][0] == 354:  # it waits for a message that has nobody to go to
            client.send(b".\r\n")
            client.getreply()
        return refusal

    def _judge(self, number: int, code: int, text: bytes) -> Outcome | None:
        """What the answer to MAIL (0), RCPT (1) or DATA (2) means; None means go on."""
        if code in ((250,), (250, 251), (354,))[number]:
            return None
        # The sender is ours: a refusal of MAIL says nothing about the recipient, and waits until somebody mends it.
        return self._refusal(code, text, may_bounce=number > 0)

    def _refusal(self, code: int, text: bytes, may_bounce: bool) -> Outcome:
        reply = _reply(code, text)
        if code == 421 or not 400 <= code < 600:  # closing, or not SMTP at all
            raise _Stale(max(code, 0), reply)
        return Outcome("bounced" if code >= 500 and may_bounce else "deferred", code, reply)

    def _reset(self, client: smtplib.SMTP) -> None:
        try:
            code, _text = client.rset()
        except _LOST:
            code = 0
        if code != 250:
            self.drop()

    def _connected(self) -> smtplib.SMTP:
        if self._client is None:
            self._client = _connect(self._address, self._timeout)
        self._used_at = time.monotonic()
        return self._client

    def drop(self) -> None:
        """Close without a word."""
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def quit(self) -> None:
        """Close politely."""
        if self._client is not None:
            with suppress(smtplib.SMTPException, OSError):
                self._client.quit()
        self.drop()


class _Stale(Exception):
    """The connection ended before the message was begun."""

    def __init__(self, code: int, reply: str) -> None:
        super().__init__(reply)
        self.code = code
        self.reply = reply


def _connect(address: SmtpAddress, timeout: float) -> smtplib.SMTP:
    where = f"The mail server {address.host}:{address.port}"
    client: smtplib.SMTP | None = None
    name = socket.gethostname()
    try:
        if address.tls == "implicit":
            context = ssl.create_default_context()
            client = smtplib.SMTP_SSL(local_hostname=name, timeout=timeout, context=context)
        else:
            client = smtplib.SMTP(local_hostname=name, timeout=timeout)
        client._host = address.host  # type: ignore[attr-defined]  # what TLS checks when connect() is called by hand
        code, text = client.connect(address.host, address.port)
        if code != 220:
            raise TransportUnavailable(f"{where} does not take connections now: {_reply(code, text)}")
        client.ehlo_or_helo_if_needed()
        if address.tls == "starttls":
            client.starttls(context=ssl.create_default_context())
            client.ehlo_or_helo_if_needed()
        if address.user:
            client.login(address.user, address.password)
    except TransportUnavailable:
        if client is not None:
            client.close()
        raise
    except smtplib.SMTPAuthenticationError as error:
        client.close()  # type: ignore[union-attr]
        raise TransportUnavailable(f"{where} refused the user name or password ({error.smtp_code})") from None
    except (smtplib.SMTPException, OSError, ValueError) as error:
        if client is not None:
            client.close()
        raise TransportUnavailable(f"{where} can't be used: {clip(str(error))}") from error
    return client


def _reply(code: int, text: bytes) -> str:
    return clip(f"{max(code, 0)} {text.decode(errors='replace')}")
