"""Handoffs, escalations, and what the SLA engine knows of a work item."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_when = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "handoff",
        sa.Column("work_item_id", sa.Uuid, primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("track", sa.Text, nullable=False),
        sa.Column("complexity_class", sa.Text, nullable=False),
        sa.Column("round", sa.Integer, nullable=False),
        sa.Column("from_step", sa.Text, nullable=False),
        sa.Column("to_step", sa.Text, nullable=False),
        sa.Column("held_by", sa.Text),
        sa.Column("since", _when, nullable=False),
        sa.Column("at", _when, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("note", sa.Text),
        sa.Column("waiting_hours", sa.Float, nullable=False),
        sa.Column("working_hours", sa.Float, nullable=False),
        sa.Column("waiting_wall_hours", sa.Float, nullable=False),
        sa.Column("working_wall_hours", sa.Float, nullable=False),
        sa.Index("handoff_usual", "track", "from_step", "complexity_class", "at"),
        sa.Index("handoff_at", "at"),
    )
    op.execute(
        """
        CREATE FUNCTION handoff_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'handoff is append-only'; END $$
        """
    )
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON handoff"
        " FOR EACH STATEMENT EXECUTE FUNCTION handoff_is_append_only()"
    )
    op.create_table(
        "escalation",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("work_item_id", sa.Uuid, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("rung", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("at", _when, nullable=False),
        sa.Column("closed_at", _when),
        sa.UniqueConstraint("work_item_id", "version", name="escalation_once"),
        sa.Index("escalation_open", "role", "id", postgresql_where=sa.text("closed_at IS NULL")),
    )
    op.add_column("work_item", sa.Column("fits_until", _when))
    op.add_column("work_item", sa.Column("rungs", sa.Integer, nullable=False, server_default="0"))
    op.alter_column("work_item", "rungs", server_default=None)
    op.add_column("work_item", sa.Column("next_rung_at", _when))


def downgrade() -> None:
    for name in ("fits_until", "rungs", "next_rung_at"):
        op.drop_column("work_item", name)
    op.drop_table("escalation")
    op.drop_table("handoff")
    op.execute("DROP FUNCTION handoff_is_append_only")
