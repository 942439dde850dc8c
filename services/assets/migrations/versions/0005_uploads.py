"""Resumable uploads, and the pieces that have come of each."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0005"
down_revision = "0004"

_when = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "upload",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.Column("work_item_id", sa.Uuid, nullable=False),
        sa.Column("round", sa.Integer, nullable=False),
        sa.Column("filename", sa.Text, nullable=False),
        sa.Column("sha256", sa.Text),
        sa.Column("metadata", sa.Text, nullable=False),
        sa.Column("length", sa.BigInteger, nullable=False),
        sa.Column("received", sa.BigInteger, nullable=False),
        sa.Column("pieces", sa.Integer, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("writer", sa.Uuid),
        sa.Column("writer_until", _when),
        sa.Column("version_id", sa.Uuid),
        sa.Column("problem", JSONB),
        sa.Column("created_at", _when, nullable=False),
        sa.Column("expires_at", _when, nullable=False),
        sa.Index("upload_of_caller", "created_by", "id"),
    )
    op.create_table(
        "upload_piece",
        sa.Column("upload_id", sa.Uuid, primary_key=True),
        sa.Column("start", sa.BigInteger, primary_key=True),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("location", sa.Text, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("upload_piece")
    op.drop_table("upload")
