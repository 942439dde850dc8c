"""Rounds that amendments began: no rework."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "redone_round",
        sa.Column("work_item_id", sa.Uuid, primary_key=True),
        sa.Column("round", sa.Integer, primary_key=True),
    )


def downgrade() -> None:
    op.drop_table("redone_round")
