"""Signed, expiring tokens; keys rotate: the first secret signs, all verify."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Sequence
from typing import Any

MAC_BYTES = 16


class BadToken(Exception):
    """Forged, damaged, of another purpose, or expired (`expired` tells)."""

    def __init__(self, expired: bool = False) -> None:
        super().__init__("expired token" if expired else "bad token")
        self.expired = expired


def b64(data: bytes) -> str:
    """URL-safe base64 without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    """The inverse of `b64`. Raises BadToken for anything that `b64` would not have written."""
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raise BadToken from None
    if b64(data) != text:
        raise BadToken
    return data


class Signer:
    """HMAC-SHA-256 over a purpose and a payload, with one derived key per secret and purpose."""

    def __init__(self, secrets: Sequence[str]) -> None:
        self._secrets = [secret.encode() for secret in secrets]
        self._keys: dict[str, list[bytes]] = {}

    def _derived(self, purpose: str) -> list[bytes]:
        if purpose not in self._keys:
            self._keys[purpose] = [
                hmac.digest(s, b"tmpa:" + purpose.encode(), "sha256") for s in self._secrets
            ]
        return self._keys[purpose]

    def key(self, purpose: str) -> bytes:
        """32 bytes derived from the newest secret, for a library that wants a key of its own."""
        return self._derived(purpose)[0]

    def keys(self, purpose: str) -> tuple[bytes, ...]:
        """The keys of `key` from every secret still in use, newest first: what was encrypted may be with any."""
        return tuple(self._derived(purpose))

    def mac(self, purpose: str, data: bytes) -> bytes:
        """16 bytes that only we could have made for `data`."""
        return hmac.digest(self._derived(purpose)[0], data, "sha256")[:MAC_BYTES]

    def mac_holds(self, purpose: str, data: bytes, mac: bytes) -> bool:
        """Whether `mac` was made for `data` with any secret still in use; takes constant time per secret."""
        return any(
            hmac.compare_digest(hmac.digest(key, data, "sha256")[:MAC_BYTES], mac)
            for key in self._derived(purpose)
        )

    def sign(self, purpose: str, payload: dict[str, Any], max_age_seconds: int) -> str:
        """A token holding `payload` (readable, not secret), good for `max_age_seconds`."""
        body = json.dumps(
            {"e": int(time.time()) + max_age_seconds, "p": payload}, separators=(",", ":")
        ).encode()
        return f"{b64(body)}.{b64(self.mac(purpose, body))}"

    def verify(self, purpose: str, token: str) -> dict[str, Any]:
        """The payload of a token. Raises BadToken."""
        body_text, _, mac_text = token.partition(".")
        body = unb64(body_text)
        if not self.mac_holds(purpose, body, unb64(mac_text)):
            raise BadToken
        content = json.loads(body)
        if content["e"] < time.time():
            raise BadToken(expired=True)
        payload: dict[str, Any] = content["p"]
        return payload


def fingerprint(data: bytes) -> str:
    """SHA-256 in hexadecimal: the name of content."""
    return hashlib.sha256(data).hexdigest()
