"""One conformance test for every way out, and what each does when the other side misbehaves."""

import json
import mailbox
import socket
import ssl
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from pathlib import Path

import boto3
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from botocore.exceptions import ClientError

from tests.servers.hostile_smtp import certificate, hostile
from tests.servers.s3 import S3Server
from tests.servers.smtp import SmtpSink
from tmpa.sending.transports import MailTransport, Outcome, TransportUnavailable, new_transport, transport_for
from tmpa.sending.transports.inbox import inbox_dir
from tmpa.sending.transports.ses import SesTransport, _classify
from tmpa.sending.transports.smtp import SmtpAddress, SmtpTransport
from tmpa.settings import Settings
from workers.processes import free_port

MESSAGE = (
    b"From: a@tmpa.example\r\nTo: b@b.example\r\nSubject: Hello\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\n\r\nFirst line\r\n.hidden\r\n..two\r\n.\r\nlast\r\n"
)
PLAIN = b"250 hostile.example\r\n"
PIPELINING = b"250-hostile.example\r\n250 PIPELINING\r\n"


@dataclass
class Way:
    """A transport and how to look at what it delivered to an address."""

    transport: MailTransport
    delivered: Callable[[str], list[bytes]]
    keeps_bytes: bool = True


@pytest.fixture(params=["smtp", "ses", "inbox"])
def way(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Way]:
    made: Iterator[Way] = globals()[f"_{request.param}_way"](request, tmp_path)
    yield from made


def _smtp_way(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Way]:
    sink: SmtpSink = request.getfixturevalue("smtp_sink")
    transport = new_transport(Settings(env="test", var_dir=tmp_path, mail_url=sink.url))
    yield Way(transport, lambda address: [one.content for one in sink.to(address)])
    transport.close()


def _inbox_way(_request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Way]:
    settings = Settings(env="test", var_dir=tmp_path)

    def delivered(address: str) -> list[bytes]:
        box = mailbox.Maildir(str(inbox_dir(settings)), create=False)
        found = [box.get_bytes(key) for key in box.keys()]  # noqa: SIM118  no dict
        return [data for data in found if f"Delivered-To: {address}".encode() in data]

    yield Way(new_transport(settings), delivered, keeps_bytes=False)


def _ses_way(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Way]:
    monkeypatch: pytest.MonkeyPatch = request.getfixturevalue("monkeypatch")
    server = S3Server("moto")
    server.start()
    for name, value in {**server.address.environ, "AWS_ENDPOINT_URL": server.address.endpoint}.items():
        monkeypatch.setenv(name, value)
    client = boto3.client("sesv2", region_name="eu-west-1")
    client.create_email_identity(EmailIdentity="a@tmpa.example")
    transport = new_transport(Settings(env="test", var_dir=tmp_path, mail_url="ses://eu-west-1"))

    def delivered(address: str) -> list[bytes]:
        with urllib.request.urlopen(f"{server.address.endpoint}/moto-api/data.json", timeout=10) as answer:
            kept = json.load(answer)["ses"]["RawMessage"]
        return [each["raw_data"].encode() for each in kept if address in each["destinations"]]

    yield Way(transport, delivered, keeps_bytes=False)
    transport.close()
    client.close()
    server.stop()


class TestEveryTransport:
    """What the sending loop counts on."""

    def test_a_message_arrives_whole(self, way: Way) -> None:
        with way.transport.open() as connection:
            outcome = connection.send(MESSAGE, "a@tmpa.example", "b@b.example")
        assert outcome.state == "handed_over" and outcome.reply and not outcome.is_hard
        (data,) = way.delivered("b@b.example")
        message = message_from_bytes(data, policy=policy.default)
        assert message["Subject"] == "Hello"
        body = message.get_content().replace("\r\n", "\n")
        assert body == "First line\n.hidden\n..two\n.\nlast\n"

    def test_several_by_one_connection_and_again_later(self, way: Way) -> None:
        for round_ in range(2):
            with way.transport.open() as connection:
                for number in range(3):
                    address = f"p{round_}{number}@b.example"
                    assert connection.send(MESSAGE, "a@tmpa.example", address).state == "handed_over"
        assert all(len(way.delivered(f"p{n}{m}@b.example")) == 1 for n in range(2) for m in range(3))

    def test_it_says_how_many_connections_make_sense(self, way: Way) -> None:
        assert way.transport.connections >= 1
        way.transport.close()
        with way.transport.open() as connection:
            assert connection.send(MESSAGE, "a@tmpa.example", "c@b.example").state == "handed_over"


def smtp(url: str, timeout: float = 2) -> SmtpTransport:
    return SmtpTransport(SmtpAddress.parse(url), 2, timeout)


def send(transport: MailTransport, recipient: str = "b@b.example", message: bytes = MESSAGE) -> Outcome:
    with transport.open() as connection:
        return connection.send(message, "a@tmpa.example", recipient)


@pytest.mark.parametrize(
    ("misbehaviour", "state", "is_hard"),
    [
        ({"rcpt": b"550 5.1.1 No such user\r\n"}, "bounced", True),
        ({"rcpt": b"550 5.7.1 We do not like you\r\n"}, "bounced", False),
        ({"rcpt": b"550 Unknown user here\r\n"}, "bounced", True),
        ({"rcpt": b"550 Blocked\r\n"}, "bounced", False),
        ({"rcpt": b"450 4.2.1 Greylisted\r\n"}, "deferred", False),
        ({"rcpt": b"421 4.3.2 Going down\r\n"}, "deferred", False),
        ({"rcpt": b"whatever\r\n"}, "deferred", False),
        ({"rcpt": None}, "deferred", False),
        ({"mail": b"550 5.7.60 Not as this sender\r\n"}, "deferred", False),
        ({"data": b"451 4.3.0 Later\r\n"}, "deferred", False),
        ({"data": b"554 5.6.0 No\r\n"}, "bounced", False),
        ({"end": b"552 5.2.2 Mailbox full\r\n"}, "bounced", False),
        ({"end": b"451 4.7.1 Later\r\n"}, "deferred", False),
        ({"end": b"\xff\xfe garbage\r\n"}, "uncertain", False),
        ({"end": None}, "uncertain", False),
        ({"body": None}, "uncertain", False),
    ],
)
@pytest.mark.parametrize("ehlo", [PLAIN, PIPELINING])
def test_what_a_server_says_or_does(
    misbehaviour: dict[str, bytes | None], state: str, is_hard: bool, ehlo: bytes
) -> None:
    with hostile(**{"ehlo": ehlo, **misbehaviour}) as server:
        transport = smtp(server.url)
        outcome = send(transport)
        if outcome.state != "uncertain" and "end" not in misbehaviour:
            assert not any(server.messages), "a refused message was given to the server"
        transport.close()
    assert (outcome.state, outcome.is_hard) == (state, is_hard), outcome
    assert outcome.reply


@pytest.mark.parametrize(
    "misbehaviour",
    [
        {"greeting": b"554 Go away\r\n"},
        {"greeting": b"421 Too busy\r\n"},
        {"greeting": None},
        {"greeting": b"\x00\x01\x02"},
        {"ehlo": None},
    ],
)
def test_a_server_that_cannot_be_used(misbehaviour: dict[str, bytes | None]) -> None:
    with hostile(**misbehaviour) as server, pytest.raises(TransportUnavailable, match=r"127\.0\.0\.1"):
        send(smtp(server.url, timeout=0.5))


def test_nobody_listens() -> None:
    with pytest.raises(TransportUnavailable, match="refused"):
        send(smtp(f"smtp://127.0.0.1:{free_port()}"))


def test_a_server_that_falls_silent_after_the_message() -> None:
    with hostile(end=b"") as server:
        assert send(smtp(server.url, timeout=0.3)).state == "uncertain"
        assert len(server.messages) == 1


def test_one_refusal_does_not_spoil_the_next(smtp_sink: SmtpSink) -> None:
    smtp_sink.refuse["gone@b.example"] = "550 5.1.1 No such user"
    transport = smtp(smtp_sink.url)
    with transport.open() as connection:
        states = [
            connection.send(MESSAGE, "a@tmpa.example", to).state
            for to in ("x@b.example", "gone@b.example", "y@b.example")
        ]
    transport.close()
    assert states == ["handed_over", "bounced", "handed_over"]
    assert smtp_sink.to("y@b.example") and not smtp_sink.to("gone@b.example")


def test_a_kept_connection_that_was_closed_is_replaced() -> None:
    with hostile() as server:
        transport = smtp(server.url)
        with transport.open() as connection:
            assert connection.send(MESSAGE, "a@tmpa.example", "b@b.example").state == "handed_over"
            kept = connection._client.sock  # type: ignore[attr-defined]
        kept.shutdown(socket.SHUT_RDWR)
        assert send(transport).state == "handed_over"
        assert (server.connections, len(server.messages)) == (2, 2)
        transport.close()


@pytest.mark.parametrize("ehlo", [PLAIN, PIPELINING])
def test_connections_are_kept(ehlo: bytes) -> None:
    with hostile(ehlo=ehlo) as server:
        transport = smtp(server.url)
        for _each in range(5):
            assert send(transport).state == "handed_over"
        assert server.connections == 1
        transport.close()


def test_international_addresses_need_a_server_for_them(smtp_sink: SmtpSink) -> None:
    transport = smtp(smtp_sink.url)
    assert send(transport, "jörg@xn--mller-kva.example").state == "handed_over"
    assert send(transport, "joerg@xn--mller-kva.example").state == "handed_over"
    transport.close()
    assert smtp_sink.to("jörg@xn--mller-kva.example")
    with hostile() as server:
        plain = smtp(server.url)
        outcome = send(plain, "jörg@b.example")
        assert outcome.state == "bounced" and outcome.enhanced == "5.6.7" and not outcome.is_hard
        plain.close()


def test_an_address_adds_no_command(smtp_sink: SmtpSink) -> None:
    transport = smtp(smtp_sink.url)
    for address in ("a@b.example>\r\nRCPT TO:<all@b.example", "a b@c.example", "\na@b.example"):
        assert send(transport, address).state == "bounced"
    transport.close()
    assert not smtp_sink.received


def test_lines_that_begin_with_dots_survive_smtp(smtp_sink: SmtpSink) -> None:
    transport = smtp(smtp_sink.url)
    send(transport, message=b".first: x\r\n\r\n.\r\nno end")
    transport.close()
    assert smtp_sink.received[0].content == b".first: x\r\n\r\n.\r\nno end\r\n"


@pytest.mark.filterwarnings(
    "ignore:Requiring AUTH while not requiring TLS"
)  # aiosmtpd does not count implicit TLS
@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_tls_and_passwords(tls: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cert, key = certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    seen: list[tuple[bytes, bytes]] = []

    def check(
        _server: object, _session: object, _envelope: object, _mechanism: str, data: object
    ) -> AuthResult:
        seen.append((data.login, data.password))  # type: ignore[attr-defined]
        return AuthResult(success=data.password == b"pass:word", handled=False)  # type: ignore[attr-defined]

    sink = SmtpSink(port=free_port())
    how = (
        {"ssl_context": context} if tls == "implicit" else {"tls_context": context, "require_starttls": True}
    )
    controller = Controller(
        sink, hostname=sink.host, port=sink.port, decode_data=False, authenticator=check, auth_required=True,
        auth_require_tls=tls == "starttls", **how,
    )  # fmt: skip
    monkeypatch.setenv("SSL_CERT_FILE", str(cert))
    controller.start()
    try:
        at = f"127.0.0.1:{sink.port}?tls={tls}"
        good = smtp(f"smtp://user:pass%3Aword@{at}")
        assert send(good).state == "handed_over"
        good.close()
        with pytest.raises(TransportUnavailable, match="refused the user name or password") as refused:
            send(smtp(f"smtp://user:wrong@{at}"))
        assert "wrong" not in str(refused.value)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
        with pytest.raises(TransportUnavailable, match="certificate"):
            send(smtp(f"smtp://user:pass%3Aword@{at}"))
    finally:
        controller.stop()
    assert seen[0] == (b"user", b"pass:word")
    assert len(sink.received) == 1


def test_a_password_never_travels_in_clear() -> None:
    assert SmtpAddress.parse("smtp://u:p@mail.example").tls == "starttls"
    assert SmtpAddress.parse("smtp://u:p@mail.example").port == 587
    assert SmtpAddress.parse("smtp://mail.example:2525") == SmtpAddress("mail.example", 2525, "none")
    with hostile() as server, pytest.raises(TransportUnavailable, match="STARTTLS"):
        send(smtp(f"{server.url}?tls=starttls"))


def test_a_process_keeps_its_transport(tmp_path: Path) -> None:
    settings = Settings(env="test", var_dir=tmp_path)
    assert transport_for(settings) is transport_for(settings)


def _ses_error(code: str, status: int, message: str = "no") -> ClientError:
    return ClientError(
        {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}},  # type: ignore[typeddict-item]
        "SendEmail",
    )


def test_what_amazon_says() -> None:
    assert _classify(_ses_error("TooManyRequestsException", 429)).state == "deferred"
    assert _classify(_ses_error("MessageRejected", 400)).state == "bounced"
    assert _classify(_ses_error("InternalFailure", 500)).state == "uncertain"
    assert _classify(_ses_error("ServiceUnavailable", 503)).state == "deferred"
    for code, message in (
        ("SendingPausedException", ""),
        ("MessageRejected", "Email address is not verified."),
    ):
        with pytest.raises(TransportUnavailable):
            _classify(_ses_error(code, 400, message))


def test_amazon_out_of_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    transport = SesTransport("eu-west-1", 1)
    with pytest.raises(TransportUnavailable, match="can't be reached"):
        send(transport)
    transport.close()


def test_amazon_falls_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    with hostile(greeting=b"") as server:  # accepts, reads, never answers HTTP
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.setenv(name, "x")
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url.replace("smtp", "http"))
        transport = SesTransport("eu-west-1", 1)
        transport._config = transport._config.merge(type(transport._config)(read_timeout=0.3))
        with transport.open() as connection:
            outcome = connection.send(MESSAGE, "a@tmpa.example", "b@b.example")
        transport.close()
    assert outcome.state == "uncertain"


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "inbox").write_text("in the way")
    with pytest.raises(TransportUnavailable, match="can't be written"):
        send(new_transport(Settings(env="test", var_dir=tmp_path)))
