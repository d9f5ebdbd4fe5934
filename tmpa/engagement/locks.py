"""Locks that last to the end of the transaction, by name."""

import hashlib

from sqlalchemy import func, select
from sqlalchemy.orm import Session

RECORDING = "engagement.recording"
"""Held while events are stored, revised or sealed: a verdict and its rollup change together or not at all."""


def lock(session: Session, name: str) -> None:
    """Wait until nobody else holds `name`, then hold it until the transaction ends.

    On SQLite a writing transaction is alone from its beginning: there is nothing to do.
    """
    if session.get_bind().dialect.name == "postgresql":
        number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
        session.execute(select(func.pg_advisory_xact_lock(number)))
