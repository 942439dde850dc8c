"""The read models."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_when = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "request",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("sku", sa.Text),
        sa.Column("category", sa.Text),
    )
    op.create_table(
        "request_return",
        sa.Column("request_id", sa.Uuid, primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True),
    )
    op.create_table(
        "work",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("category", sa.Text, nullable=False),
        sa.Column("track", sa.Text, nullable=False),
        sa.Column("channel", sa.Text),
        sa.Column("ai", sa.Boolean, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("risk", sa.Text, nullable=False),
        sa.Column("round", sa.Integer, nullable=False),
        sa.Column("due_at", _when),
        sa.Column("approved_at", _when),
        sa.Index("work_state", "state"),
    )
    op.create_table(
        "version",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("work_item_id", sa.Uuid, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("delivered_by", sa.Text, nullable=False),
    )
    op.create_table(
        "delivered_file",
        sa.Column("delivery_id", sa.Uuid, primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True),
        sa.Column("vendor", sa.Text, nullable=False),
        sa.Column("accepted", sa.Boolean, nullable=False),
    )
    op.create_table(
        "decision",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("work_item_id", sa.Uuid, nullable=False),
        sa.Column("gate", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("automatic", sa.Boolean, nullable=False),
    )
    op.create_table(
        "rejection_cause",
        sa.Column("decision_id", sa.Uuid, primary_key=True),
        sa.Column("facet", sa.Text, primary_key=True),
        sa.Column("cause", sa.Text, primary_key=True),
    )


def downgrade() -> None:
    for table in ("rejection_cause", "decision", "delivered_file", "version", "work", "request_return", "request"):
        op.drop_table(table)
