"""Fingerprints of measured pictures; an inspection says what it was compared with, by which engine, and for what key
its results hold again."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "fingerprint",
        sa.Column("version_id", sa.Uuid, primary_key=True),
        sa.Column("work_item_id", sa.Uuid, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("engine", sa.Text, nullable=False),
        sa.Column("sku", sa.Text, nullable=False),
        sa.Column("colorway", sa.Text, nullable=False),
        sa.Column("view", sa.Text, nullable=False),
        sa.Column("channel", sa.Text),
        sa.Column("pixels", sa.Text, nullable=False),
        sa.Column("phash", sa.BigInteger, nullable=False),
        sa.Column("content", JSONB, nullable=False),
        sa.Index("fingerprint_product", "sku", "colorway"),
        sa.Index("fingerprint_bytes", "sha256"),
    )
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON fingerprint"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    op.execute(
        "CREATE TRIGGER never_emptied BEFORE TRUNCATE ON fingerprint"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    op.add_column("inspection", sa.Column("engine", JSONB))
    op.add_column("inspection", sa.Column("compared_with", JSONB, nullable=False, server_default="[]"))
    op.add_column("inspection", sa.Column("key", sa.Text))
    op.add_column("inspection", sa.Column("measured_as", sa.Uuid))
    op.create_index("inspection_key", "inspection", ["key"])


def downgrade() -> None:
    op.drop_index("inspection_key", "inspection")
    for column in ("measured_as", "key", "compared_with", "engine"):
        op.drop_column("inspection", column)
    op.drop_table("fingerprint")
