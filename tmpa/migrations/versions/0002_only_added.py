"""What never changes is refused by the database: kit content, evidence, ledger, audit."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# Only the words of a kit version's life may change; the content columns may not.
KIT_CONTENT = ("kit_id", "version", "content_hash", "manifest", "vendor_id")
FROZEN = ("evidence_leaves", "evidence_checkpoints", "ledger_entries", "ledger_lines", "audit_rows")


def _postgresql() -> None:
    op.execute(
        """
        CREATE FUNCTION tmpa_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'rows of % are only added', TG_TABLE_NAME; END $$
        """
    )
    for table in FROZEN:
        op.execute(
            f"CREATE TRIGGER {table}_frozen BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION tmpa_refuse()"
        )
    changed = " OR ".join(f"OLD.{column} IS DISTINCT FROM NEW.{column}" for column in KIT_CONTENT)
    op.execute(
        "CREATE TRIGGER kit_versions_frozen BEFORE UPDATE ON kit_versions FOR EACH ROW "
        f"WHEN ({changed}) EXECUTE FUNCTION tmpa_refuse()"
    )


def _sqlite() -> None:
    for table in FROZEN:
        for change in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_frozen_{change.lower()} BEFORE {change} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, 'rows of {table} are only added'); END"
            )
    changed = " OR ".join(f"OLD.{column} IS NOT NEW.{column}" for column in KIT_CONTENT)
    op.execute(
        f"CREATE TRIGGER kit_versions_frozen BEFORE UPDATE ON kit_versions WHEN {changed} "
        "BEGIN SELECT RAISE(ABORT, 'rows of kit_versions are only added'); END"
    )


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        _postgresql()
    else:
        _sqlite()


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION tmpa_refuse() CASCADE")
        return
    for table in FROZEN:
        for change in ("update", "delete"):
            op.execute(f"DROP TRIGGER {table}_frozen_{change}")
    op.execute("DROP TRIGGER kit_versions_frozen")
