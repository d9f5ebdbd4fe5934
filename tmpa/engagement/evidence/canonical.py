"""Canonical JSON (RFC 8785): one text for one value, so that its hash means the value."""

import json
from typing import Any

import rfc8785


class NotCanonical(Exception):
    """The bytes are not an object in canonical JSON."""


def canonical(value: Any) -> bytes:
    """RFC 8785 bytes. Raises rfc8785.CanonicalizationError for what JSON can't hold exactly."""
    return rfc8785.dumps(value)


def parse_canonical(data: bytes) -> dict[str, Any]:
    """A JSON object that is written in canonical form. Raises NotCanonical for any other bytes."""
    try:
        value = json.loads(data)
        exact = isinstance(value, dict) and canonical(value) == data
    except (ValueError, RecursionError, rfc8785.CanonicalizationError):
        exact = False
    if not exact:
        raise NotCanonical("not an object in canonical JSON")
    parsed: dict[str, Any] = value
    return parsed
