"""A vendor's signing key: made on first use, kept encrypted with a key that only this installation can derive."""

import os
import uuid

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import select
from sqlalchemy.orm import Session

from tmpa.engagement.evidence.checkpoint import VerifierKey
from tmpa.engagement.models import EvidenceKey
from tmpa.kernel.ids import public
from tmpa.kernel.signing import Signer

PURPOSE = "evidence-key"
_NONCE_BYTES = 12


class KeyUnreadable(Exception):
    """The private key was encrypted with a secret that is no longer among TMPA_SECRET_KEYS."""


def key_name(vendor_id: uuid.UUID) -> str:
    """The name of a vendor's key and log: unique, in the form of an address without scheme, as C2SP recommends."""
    return f"tmpa/evidence/{public('org', vendor_id)}"


def current_key(
    session: Session, signer: Signer, vendor_id: uuid.UUID
) -> tuple[EvidenceKey, Ed25519PrivateKey]:
    """The vendor's key in use with its private part. The caller holds the vendor's evidence lock.

    Raises KeyUnreadable.
    """
    row = session.scalars(
        select(EvidenceKey).where(EvidenceKey.vendor_id == vendor_id, EvidenceKey.retired_at.is_(None))
    ).one_or_none()
    if row is None:
        private = Ed25519PrivateKey.generate()
        row = EvidenceKey(
            vendor_id=vendor_id,
            name=key_name(vendor_id),
            public_key=private.public_key().public_bytes_raw(),
            private_key=_encrypt(signer, vendor_id, private.private_bytes_raw()),
        )
        session.add(row)
        session.flush()
        return row, private
    return row, Ed25519PrivateKey.from_private_bytes(_decrypt(signer, vendor_id, row.private_key))


def verifier_key(row: EvidenceKey) -> VerifierKey:
    """The public key as others are given it."""
    return VerifierKey(row.name, row.public_key)


def _encrypt(signer: Signer, vendor_id: uuid.UUID, private: bytes) -> bytes:
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + AESGCM(signer.key(PURPOSE)).encrypt(nonce, private, vendor_id.bytes)


def _decrypt(signer: Signer, vendor_id: uuid.UUID, sealed: bytes) -> bytes:
    for key in signer.keys(PURPOSE):
        try:
            return AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], vendor_id.bytes)
        except InvalidTag:
            continue
    raise KeyUnreadable(f"the evidence key of vendor {vendor_id}")
