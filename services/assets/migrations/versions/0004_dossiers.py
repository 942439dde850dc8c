"""What other services have told of work: what dossiers are made of."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "told",
        sa.Column("what", sa.Text, primary_key=True),
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("work_item_id", sa.Uuid),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("content", JSONB, nullable=False),
    )
    op.create_index("told_decisions", "told", ["work_item_id"], postgresql_where=sa.text("work_item_id IS NOT NULL"))


def downgrade() -> None:
    op.drop_table("told")
