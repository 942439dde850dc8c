"""Resumable uploads carry what AI did to the file."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.add_column("upload", sa.Column("digital_source_type", sa.Text))


def downgrade() -> None:
    op.drop_column("upload", "digital_source_type")
