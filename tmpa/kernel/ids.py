"""Public ids: sortable by time, not guessable (UUIDv7, RFC 9562), shown as `prefix_` and 26 base32 letters."""

import secrets
import time
import uuid

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford: no i, l, o, u
_VALUES = {letter: value for value, letter in enumerate(_ALPHABET)}


def new_id() -> uuid.UUID:
    """A fresh UUIDv7: 48 bits of milliseconds, 74 random bits."""
    milliseconds = time.time_ns() // 1_000_000
    value = milliseconds << 80 | 0x7 << 76 | secrets.randbits(12) << 64 | 0b10 << 62 | secrets.randbits(62)
    return uuid.UUID(int=value)


def public(prefix: str, value: uuid.UUID) -> str:
    """The id as people and addresses see it, such as `cmp_01k2…`."""
    number, letters = value.int, []
    for _ in range(26):
        letters.append(_ALPHABET[number & 31])
        number >>= 5
    return f"{prefix}_{''.join(reversed(letters))}"


def parse(prefix: str, text: str) -> uuid.UUID:
    """The inverse of `public`. Raises ValueError for anything else, other prefixes included."""
    head, _, body = text.rpartition("_")
    if head != prefix or len(body) != 26 or not set(body) <= _VALUES.keys():
        raise ValueError(f"not a {prefix} id: {text[:60]!r}")
    number = 0
    for letter in body:
        number = number << 5 | _VALUES[letter]
    if number >> 128:
        raise ValueError(f"not a {prefix} id: {text[:60]!r}")
    return uuid.UUID(int=number)
