"""Where work stands on its way, and whose it is."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("work_item", sa.Column("step", sa.Text, nullable=False, server_default="studio"))
    op.execute("UPDATE work_item SET step = 'qc' WHERE state = 'in_review'")
    op.execute("UPDATE work_item SET step = 'delivery' WHERE state = 'approved' OR kind = 'variant'")
    op.alter_column("work_item", "step", server_default=None)
    op.add_column("work_item", sa.Column("team", sa.Text))
    op.add_column("work_item", sa.Column("level", sa.Text))


def downgrade() -> None:
    for name in ("step", "team", "level"):
        op.drop_column("work_item", name)
