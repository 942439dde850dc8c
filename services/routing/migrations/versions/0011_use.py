"""Work says what its request's pictures are for; work from before doesn't."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.add_column("work_item", sa.Column("use", sa.Text))


def downgrade() -> None:
    op.drop_column("work_item", "use")
