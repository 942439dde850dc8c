"""What a step changed, where a person re-routed work, and how long a pause was."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("history", sa.Column("changes", JSONB))
    op.add_column("history", sa.Column("paused_seconds", sa.Float))


def downgrade() -> None:
    op.drop_column("history", "paused_seconds")
    op.drop_column("history", "changes")
