"""The wire forms of texts: headers (RFC 5322, 2047), addresses (RFC 5321, 5891, 6531), quoted-printable (RFC 2045).

All functions take untrusted text. Control characters never survive, so no value can begin a header or a line.
"""

import base64
import re

import idna

_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_SPACES = re.compile(r"[ \t]+")
_PLAIN_WORDS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")  # RFC 5322 atoms and spaces
_ADDRESS = re.compile(
    r"[^\s\x00-\x20\x7f-\x9f\"(),:;<>@\[\]\\]{1,64}@[^\s\x00-\x20\x7f-\x9f\"(),:;<>@\[\]\\]{1,255}"
)
_SAFE_LINE = re.compile(r"(?![.F])[ -<>-~]{0,74}(?<! )")
_LINE = 75  # characters before the soft break's "=", RFC 2045 section 6.7 rule 5

_QP = [bytes([b]) if 32 <= b <= 126 and b != 61 else b"=%02X" % b for b in range(256)]


def one_line(text: str) -> str:
    """`text` with control characters and line ends as single spaces, trimmed."""
    return _SPACES.sub(" ", _CONTROLS.sub(" ", text)).strip()


def is_mailable(address: str) -> bool:
    """Whether an address can stand in an envelope and a header without quoting tricks."""
    if not _ADDRESS.fullmatch(address) or "\u2028" in address or "\u2029" in address:
        return False
    local, _, domain = address.rpartition("@")
    return ".." not in address and not local.startswith(".") and not local.endswith(".") and "." in domain


def wire_address(address: str) -> str:
    """The address as it goes over the wire: the domain in ASCII (A-labels) where IDNA 2008 has a form for it.

    The local part stays as it is: only SMTPUTF8 (RFC 6531) can carry a non-ASCII one.
    """
    local, _, domain = address.rpartition("@")
    if domain.isascii():
        return address
    try:
        return f"{local}@{idna.encode(domain, uts46=True).decode('ascii')}"
    except idna.IDNAError:
        return address


def header_text(text: str, column: int) -> bytes:
    """An unstructured header's value that begins at `column`, folded; encoded words only where ASCII can't do."""
    text = one_line(text)
    if text.isascii() and "=?" not in text:
        if len(text) + column <= 78:
            return text.encode()
        folded = _fold(text, column)
        if folded is not None:
            return folded
    return _encoded_words(text, column)


NAME_LENGTH = 120
"""Characters of a display name that anybody could still read."""


def phrase(text: str, column: int) -> bytes:
    """A display name (RFC 5322 phrase) that begins at `column`."""
    text = one_line(text)[:NAME_LENGTH].rstrip()
    if not text.isascii() or "=?" in text:
        return _encoded_words(text, column)
    if _PLAIN_WORDS.fullmatch(text):
        return text.encode()
    return b'"' + text.replace("\\", "\\\\").replace('"', '\\"').encode() + b'"'


def mailbox(name: str, address: str, column: int) -> bytes:
    """`Name <address>`, or the address alone; `address` is in wire form."""
    name = one_line(name)
    if not name:
        return address.encode()
    written, bracketed = phrase(name, column), b"<" + address.encode() + b">"
    fits = b"\n" not in written and column + len(written) + 1 + len(bracketed) <= 78
    return written + (b" " if fits else b"\r\n ") + bracketed


def _fold(text: str, column: int) -> bytes | None:
    """`text` broken at spaces into lines of 78 at most; None when a word is too long for that."""
    lines: list[str] = []
    line = ""
    for word in text.split(" "):
        room = 78 - (column if not lines else 1)
        if line and len(line) + 1 + len(word) > room:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
        if len(word) > 76:
            return None
    return "\r\n ".join([*lines, line]).encode()


def _encoded_words(text: str, column: int) -> bytes:
    """RFC 2047 words of 75 characters at most, none of which splits a character."""
    words: list[str] = []
    chunk = b""
    for character in text:
        encoded = character.encode()
        # 45 bytes give 60 letters and a word of 72; the first line is shorter by the header's name
        limit = 45 if words else max(12, (63 - column) // 4 * 3)
        if len(chunk) + len(encoded) > limit:
            words.append(_word(chunk))
            chunk = b""
        chunk += encoded
    if chunk:
        words.append(_word(chunk))
    return "\r\n ".join(words).encode()


def _word(chunk: bytes) -> str:
    return f"=?utf-8?b?{base64.b64encode(chunk).decode()}?="


def qp_value(text: str) -> bytes:
    """A value in quoted-printable that may stand alone on its lines: it begins at column 0 and ends before a soft
    break; no line begins with a dot or "From ", so that neither SMTP nor an mbox has to touch it."""
    if _SAFE_LINE.fullmatch(text):  # most names and every token
        return text.encode()
    return QpWriter().write(text).taken()


class QpWriter:
    """Writes text as quoted-printable and remembers the column, so that what follows can go on from there."""

    def __init__(self) -> None:
        self._done: list[bytes] = []
        self._line: list[bytes] = []
        self._column = 0

    def write(self, text: str) -> "QpWriter":
        """Append `text`; a line feed is a hard line end."""
        lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        for number, line in enumerate(lines):
            if number:
                self._end_line()
            for byte in line.encode(errors="replace"):
                self._put(_QP[byte])
        return self

    def break_softly(self) -> "QpWriter":
        """End the line invisibly: what comes next begins at column 0."""
        self._line.append(b"=\r\n")
        self._flush()
        return self

    def taken(self) -> bytes:
        """What was written since the last time."""
        self._flush(keep_column=True)
        data = b"".join(self._done)
        self._done.clear()
        return data

    def _put(self, piece: bytes) -> None:
        if self._column + len(piece) > _LINE:
            self.break_softly()
        if self._column == 0 and piece in (b".", b"F"):
            piece = b"=%02X" % piece[0]
        self._line.append(piece)
        self._column += len(piece)

    def _end_line(self) -> None:
        if self._line and self._line[-1] in (b" ", b"\t"):  # rule 3: no white space at a line's end
            last = b"=%02X" % self._line.pop()[0]
            if self._column + 2 > _LINE:
                self._line.append(b"=\r\n")
            self._line.append(last)
        self._line.append(b"\r\n")
        self._flush()

    def _flush(self, keep_column: bool = False) -> None:
        self._done.append(b"".join(self._line))
        self._line.clear()
        if not keep_column:
            self._column = 0
