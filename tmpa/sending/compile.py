"""A rendered mail becomes constant byte stretches with holes, once per campaign piece and locale.

Per recipient only values are escaped, encoded and spliced in: building a MIME tree for each would cost a hundred
times as much (see docs/adr/020-mime-by-splicing.md). The result is a whole message with CRLF line ends, all ASCII but
for an international address, multipart/alternative of text and HTML in quoted-printable.
"""

import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from urllib.parse import urlsplit

from tmpa.kernel.signing import Signer
from tmpa.kernel.tracking_tokens import click_target, minter
from tmpa.kits.holes import Marker, Stretches, escape
from tmpa.kits.render import Link, RenderedMail, recipient_values
from tmpa.kits.words import full_name
from tmpa.sending.mime import QpWriter, header_text, mailbox, one_line, qp_value, wire_address

Mint = Callable[[uuid.UUID], str]


@dataclass(frozen=True, slots=True)
class Sender:
    """Who a campaign's mails come from.

    `address` is the platform's own (an address of a domain that isn't verified for us would be forged); the partner
    shows by `name`, and answers go to `reply_to`. `domain` names our Message-IDs and lists.
    """

    name: str
    address: str
    reply_to: str

    @property
    def domain(self) -> str:
        """The domain of the platform's address."""
        return self.address.rpartition("@")[2]


@dataclass(frozen=True, slots=True)
class Addressee:
    """One recipient as the splicing wants to know them."""

    recipient_id: uuid.UUID
    email: str
    first_name: str
    last_name: str
    company: str

    def name_in(self, locale: str) -> str:
        """The display name in the order of the mail's locale, possibly empty."""
        return one_line(full_name(locale, self.first_name, self.last_name))


def message_id(recipient_id: uuid.UUID, domain: str) -> str:
    """The Message-ID without brackets: the same at every attempt, so that a receiver could tell a repeat."""
    return f"{recipient_id.hex}@{domain}"


@dataclass(frozen=True, slots=True)
class CompiledMail:
    """`stretches` and `holes` alternate, beginning and ending with a stretch."""

    locale: str
    sender: Sender
    subject: Stretches
    stretches: tuple[bytes, ...]
    holes: tuple[str, ...]
    mints: dict[str, Mint]
    escapes: dict[str, tuple[str, Marker]]

    def build(self, to: Addressee, date: datetime) -> bytes:
        """The finished message for one recipient. The address must have passed `mime.is_mailable`."""
        texts = {
            key: one_line(value)
            for key, value in recipient_values(self.locale, to.first_name, to.company, to.last_name).items()
        }
        values: dict[str, bytes] = {
            "to": mailbox(to.name_in(self.locale), wire_address(to.email), 4),
            "message_id": message_id(to.recipient_id, self.sender.domain).encode(),
            "date": format_datetime(date).encode(),
            "subject": header_text(self.subject.fill(texts), 9),
        }
        for key, mint in self.mints.items():
            values[key] = mint(to.recipient_id).encode()
        for key, (name, marker) in self.escapes.items():
            values[key] = qp_value(escape(marker.context, texts.get(name, "")))
        pieces = [self.stretches[0]]
        for hole, stretch in zip(self.holes, self.stretches[1:], strict=True):
            pieces.append(values[hole])
            pieces.append(stretch)
        return b"".join(pieces)


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where tracked links, pixels and the unsubscribe page answer."""

    tracking_url: str
    portal_url: str


def compile_mail(
    mail: RenderedMail,
    locale: str,
    vendor_id: uuid.UUID,
    list_name: str,
    sender: Sender,
    where: Addresses,
    signer: Signer,
) -> CompiledMail:
    """Compile one rendered mail. `list_name` is the campaign's slug, for List-ID (RFC 2919)."""
    return _Compiler(mail, locale, vendor_id, sender, where, signer).compile(list_name)


class _Compiler:
    def __init__(
        self,
        mail: RenderedMail,
        locale: str,
        vendor_id: uuid.UUID,
        sender: Sender,
        where: Addresses,
        signer: Signer,
    ) -> None:
        self._mail, self._locale, self._sender = mail, locale, sender
        self._vendor_id, self._where, self._signer = vendor_id, where, signer
        self._links: dict[str, Link] = {str(link.number): link for link in mail.links}
        self._stretches: list[list[bytes]] = [[]]
        self._holes: list[str] = []
        self._mints: dict[str, Mint] = {}
        self._escapes: dict[str, tuple[str, Marker]] = {}

    def compile(self, list_name: str) -> CompiledMail:
        # "=_" never stands in quoted-printable, so the boundary can't occur in a part (RFC 2045 section 6.7)
        boundary = f"=_{secrets.token_hex(12)}".encode()
        self._headers(list_name, boundary)
        for kind, body in ((b"plain", self._mail.text), (b"html", self._mail.html)):
            self._bytes(b"--" + boundary + b"\r\nContent-Type: text/" + kind + b"; charset=utf-8\r\n")
            self._bytes(b"Content-Transfer-Encoding: quoted-printable\r\n\r\n")
            self._body(body)
            self._bytes(b"\r\n")
        self._bytes(b"--" + boundary + b"--\r\n")
        return CompiledMail(
            locale=self._locale,
            sender=self._sender,
            subject=self._mail.subject,
            stretches=tuple(b"".join(stretch) for stretch in self._stretches),
            holes=tuple(self._holes),
            mints=self._mints,
            escapes=self._escapes,
        )

    def _headers(self, list_name: str, boundary: bytes) -> None:
        sender = self._sender
        self._bytes(b"From: " + mailbox(sender.name, wire_address(sender.address), 6) + b"\r\nTo: ")
        self._hole("to")
        self._bytes(b"\r\nSubject: ")
        self._hole("subject")
        self._bytes(b"\r\nDate: ")
        self._hole("date")
        self._bytes(b"\r\nMessage-ID: <")
        self._hole("message_id")
        if sender.reply_to:
            self._bytes(b">\r\nReply-To: " + mailbox(sender.name, wire_address(sender.reply_to), 10))
        else:
            self._bytes(b">")
        self._bytes(f"\r\nList-ID: <{list_name}.{sender.domain}>".encode())
        self._bytes(f"\r\nList-Unsubscribe: <{self._where.portal_url}/u/".encode())
        self._token("unsubscribe", self._mint("unsubscribe"))
        self._bytes(b">\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click")
        self._bytes(f"\r\nContent-Language: {one_line(self._locale)}".encode())
        self._bytes(b"\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative;\r\n boundary=" + b'"')
        self._bytes(boundary + b'"\r\n\r\n')

    def _body(self, body: Stretches) -> None:
        writer = QpWriter().write(body.parts[0])
        for marker, part in zip(body.holes, body.parts[1:], strict=True):
            self._marker(writer, marker)
            writer.write(part)
        self._bytes(writer.taken())

    def _marker(self, writer: QpWriter, marker: Marker) -> None:
        match marker.kind:
            case "recipient":
                name = f"{marker.key}|{marker.context}"
                self._escapes[name] = (marker.key, marker)
                self._in_body(writer, name)
            case "link":
                self._link(writer, self._links[marker.name], marker)
            case "pixel":
                writer.write(_fragment(marker, f"{self._where.tracking_url}/o/"))
                self._in_body(writer, "pixel", self._mint("open"))
                writer.write(".gif")
            case "unsubscribe":
                writer.write(_fragment(marker, f"{self._where.portal_url}/u/"))
                self._in_body(writer, "unsubscribe", self._mint("unsubscribe"))

    def _link(self, writer: QpWriter, link: Link, marker: Marker) -> None:
        if urlsplit(link.url).scheme not in ("http", "https"):  # mailto: and tel: can't be counted
            writer.write(escape(marker.context, link.url))
            return
        writer.write(_fragment(marker, f"{self._where.tracking_url}/c/"))
        self._in_body(writer, f"link.{link.number}", self._mint("click", link))
        writer.write(_fragment(marker, click_target(link.url)))

    def _mint(self, kind: str, link: Link | None = None) -> Mint:
        match kind:
            case "click" if link is not None:
                return minter(self._signer, "click", self._vendor_id, link.number, link.url)
            case "open":
                return minter(self._signer, "open", self._vendor_id)
            case _:
                return minter(self._signer, "unsubscribe", self._vendor_id)

    def _in_body(self, writer: QpWriter, key: str, mint: Mint | None = None) -> None:
        # The value gets lines of its own: whatever its length, no line grows too long.
        self._bytes(writer.break_softly().taken())
        if mint is not None:
            self._token(key, mint)
        else:
            self._hole(key)
        self._bytes(writer.break_softly().taken())

    def _token(self, key: str, mint: Mint) -> None:
        self._mints[key] = mint
        self._hole(key)

    def _hole(self, key: str) -> None:
        self._holes.append(key)
        self._stretches.append([])

    def _bytes(self, constant: bytes) -> None:
        self._stretches[-1].append(constant)


def _fragment(marker: Marker, text: str) -> str:
    """A part of one of our own addresses; `escape` wants whole ones where an address stands."""
    return text if marker.context == "plain" else escape("attribute", text)
