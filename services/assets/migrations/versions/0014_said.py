"""Why links open despite rights, and which variants can't be rendered."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.add_column("link", sa.Column("despite_rights", sa.Text))
    op.create_table(
        "render_failure",
        sa.Column("work_item_id", sa.Uuid, primary_key=True),
        sa.Column("round", sa.Integer, primary_key=True),
        sa.Column("cause", sa.Text, nullable=False),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("render_failure")
    op.drop_column("link", "despite_rights")
