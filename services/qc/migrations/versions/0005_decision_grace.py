"""A decision is told after a grace, in which another can take its place."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("decision", sa.Column("supersedes", sa.Uuid, sa.ForeignKey("decision.id")))
    op.add_column("decision", sa.Column("withdrawn", sa.Boolean))
    op.create_unique_constraint("decision_supersedes", "decision", ["supersedes"])
    op.create_table(
        "untold",
        sa.Column("decision_id", sa.Uuid, primary_key=True),
        sa.Column("work_item_id", sa.Uuid, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("event", JSONB, nullable=False),
        sa.Column("correlation_id", sa.Text, nullable=False),
        sa.Index("untold_work_item", "work_item_id", "number"),
    )


def downgrade() -> None:
    """Refused while it would lose something: what is untold nobody would ever hear of."""
    lost = "SELECT (SELECT count(*) FROM untold) + (SELECT count(*) FROM decision WHERE supersedes IS NOT NULL)"
    if op.get_bind().execute(sa.text(lost)).scalar():
        raise RuntimeError("decisions were not told yet, or were superseded: this revision stays")
    op.drop_table("untold")
    op.drop_column("decision", "withdrawn")
    op.drop_column("decision", "supersedes")
