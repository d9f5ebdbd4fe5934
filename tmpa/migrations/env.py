"""Alembic's entry: runs on the connection that `tmpa db` hands over."""

from typing import Any, Literal

from alembic import context
from sqlalchemy import JSON, Connection

from tmpa.kernel.base import UtcDateTime
from tmpa.models import Base

connection: Connection = context.config.attributes["connection"]


def _render(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Our own column types by their names."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "UtcDateTime()"
    if kind == "type" and isinstance(item, JSON):
        return "Json"
    return False


context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    compare_type=True,
    render_item=_render,
)
with context.begin_transaction():
    context.run_migrations()
