"""The kernel's tables: jobs (the outbox), schedule slots, audit rows."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ColumnElement, Index, String, Text, UniqueConstraint, false, true
from sqlalchemy.orm import Mapped, mapped_column

from tmpa.kernel.base import Base
from tmpa.kernel.scope import OperatorOwned, Scope, Scoped

JOB_STATES = ("pending", "dispatched", "running", "done", "dead")


class Job(OperatorOwned, Base):
    """Work that commits with the change that caused it; the relay hands it to RQ, a worker runs it.

    pending → dispatched → running → done; a failure goes back to pending with a later `not_before`, and to dead
    after `max_attempts`. A lease that ran out (worker killed, Redis lost) goes back to pending too.
    """

    __tablename__ = "jobs"
    __prefix__ = "job"
    __table_args__ = (
        CheckConstraint("state IN ('pending','dispatched','running','done','dead')", name="state"),
        Index("ix_jobs_due", "state", "not_before"),
    )

    name: Mapped[str] = mapped_column(String(100))
    args: Mapped[dict[str, Any]]
    queue: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(12), default="pending")
    not_before: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    max_attempts: Mapped[int] = mapped_column(default=6)
    lease_until: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    error: Mapped[str | None] = mapped_column(Text)


class ScheduleSlot(OperatorOwned, Base):
    """One tick of one scheduled job: the unique name and slot make two schedulers safe."""

    __tablename__ = "schedule_slots"
    __prefix__ = "slot"
    __table_args__ = (UniqueConstraint("name", "slot"),)

    name: Mapped[str] = mapped_column(String(100))
    slot: Mapped[datetime]


class AuditRow(Scoped, Base):
    """Who did what to what, when and why. Only ever added."""

    __tablename__ = "audit_rows"
    __prefix__ = "aud"
    __table_args__ = (Index("ix_audit_rows_thing", "thing_id", "created_at"),)

    organization_id: Mapped[uuid.UUID | None] = mapped_column(index=True)
    user_id: Mapped[uuid.UUID | None]
    action: Mapped[str] = mapped_column(String(80))
    thing_kind: Mapped[str] = mapped_column(String(40))
    thing_id: Mapped[uuid.UUID]
    reason: Mapped[str] = mapped_column(Text, default="")
    changes: Mapped[dict[str, Any]]

    @classmethod
    def readable(cls, scope: Scope) -> ColumnElement[bool]:
        if scope.side == "operator":
            return true()
        # rows without an organization are the system's: nobody's NULL must not equal theirs
        return false() if scope.organization_id is None else cls.organization_id == scope.organization_id

    @classmethod
    def writable(cls, scope: Scope) -> ColumnElement[bool]:
        return false()

    def admits(self, scope: Scope) -> bool:
        return self.organization_id == scope.organization_id
