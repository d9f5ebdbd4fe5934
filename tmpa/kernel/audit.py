"""The audit trail: every state change leaves a row."""

from typing import Any

from sqlalchemy.orm import Session

from tmpa.kernel.base import Base
from tmpa.kernel.models import AuditRow
from tmpa.kernel.scope import session_scope


def record(session: Session, action: str, thing: Base, reason: str = "", **changes: Any) -> None:
    """Note that the session's actor did `action` (such as "claim.approved") to `thing`; values must be JSON."""
    scope = session_scope(session)
    if thing.id is None:  # given at flush
        session.flush()
    session.add(
        AuditRow(
            organization_id=scope.organization_id,
            user_id=scope.user_id,
            action=action,
            thing_kind=type(thing).__name__,
            thing_id=thing.id,
            reason=reason,
            changes=changes,
        )
    )
