"""Requests."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

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
        sa.Column("brief", JSONB, nullable=False),
        sa.Column("problems", JSONB, nullable=False),
        sa.Column("accepted", JSONB),
        sa.Column("ai_ruling", JSONB),
        sa.Column("requested_by", sa.Text, nullable=False),
        sa.Column("received_at", _when, nullable=False),
        sa.Column("updated_at", _when, nullable=False),
        sa.Column("cancelled_at", _when),
        sa.Column("cancel_cause", sa.Text),
    )
    # Lists are filtered by these and read newest first.
    op.create_index("request_state", "request", ["state", "id"])
    op.create_index("request_sku", "request", ["sku", "id"])
    op.create_index("request_category", "request", ["category", "id"])


def downgrade() -> None:
    op.drop_table("request")
