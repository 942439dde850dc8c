"""Amendments; and which version a return gave its request, for an amendment may raise it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0005"
down_revision = "0004"

_when = sa.DateTime(timezone=True)


def upgrade() -> None:
    # Until now nothing but an end of the wait gave a returned request another version.
    op.add_column("request", sa.Column("returned_version", sa.Integer))
    op.execute("UPDATE request SET returned_version = version WHERE state = 'returned'")
    op.create_table(
        "amendment",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("request_id", sa.Uuid, sa.ForeignKey("request.id"), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("brief", JSONB),
        sa.Column("content", JSONB),
        sa.Column("ai_ruling", JSONB),
        sa.Column("changed", ARRAY(sa.Text), nullable=False),
        sa.Column("keep_begun_work", sa.Boolean, nullable=False),
        sa.Column("cause", sa.Text, nullable=False),
        sa.Column("quote", JSONB),
        sa.Column("reason", sa.Text),
        sa.Column("proposed_by", sa.Text, nullable=False),
        sa.Column("proposed_at", _when, nullable=False),
        sa.Column("updated_at", _when, nullable=False),
        sa.Column("expires_at", _when),
        sa.Column("accepted_by", sa.Text),
        sa.Column("accepted_at", _when),
        sa.Column("closed_by", sa.Text),
        sa.Column("closed_cause", sa.Text),
        sa.Index("amendment_request", "request_id", "id"),
        sa.Index("amendment_state", "state", "id"),
        sa.Index(
            "amendment_one_open",
            "request_id",
            unique=True,
            postgresql_where=sa.text("state IN ('proposed', 'quoted', 'accepted')"),
        ),
    )


def downgrade() -> None:
    op.drop_table("amendment")
    op.drop_column("request", "returned_version")
