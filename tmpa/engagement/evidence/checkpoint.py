"""Checkpoints as signed notes: C2SP signed-note and tlog-checkpoint, Ed25519, so that others' tools can verify them.

A note is a text that ends in a newline, an empty line, and signature lines `— <key name> <base64>` whose base64 is
the key id (4 bytes) and the signature of the text. The key id is the beginning of
SHA-256(name || 0x0A || 0x01 || public key); a verifier key is written `<name>+<key id in hex>+<base64(0x01 || key)>`.
"""

import base64
import binascii
import re
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519 = b"\x01"
_SIGNATURE = re.compile("— ([^ ]+) ([A-Za-z0-9+/=]+)\n")
_BODY = re.compile("([^\n]+)\n(0|[1-9][0-9]{0,18})\n([A-Za-z0-9+/=]+)\n")
MAX_SIGNATURES = 100


class BadNote(Exception):
    """The note or key is malformed, or its signature doesn't hold; the text says what."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A tree head: `origin` names the log."""

    origin: str
    size: int
    root: bytes


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key with its name."""

    name: str
    public_key: bytes

    @property
    def key_id(self) -> bytes:
        """Four bytes that, with the name, tell which key signed."""
        return sha256(self.name.encode() + b"\n" + ED25519 + self.public_key).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{base64.b64encode(ED25519 + self.public_key).decode()}"

    @classmethod
    def parse(cls, text: str) -> "VerifierKey":
        """The inverse of `str`. Raises BadNote for any other text, of a wrong key id also."""
        name, _plus, rest = text.partition("+")
        _key_id, _plus, encoded = rest.partition("+")
        data = _unbase64(encoded)
        if len(data) != 33 or data[:1] != ED25519 or not is_key_name(name):
            raise BadNote("the key is not an Ed25519 verifier key")
        key = cls(name, data[1:])
        if str(key) != text:
            raise BadNote("the key's id is not that of its name and bytes")
        return key


def is_key_name(name: str) -> bool:
    """Whether a text may name a key: not empty, no plus, no space of any kind."""
    return bool(name) and "+" not in name and not any(c.isspace() or c < " " for c in name)


def sign(text: str, name: str, private_key: Ed25519PrivateKey) -> str:
    """The signed note of a text that ends in a newline."""
    if not text.endswith("\n") or any(c < " " and c != "\n" for c in text) or not is_key_name(name):
        raise ValueError("a note's text ends in a newline and holds no control characters")
    public = private_key.public_key().public_bytes_raw()
    signature = VerifierKey(name, public).key_id + private_key.sign(text.encode())
    return f"{text}\n— {name} {base64.b64encode(signature).decode()}\n"


def open_note(note: str, key: VerifierKey) -> str:
    """The note's text, once `key`'s signature is found and holds; signatures of unknown keys are passed over.

    Raises BadNote.
    """
    text, signatures = split_note(note)
    for name, data in signatures:
        if name == key.name and data[:4] == key.key_id:
            try:
                Ed25519PublicKey.from_public_bytes(key.public_key).verify(data[4:], text.encode())
            except InvalidSignature:
                raise BadNote("the signature does not hold") from None
            return text
    raise BadNote(f"there is no signature by {key}")


def split_note(note: str) -> tuple[str, list[tuple[str, bytes]]]:
    """A note's text and its signatures as (key name, key id and signature). Raises BadNote when malformed."""
    head, gap, tail = note.rpartition("\n\n")
    if not gap or not head or any(c < " " and c != "\n" for c in note):
        raise BadNote("this is not a signed note")
    signatures: list[tuple[str, bytes]] = []
    at = 0
    while at < len(tail):
        line = _SIGNATURE.match(tail, at)
        if line is None or len(signatures) == MAX_SIGNATURES or not is_key_name(line[1]):
            raise BadNote("a signature line is malformed")
        data = _unbase64(line[2])
        if len(data) < 5:
            raise BadNote("a signature is too short")
        signatures.append((line[1], data))
        at = line.end()
    if not signatures:
        raise BadNote("the note has no signature")
    return f"{head}\n", signatures


def checkpoint_text(checkpoint: Checkpoint) -> str:
    """The three lines of a checkpoint's body."""
    return f"{checkpoint.origin}\n{checkpoint.size}\n{base64.b64encode(checkpoint.root).decode()}\n"


def parse_checkpoint(text: str) -> Checkpoint:
    """The inverse of `checkpoint_text`; extension lines are not allowed. Raises BadNote."""
    match = _BODY.fullmatch(text)
    if match is None:
        raise BadNote("the note is not a checkpoint")
    root = _unbase64(match[3])
    if len(root) != 32:
        raise BadNote("the root is not a SHA-256 hash")
    return Checkpoint(match[1], int(match[2]), root)


def _unbase64(text: str) -> bytes:
    """Standard base64, only as an encoder would have written it. Raises BadNote."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise BadNote("this is not base64") from None
    if base64.b64encode(data).decode() != text:
        raise BadNote("the base64 has stray bits")
    return data
