"""An SMTP server that misbehaves on purpose, line by line, and one with TLS and passwords."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import IO

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Script = Callable[[str], bytes | None]
"""What to answer to a line ("" greets, "." ends a message); None closes the connection."""


class HostileSmtp:
    """Answers each command by a script; counts connections and messages received whole."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.connections = 0
        self.messages: list[bytes] = []
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        """The address for TMPA_MAIL_URL."""
        return f"smtp://127.0.0.1:{self.port}"

    def _accept(self) -> None:
        while True:
            try:
                client, _address = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._talk, args=(client,), daemon=True).start()

    def _talk(self, client: socket.socket) -> None:
        with client, client.makefile("rb") as lines, suppress(OSError):
            if not self._say(client, ""):
                return
            for line in lines:
                command = line.decode("latin-1").strip()
                if not self._say(client, command.upper()):
                    return
                if command.upper() == "DATA" and self._script("DATA") == b"354 Go on\r\n":
                    content = self._content(lines)
                    if content is None:
                        return
                    self.messages.append(content)
                    if not self._say(client, "."):
                        return

    def _content(self, lines: IO[bytes]) -> bytes | None:
        content = b""
        for line in lines:
            if line == b".\r\n":
                return content
            content += line
            if self._script("BODY") is None:
                return None
        return None

    def _say(self, client: socket.socket, command: str) -> bool:
        answer = self._script(command)
        if answer is None:
            return False
        client.sendall(answer)
        return True

    def close(self) -> None:
        """Stop listening."""
        self._listener.close()


GOOD: dict[str, bytes | None] = {
    "": b"220 hostile.example\r\n",
    "EHLO": b"250 hostile.example\r\n",
    "MAIL": b"250 OK\r\n",
    "RCPT": b"250 OK\r\n",
    "DATA": b"354 Go on\r\n",
    "BODY": b"",
    ".": b"250 Taken\r\n",
    "RSET": b"250 OK\r\n",
    "QUIT": b"221 Bye\r\n",
}


@contextmanager
def hostile(**answers: bytes | None) -> Iterator[HostileSmtp]:
    """A server that behaves but for the named commands: greeting, ehlo, mail, rcpt, data, body, end."""
    names = {"greeting": "", "end": "."}
    table = {**GOOD, **{names.get(name, name.upper()): answer for name, answer in answers.items()}}

    def script(line: str) -> bytes | None:
        verb = line.split(" ")[0].split(":")[0] if line else ""
        return table.get(verb, b"502 What?\r\n")

    server = HostileSmtp(script)
    try:
        yield server
    finally:
        server.close()


def certificate(folder: Path) -> tuple[Path, Path]:
    """A self-signed certificate for 127.0.0.1 and localhost, and its key, as PEM files."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    hosts = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(hosts), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = (folder / "cert.pem", folder / "key.pem")
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return paths
