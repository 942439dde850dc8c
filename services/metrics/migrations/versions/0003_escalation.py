"""Escalations."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "escalation",
        sa.Column("work_item_id", sa.Uuid, primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True),
        sa.Column("rung", sa.Text, nullable=False),
        sa.Column("track", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("escalation")
