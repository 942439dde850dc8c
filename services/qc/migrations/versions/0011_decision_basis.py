"""A decision keeps a digest of what was measured; its hash covers that, its inspection, its review and its number."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Decisions from before keep the hash that they have."""
    op.add_column("decision", sa.Column("measured", sa.Text))


def downgrade() -> None:
    """Refused where it would break the chain."""
    if op.get_bind().execute(sa.text("SELECT count(*) FROM decision WHERE measured IS NOT NULL")).scalar():
        raise RuntimeError("decisions were recorded with what they were made on: this revision stays")
    op.drop_column("decision", "measured")
