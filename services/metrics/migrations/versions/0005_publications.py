"""Publications, and when each picture was first asked for, sent and live."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_when = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("work", sa.Column("request_id", sa.Uuid))
    op.create_table(
        "request_begun",
        sa.Column("request_id", sa.Uuid, primary_key=True),
        sa.Column("at", _when, nullable=False),
    )
    op.create_table(
        "publication",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("destination", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
    )
    op.create_table(
        "launch",
        sa.Column("publication_id", sa.Uuid, primary_key=True),
        sa.Column("work_item_id", sa.Uuid, nullable=False),
        sa.Column("sent_at", _when),
        sa.Column("live_at", _when),
    )


def downgrade() -> None:
    for name in ("launch", "publication", "request_begun"):
        op.drop_table(name)
    op.drop_column("work", "request_id")
