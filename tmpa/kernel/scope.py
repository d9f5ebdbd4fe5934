"""Tenancy: whose rows a session may see and touch, enforced in this one place.

Every session carries a `Scope`. Every ORM SELECT, UPDATE and DELETE gets the criteria of each scoped class it
names, and every new or changed row is checked at flush. Rows out of scope don't exist for the caller.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar, Literal, TypeVar, cast

from sqlalchemy import ClauseElement, ColumnElement, ForeignKey, Table, Uuid, event, false, true
from sqlalchemy.orm import (
    Mapped,
    Mapper,
    ORMExecuteState,
    Session,
    UOWTransaction,
    declared_attr,
    mapped_column,
)
from sqlalchemy.orm.util import LoaderCriteriaOption
from sqlalchemy.sql import visitors
from sqlalchemy.sql.base import ExecutableOption

from tmpa.kernel.base import Base
from tmpa.kernel.errors import NotFound
from tmpa.kernel.ids import parse

Side = Literal["vendor", "partner", "operator", "system", "nobody"]


@dataclass(frozen=True, slots=True)
class Scope:
    """Who acts: a person for one organization on one side, or the system itself.

    `vendor_ids` are the vendors in whose programmes a partner takes part. A distributor acts on the partner side.
    """

    side: Side
    organization_id: uuid.UUID | None = None
    user_id: uuid.UUID | None = None
    vendor_ids: tuple[uuid.UUID, ...] = ()
    roles: frozenset[str] = frozenset()

    @classmethod
    def system(cls) -> "Scope":
        """Sees and touches every row: for workers, commands, sign-in and public addresses with signed tokens."""
        return cls("system")

    @classmethod
    def nobody(cls) -> "Scope":
        """Somebody not signed in: sees no row."""
        return cls("nobody")


class Scoped:
    """A mapped class whose rows belong to somebody."""

    @classmethod
    def readable(cls, scope: Scope) -> ColumnElement[bool]:
        """The rows that `scope` may see."""
        raise NotImplementedError

    @classmethod
    def writable(cls, scope: Scope) -> ColumnElement[bool]:
        """The rows that `scope` may change; by default those it may see."""
        return cls.readable(scope)

    def admits(self, scope: Scope) -> bool:
        """Whether `scope` may write this very row."""
        raise NotImplementedError


class VendorOwned(Scoped):
    """A vendor's row. Partners of its programme may read it where `partner_reads` says so."""

    partner_reads: ClassVar[bool] = True

    @declared_attr
    @classmethod
    def vendor_id(cls) -> Mapped[uuid.UUID]:
        return mapped_column(Uuid, ForeignKey("organizations.id"), index=True)

    @classmethod
    def readable(cls, scope: Scope) -> ColumnElement[bool]:
        if scope.side == "vendor":
            return cls.vendor_id == scope.organization_id
        if scope.side == "partner" and cls.partner_reads:
            return cls.vendor_id.in_(scope.vendor_ids)
        return false()

    @classmethod
    def writable(cls, scope: Scope) -> ColumnElement[bool]:
        return cls.vendor_id == scope.organization_id if scope.side == "vendor" else false()

    def admits(self, scope: Scope) -> bool:
        return scope.side == "vendor" and self.vendor_id == scope.organization_id


class PartnerOwned(Scoped):
    """A row of one partner in one vendor's programme: both sides see it."""

    @declared_attr
    @classmethod
    def vendor_id(cls) -> Mapped[uuid.UUID]:
        return mapped_column(Uuid, ForeignKey("organizations.id"), index=True)

    @declared_attr
    @classmethod
    def partner_id(cls) -> Mapped[uuid.UUID]:
        return mapped_column(Uuid, ForeignKey("organizations.id"), index=True)

    @classmethod
    def readable(cls, scope: Scope) -> ColumnElement[bool]:
        if scope.side == "vendor":
            return cls.vendor_id == scope.organization_id
        return cls.partner_id == scope.organization_id if scope.side == "partner" else false()

    def admits(self, scope: Scope) -> bool:
        if scope.side == "vendor":
            return self.vendor_id == scope.organization_id
        return (
            scope.side == "partner"
            and self.partner_id == scope.organization_id
            and self.vendor_id in scope.vendor_ids
        )


class PartnerPrivate(Scoped):
    """A row that is the partner's alone: no vendor sees it."""

    @declared_attr
    @classmethod
    def partner_id(cls) -> Mapped[uuid.UUID]:
        return mapped_column(Uuid, ForeignKey("organizations.id"), index=True)

    @classmethod
    def readable(cls, scope: Scope) -> ColumnElement[bool]:
        return cls.partner_id == scope.organization_id if scope.side == "partner" else false()

    def admits(self, scope: Scope) -> bool:
        return scope.side == "partner" and self.partner_id == scope.organization_id


class PartnerPrivateInProgramme(PartnerPrivate):
    """The partner's alone, though it belongs to one vendor's programme (recipients name people)."""

    @declared_attr
    @classmethod
    def vendor_id(cls) -> Mapped[uuid.UUID]:
        return mapped_column(Uuid, ForeignKey("organizations.id"), index=True)

    def admits(self, scope: Scope) -> bool:
        return super().admits(scope) and self.vendor_id in scope.vendor_ids


class OperatorOwned(Scoped):
    """The installation's own row: operators read it; any scope's change may add one."""

    @classmethod
    def readable(cls, scope: Scope) -> ColumnElement[bool]:
        return true() if scope.side == "operator" else false()

    def admits(self, scope: Scope) -> bool:
        return True


def session_scope(session: Session) -> Scope:
    """The scope that the session was opened with."""
    scope: Scope = session.info["scope"]
    return scope


@contextmanager
def lifted(session: Session) -> Iterator[None]:
    """Within: the session sees every row. For the few rules that must look across tenants (a fund's balance, a
    deal's conflicts); a test lists the places, each says why."""
    session.flush()
    scope = session_scope(session)
    session.info["scope"] = Scope.system()
    try:
        yield
        session.flush()
    finally:
        session.info["scope"] = scope


Row = TypeVar("Row", bound=Base)


def load(session: Session, model: type[Row], reference: str | uuid.UUID) -> Row:
    """The row that a public id or UUID names. Raises NotFound when it isn't there or out of scope."""
    try:
        key = parse(model.__prefix__, reference) if isinstance(reference, str) else reference
    except ValueError:
        raise NotFound from None
    row = session.query(model).filter(model.id == key).one_or_none()
    if row is None:
        raise NotFound
    return row


def _scoped_classes() -> list[type[Any]]:
    mappers: list[Mapper[Any]] = list(Base.registry.mappers)
    return [mapper.class_ for mapper in mappers if issubclass(mapper.class_, Scoped)]


class _Criteria(LoaderCriteriaOption):
    """Criteria of a class that also hold where an alias of it is joined.

    SQLAlchemy (2.1) adapts an expression to an alias in the WHERE clause, but not in the ON clause of a join; there
    the alias would go unfiltered. Its own remedy, a lambda, is cached by its code and would keep an old scope.
    """

    _traverse_internals = (
        LoaderCriteriaOption._traverse_internals
    )  # what the cache of compiled statements goes by

    def _resolve_where_criteria(self, ext_info: Any) -> ColumnElement[bool]:
        criteria = super()._resolve_where_criteria(ext_info)
        if not ext_info.is_aliased_class:
            return criteria
        adapted: ColumnElement[bool] = ext_info._adapter.traverse(criteria)
        return adapted


@lru_cache(maxsize=4096)
def _criteria(scope: Scope, write: bool) -> tuple[ExecutableOption, ...]:
    return tuple(
        _Criteria(cls, cls.writable(scope) if write else cls.readable(scope), include_aliases=True)
        for cls in _scoped_classes()
    )


class OutsideScope(RuntimeError):
    """A statement that the scope can't be added to. A bug in the caller, not a refusal."""


_OWNERS = {"vendor_id", "partner_id", "organization_id", "user_id"}


def _narrow(state: ORMExecuteState) -> None:
    scope = session_scope(state.session)
    if scope.side == "system" or state.is_column_load:
        return
    if state.is_relationship_load and any(isinstance(each, _Criteria) for each in state.user_defined_options):
        return  # handed on by the statement that loaded the parent; parents that were lifted hand on nothing
    if state.is_insert:
        raise OutsideScope("bulk inserts aren't checked row by row: they want the system's scope")
    if not state.is_orm_statement or state.is_from_statement:
        tables = {cls.__table__ for cls in _scoped_classes()}
        parts = visitors.iterate(cast(ClauseElement, state.statement))
        if state.is_from_statement or any(isinstance(part, Table) and part in tables for part in parts):
            raise OutsideScope("tables of tenants are reached through their mapped classes only")
        return
    if state.is_update:
        values: dict[Any, Any] = getattr(state.statement, "_values", None) or {}
        if _OWNERS & {getattr(key, "key", key) for key in values}:
            raise OutsideScope("a row doesn't change its owner")
    state.statement = state.statement.options(*_criteria(scope, not state.is_select))


def _check_writes(session: Session, _context: UOWTransaction, _instances: Any) -> None:
    scope = session_scope(session)
    if scope.side == "system":
        return
    for row in [*session.new, *session.dirty, *session.deleted]:
        if (
            isinstance(row, Scoped)
            and not row.admits(scope)
            and (row not in session.dirty or session.is_modified(row))
        ):
            raise NotFound(f"{type(row).__name__} is out of scope")


def guard(session_class: type[Session]) -> None:
    """Install the enforcement on a session class, once."""
    event.listen(
        Mapper, "after_configured", _criteria.cache_clear
    )  # classes that were mapped meanwhile count too
    event.listen(session_class, "do_orm_execute", _narrow)
    event.listen(session_class, "before_flush", _check_writes)
