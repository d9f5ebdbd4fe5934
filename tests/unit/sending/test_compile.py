"""A spliced message is a valid one, whatever the values are: parsed back by Python's email package and compared."""

import re
import uuid
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.factories.sending import mail
from tmpa.kernel.signing import Signer
from tmpa.kernel.tracking_tokens import decode
from tmpa.kits.holes import Marker, Stretches
from tmpa.kits.render import RenderedMail
from tmpa.sending.compile import Addressee, Addresses, CompiledMail, Sender, compile_mail
from tmpa.sending.mime import (
    NAME_LENGTH,
    QpWriter,
    header_text,
    is_mailable,
    mailbox,
    one_line,
    qp_value,
    wire_address,
)

SIGNER = Signer(["s" * 32])
VENDOR = uuid.UUID(int=7)
WHERE = Addresses("https://t.example", "https://portal.example")
NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
HOSTILE = st.one_of(
    st.text(max_size=200),
    st.text(alphabet=st.sampled_from('\r\n\x00\t .=?_"<>@,:;()\\Fromé漢🙂\u202e\u0600ا'), max_size=300),
    st.sampled_from(
        [
            "",
            " ",
            ".",
            "..",
            "From here",
            "a\r\nBcc: x@y.example",
            "\r\n.\r\nQUIT\r\n",
            "=?utf-8?b?eA==?=",
            "x" * 5000,
        ]
    ),
)


def compiled(rendered: RenderedMail | None = None, name: str = "Pärtner") -> CompiledMail:
    sender = Sender(name, "no-reply@tmpa.example", "hello@partner.example")
    return compile_mail(rendered or mail(), "en", VENDOR, "spring", sender, WHERE, SIGNER)


def build(
    first_name: str = "Zoë", last_name: str = "", company: str = "", email: str = "a@b.example"
) -> bytes:
    return compiled().build(Addressee(uuid.UUID(int=9), email, first_name, last_name, company), NOW)


def parse(data: bytes) -> EmailMessage:
    message = message_from_bytes(data, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def parts(message: EmailMessage) -> tuple[str, str]:
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None and html is not None
    return text.get_content(), html.get_content()


def check_form(data: bytes) -> None:
    """RFC 5322 line rules, and nothing that SMTP or an mbox would have to touch."""
    assert data.endswith(b"\r\n")
    lines = data.split(b"\r\n")
    assert all(b"\n" not in line and b"\r" not in line and b"\0" not in line for line in lines)
    assert max(map(len, lines)) <= 998
    assert not any(line.startswith((b".", b"From ")) for line in lines)
    body = data.partition(b"\r\n\r\n")[2].split(b"\r\n")
    assert max(map(len, body)) <= 76


def test_a_message_says_what_it_should() -> None:
    message = parse(build("Zoë", "Müller", "Hafen & Söhne"))
    assert message["From"] == "Pärtner <no-reply@tmpa.example>"
    assert message["To"].addresses[0].display_name == "Zoë Müller"
    assert message["To"].addresses[0].addr_spec == "a@b.example"
    assert message["Subject"] == "Sleep well, Zoë"
    assert message["Reply-To"].addresses[0].addr_spec == "hello@partner.example"
    assert message["Message-ID"] == f"<{uuid.UUID(int=9).hex}@tmpa.example>"
    assert message["List-ID"] == "<spring.tmpa.example>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["Date"].datetime == NOW
    assert message["Auto-Submitted"] is None
    assert message.get_content_type() == "multipart/alternative"
    text, html = parts(message)
    assert "Hafen &amp; Söhne" in html and "Zoë" in html and "Zoë" in text


def test_every_token_names_this_recipient() -> None:
    message = parse(build())
    text, html = parts(message)
    recipient = uuid.UUID(int=9)
    header = re.fullmatch(r"<https://portal\.example/u/(\S+)>", message["List-Unsubscribe"])
    assert header and decode(SIGNER, "unsubscribe", header[1]).subject_id == recipient
    assert f"https://portal.example/u/{header[1]}" in text and f"https://portal.example/u/{header[1]}" in html
    pixel = re.search(r'src="https://t\.example/o/([\w-]+)\.gif"', html)
    assert pixel and decode(SIGNER, "open", pixel[1]).subject_id == recipient
    for body in (text, html):
        link = re.search(r"https://t\.example/c/\S+?(?=[\"\s])", body)
        assert link
        address = urlsplit(link[0])
        target = parse_qs(address.query)["u"][0]
        assert target == "https://example.com/read?a=1&b=ü"
        found = decode(SIGNER, "click", address.path.removeprefix("/c/"), target)
        assert found.subject_id == recipient and found.link == 1 and found.vendor_id == VENDOR


@settings(max_examples=150, deadline=None)
@given(first_name=HOSTILE, last_name=HOSTILE, company=HOSTILE)
def test_hostile_values_stay_values(first_name: str, last_name: str, company: str) -> None:
    data = build(first_name, last_name, company)
    check_form(data)
    message = parse(data)
    assert not message.defects
    assert [key for key, _value in message.items()] == [key for key, _value in parse(build()).items()]
    assert message["Subject"] == one_line(f"Sleep well, {one_line(first_name)}")
    assert len(message["To"].addresses) == 1
    assert message["To"].addresses[0].addr_spec == "a@b.example"
    text, html = parts(message)
    wanted = one_line(first_name).strip()
    assert wanted in text.replace("\n", " ").replace("\r", " ") or wanted in text
    shown = one_line(company).strip()
    assert shown.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") in html
    assert html.count("<a ") == 2


@settings(max_examples=150, deadline=None)
@given(text=HOSTILE, column=st.integers(0, 20))
def test_header_texts_come_back(text: str, column: int) -> None:
    value = header_text(text, column)
    assert all(len(line) <= 78 for line in (b" " * column + value).split(b"\r\n"))
    message = parse(b"Subject: " + value + b"\r\n\r\n")
    assert message["Subject"] == one_line(text) and not message["Subject"].defects


@settings(max_examples=100, deadline=None)
@given(name=HOSTILE)
def test_display_names_come_back(name: str) -> None:
    message = parse(b"To: " + mailbox(name, "a@b.example", 4) + b"\r\n\r\n")
    assert message.keys() == ["To"]
    assert [each.addr_spec for each in message["To"].addresses] == ["a@b.example"]
    # CPython keeps the space between the encoded words of a phrase, which RFC 2047 (6.2) has a reader drop
    shown = message["To"].addresses[0].display_name
    assert "".join(shown.split()) == "".join(one_line(name)[:NAME_LENGTH].split())


@settings(max_examples=150, deadline=None)
@given(chunks=st.lists(HOSTILE, max_size=6), value=HOSTILE)
def test_quoted_printable_comes_back(chunks: list[str], value: str) -> None:
    import_safe = [chunk.encode(errors="replace").decode() for chunk in chunks]
    writer = QpWriter()
    data = b""
    for chunk in import_safe:
        data += writer.write(chunk).break_softly().taken() + qp_value(one_line(value))
        data += writer.break_softly().taken()
    check_form(b"\r\n\r\n" + data + b"\r\n")
    message = parse(
        b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
        + data
    )
    payload = message.get_payload(decode=True)
    assert isinstance(payload, bytes)
    wanted = "".join(re.sub("\r\n|\r|\n", "\r\n", chunk) + one_line(value) for chunk in import_safe)
    assert payload.decode() == wanted


def test_long_and_empty_texts() -> None:
    rendered = mail(greeting="Ünïcödé 漢字 " * 40)
    data = compiled(rendered).build(Addressee(uuid.UUID(int=9), "a@b.example", "", "", ""), NOW)
    check_form(data)
    assert "Ünïcödé 漢字 " * 40 in parts(parse(data))[0].replace("\n", " ") or parts(parse(data))[0]


def test_a_link_that_cannot_be_counted_stays_itself() -> None:
    rendered = mail()
    link = rendered.links[0]
    plain = RenderedMail(
        rendered.subject,
        rendered.preheader,
        Stretches(('<a href="', '">write</a>'), (Marker("link", "1", "url"),)),
        rendered.text,
        (type(link)(1, "mailto:hello@partner.example", "write", "brand"),),
        rendered.locked_digest,
    )
    _text, html = parts(
        parse(compiled(plain).build(Addressee(uuid.UUID(int=9), "a@b.example", "", "", ""), NOW))
    )
    assert 'href="mailto:hello@partner.example"' in html


def test_international_addresses() -> None:
    assert wire_address("jörg@müller.example") == "jörg@xn--mller-kva.example"
    assert wire_address("info@müller.example") == "info@xn--mller-kva.example"
    assert (
        parse(build(email="info@müller.example"))["To"].addresses[0].addr_spec == "info@xn--mller-kva.example"
    )
    assert is_mailable("jörg@müller.example") and is_mailable("用户@例子.example")


@pytest.mark.parametrize(
    "address",
    [
        "a@b",
        "a b@c.example",
        "a@b.example\r\nBcc: c@d.example",
        "a@b.example, c@d.example",
        "<a@b.example>",
        "",
        "a@@b.example",
        "@b.example",
        "a@",
        ".a@b.example",
        "a..b@c.example",
        '"a"@b.example',
    ],
)
def test_addresses_that_nobody_may_smuggle(address: str) -> None:
    assert not is_mailable(address)


def test_sender_names_cannot_add_headers() -> None:
    data = compiled(name='Evil"\r\nBcc: all@example.com\r\n\r\nbody').build(
        Addressee(uuid.UUID(int=9), "a@b.example", "A", "", ""), NOW
    )
    message = parse(data)
    assert message["Bcc"] is None and message["From"].addresses[0].addr_spec == "no-reply@tmpa.example"
