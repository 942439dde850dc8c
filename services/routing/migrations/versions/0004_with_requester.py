"""Requests that are with their requester, and what blocked work waits for."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("request", sa.Column("with_requester", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("request", sa.Column("clarification_version", sa.Integer, nullable=False, server_default="0"))
    op.add_column("request", sa.Column("returned_at", sa.DateTime(timezone=True)))
    op.add_column("request", sa.Column("returned_cause", sa.Text))
    op.add_column("work_item", sa.Column("blocked_for", ARRAY(sa.Text), nullable=False, server_default="{}"))
    op.execute("UPDATE work_item SET blocked_for = '{person}' WHERE state = 'blocked'")
    op.alter_column("work_item", "blocked_for", server_default=None)


def downgrade() -> None:
    op.drop_column("work_item", "blocked_for")
    for name in ("with_requester", "clarification_version", "returned_at", "returned_cause"):
        op.drop_column("request", name)
