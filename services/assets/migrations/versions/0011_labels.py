"""Labels: what is on record of AI's part in a version, its manifest, and what has been rendered already."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.add_column("work_item", sa.Column("ai", sa.Boolean))
    op.add_column("version", sa.Column("digital_source_type", sa.Text))
    op.add_column("version", sa.Column("c2pa_manifest", sa.Text))
    op.add_column("delivered_file", sa.Column("digital_source_type", sa.Text))
    op.create_table(
        "rendition",
        sa.Column("question", sa.Text, primary_key=True),
        sa.Column("master_id", sa.Uuid, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("channel_pack", sa.Integer, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("media_type", sa.Text, nullable=False),
        sa.Column("location", sa.Text, nullable=False),
        sa.Column("c2pa_manifest", sa.Text),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Index("rendition_sha256", "sha256"),
    )


def downgrade() -> None:
    op.drop_table("rendition")
    op.drop_column("delivered_file", "digital_source_type")
    op.drop_column("version", "c2pa_manifest")
    op.drop_column("version", "digital_source_type")
    op.drop_column("work_item", "ai")
