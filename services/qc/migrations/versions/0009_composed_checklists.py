"""A review keeps which items of each gate's checklist it asks; those from before ask all of their version."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("review", sa.Column("composition", JSONB))


def downgrade() -> None:
    op.drop_column("review", "composition")
