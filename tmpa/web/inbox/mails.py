"""Reads the inbox folder (a Maildir)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from itertools import islice
from pathlib import Path

from tmpa.kernel.errors import NotFound

_KEY = re.compile(r"[0-9]+\.[0-9]+\.[A-Za-z0-9._-]{1,200}")
HEADERS_AT_MOST = 32_768  # bytes read for a line of the list


@dataclass(frozen=True, slots=True)
class Line:
    """One mail in the list."""

    key: str
    arrived: datetime
    sender: str
    recipient: str
    subject: str


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail, opened."""

    line: Line
    headers: tuple[tuple[str, str], ...]
    text: str
    html: str
    source: str


def newest(folder: Path, search: str, first: int, count: int) -> tuple[list[Line], bool]:
    """`count` mails from the `first`-th newest on whose recipient, sender or subject contains `search`; whether more
    follow."""
    wanted = search.strip().casefold()
    lines = (
        line
        for line in _lines(folder)
        if not wanted or wanted in f"{line.recipient}\n{line.sender}\n{line.subject}".casefold()
    )
    found = list(islice(lines, first, first + count + 1))
    return found[:count], len(found) > count


def _lines(folder: Path) -> Iterator[Line]:
    paths = [
        path for part in ("new", "cur") if (folder / part).is_dir() for path in (folder / part).iterdir()
    ]
    for path in sorted(paths, key=lambda path: path.name, reverse=True):
        if _KEY.fullmatch(path.name):
            with path.open("rb") as mail:
                yield _line(path.name, mail.read(HEADERS_AT_MOST))


def _line(key: str, head: bytes) -> Line:
    message = BytesHeaderParser(policy=policy.default).parsebytes(head)
    return Line(
        key,
        datetime.fromtimestamp(float(".".join(key.split(".")[:2])), UTC),
        str(message.get("From", "")),
        str(message.get("Delivered-To", "") or message.get("To", "")),
        str(message.get("Subject", "")),
    )


def delete_all(folder: Path) -> int:
    """Empty the inbox; how many mails that were."""
    paths = [
        path for part in ("new", "cur") if (folder / part).is_dir() for path in (folder / part).iterdir()
    ]
    for path in paths:
        path.unlink(missing_ok=True)
    return len(paths)


def opened(folder: Path, key: str) -> Mail:
    """The mail with this key. Raises NotFound."""
    if not _KEY.fullmatch(key):
        raise NotFound
    paths = [folder / part / key for part in ("new", "cur")]
    content = next((path.read_bytes() for path in paths if path.is_file()), None)
    if content is None:
        raise NotFound
    message = message_from_bytes(content, policy=policy.default)
    return Mail(
        _line(key, content[:HEADERS_AT_MOST]),
        tuple((name, str(value)) for name, value in message.items()),
        _body(message, "plain"),
        _body(message, "html"),
        content.decode("utf-8", errors="replace"),
    )


def _body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    if part is None:
        return ""
    try:
        return str(part.get_content())
    except (LookupError, UnicodeDecodeError):  # an unknown or wrong charset: show what can be shown
        payload = part.get_payload(decode=True)
        return payload.decode("utf-8", errors="replace") if isinstance(payload, bytes) else ""
