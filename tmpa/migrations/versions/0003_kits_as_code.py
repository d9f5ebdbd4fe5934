"""Kits as code: drafts, translation memory, partners' pictures, several brands with several logos."""

import sqlalchemy as sa
from alembic import op

from tmpa.kernel.base import Json, UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ADDED = (
    ("brand_profiles", "logos", Json, "{}"),
    ("brand_profiles", "country", sa.String(length=2), ""),
    ("brand_profiles", "registration", Json, "{}"),
    ("campaigns", "before_move", Json, "{}"),
    ("kit_versions", "left_reason", sa.Text(), ""),
    ("partnerships", "certifications", Json, "[]"),
)


def upgrade() -> None:
    op.create_table(
        "pictures",
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("object_key", sa.String(length=300), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("partner_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["organizations.id"], name=op.f("fk_pictures_partner_id_organizations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pictures")),
        sa.UniqueConstraint("partner_id", "content_hash", name=op.f("uq_pictures_partner_id_content_hash")),
    )
    op.create_index(op.f("ix_pictures_partner_id"), "pictures", ["partner_id"])

    op.create_table(
        "translations",
        sa.Column("source_locale", sa.String(length=16), nullable=False),
        sa.Column("locale", sa.String(length=16), nullable=False),
        sa.Column("source_key", sa.String(length=64), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("forms", Json, nullable=False),
        sa.Column("origin", sa.String(length=8), nullable=False),
        sa.Column("kit_name", sa.String(length=60), nullable=False),
        sa.Column("reviewed_by", sa.Uuid(), nullable=True),
        sa.Column("updated_at", UtcDateTime(), nullable=True),
        sa.Column("vendor_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "origin IN ('kit','person','import','machine')", name=op.f("ck_translations_origin")
        ),
        sa.ForeignKeyConstraint(
            ["vendor_id"], ["organizations.id"], name=op.f("fk_translations_vendor_id_organizations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_translations")),
        sa.UniqueConstraint(
            "vendor_id",
            "source_locale",
            "locale",
            "source_key",
            name=op.f("uq_translations_vendor_id_source_locale_locale_source_key"),
        ),
    )
    op.create_index(op.f("ix_translations_vendor_id"), "translations", ["vendor_id"])

    op.create_table(
        "kit_drafts",
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("base_version_id", sa.Uuid(), nullable=True),
        sa.Column("object_key", sa.String(length=300), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("checked_hash", sa.String(length=64), nullable=False),
        sa.Column("findings", Json, nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("updated_at", UtcDateTime(), nullable=True),
        sa.Column("vendor_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["base_version_id"], ["kit_versions.id"], name=op.f("fk_kit_drafts_base_version_id_kit_versions")
        ),
        sa.ForeignKeyConstraint(
            ["vendor_id"], ["organizations.id"], name=op.f("fk_kit_drafts_vendor_id_organizations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kit_drafts")),
        sa.UniqueConstraint("vendor_id", "name", name=op.f("uq_kit_drafts_vendor_id_name")),
    )
    op.create_index(op.f("ix_kit_drafts_vendor_id"), "kit_drafts", ["vendor_id"])

    # plain ALTERs: a table that SQLite rebuilds would lose its triggers
    for table, name, kind, default in ADDED:
        op.add_column(table, sa.Column(name, kind, nullable=False, server_default=default))


def downgrade() -> None:
    for table, name, _kind, _default in reversed(ADDED):
        op.drop_column(table, name)
    op.drop_index(op.f("ix_kit_drafts_vendor_id"), table_name="kit_drafts")

    op.drop_table("kit_drafts")
    op.drop_index(op.f("ix_translations_vendor_id"), table_name="translations")

    op.drop_table("translations")
    op.drop_index(op.f("ix_pictures_partner_id"), table_name="pictures")

    op.drop_table("pictures")
