"""Amendments: what requests say now, which gates work has passed, quotes and their lines."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0008"
down_revision = "0007"

_when = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "request_content",
        sa.Column("request_id", sa.Uuid, primary_key=True),
        sa.Column("content", JSONB, nullable=False),
    )
    op.create_table(
        "passed_gate",
        sa.Column("work_item_id", sa.Uuid, primary_key=True),
        sa.Column("round", sa.Integer, primary_key=True),
        sa.Column("gate", sa.Text, primary_key=True),
    )
    op.create_table(
        "amendment",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("request_id", sa.Uuid, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("content", JSONB),
        sa.Column("keep_begun_work", sa.Boolean, nullable=False),
        sa.Column("cause", sa.Text, nullable=False),
        sa.Column("quote", JSONB),
        sa.Column("reason", sa.Text),
        sa.Column("updated_at", _when, nullable=False),
    )
    op.create_table(
        "quote_line",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("amendment_id", sa.Uuid, sa.ForeignKey("amendment.id"), nullable=False),
        sa.Column("line", JSONB, nullable=False),
        sa.Index("quote_line_amendment", "amendment_id", "id"),
    )
    # What an amendment stopped keeps its row and its history; a later one may ask for the same slot again.
    op.drop_constraint("work_item_slot", "work_item", type_="unique")
    op.execute(
        "CREATE UNIQUE INDEX work_item_slot ON work_item (request_id, colorway, view, channel)"
        " NULLS NOT DISTINCT WHERE state <> 'cancelled'"
    )


def downgrade() -> None:
    op.execute("DROP INDEX work_item_slot")
    op.create_unique_constraint(
        "work_item_slot",
        "work_item",
        ["request_id", "colorway", "view", "channel"],
        postgresql_nulls_not_distinct=True,
    )
    for table in ("quote_line", "amendment", "passed_gate", "request_content"):
        op.drop_table(table)
