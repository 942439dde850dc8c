"""A decision answers the automatic flags, marks the image, says causes, and may override automatic fails."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0004"
down_revision = "0003"

ADDED = ("flags", "marks", "causes", "overrides")


def upgrade() -> None:
    for name in ADDED:
        op.add_column("decision", sa.Column(name, JSONB))
    op.create_index("decision_exception", "decision", ["id"], postgresql_where=sa.text("overrides IS NOT NULL"))


def downgrade() -> None:
    op.drop_index("decision_exception", "decision")
    for name in ADDED:
        op.drop_column("decision", name)
