"""What was seen at 100 % zoom: the cells that a version's subject touches, those that each person has seen, and those
that a decision was made on. And who holds a review."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import BIT, JSONB

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("inspection", sa.Column("subject_cells", JSONB))
    op.add_column("decision", sa.Column("zoom", JSONB))
    op.create_table(
        "zoom_evidence",
        sa.Column("version_id", sa.Uuid, primary_key=True),
        sa.Column("person", sa.Text, primary_key=True),
        sa.Column("seen", BIT(varying=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.add_column("review", sa.Column("lease_id", sa.Uuid))
    op.add_column("review", sa.Column("claimed_by", sa.Text))
    op.add_column("review", sa.Column("lease_until", sa.DateTime(timezone=True)))
    op.create_index("review_holder", "review", ["claimed_by", "id"], postgresql_where=sa.text("claimed_by IS NOT NULL"))
    op.create_index("review_lease", "review", ["lease_id"], postgresql_where=sa.text("lease_id IS NOT NULL"))


def downgrade() -> None:
    for column in ("lease_until", "claimed_by", "lease_id"):
        op.drop_column("review", column)
    op.drop_table("zoom_evidence")
    op.drop_column("decision", "zoom")
    op.drop_column("inspection", "subject_cells")
