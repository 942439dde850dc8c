"""Imports with their rows, what was imported before, and the slots that are in work."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0004"
down_revision = "0003"

_when = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "import",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False, unique=True),
        sa.Column("columns", JSONB, nullable=False),
        sa.Column("time_zone", sa.Text, nullable=False),
        sa.Column("rows", sa.Integer, nullable=False),
        sa.Column("imported_by", sa.Text, nullable=False),
        sa.Column("started_at", _when, nullable=False),
        sa.Column("updated_at", _when, nullable=False),
        sa.Column("finished_at", _when),
    )
    op.create_table(
        "import_row",
        sa.Column("import_id", sa.Uuid, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("cells", JSONB, nullable=False),
        sa.Column("duplicate_of", sa.Integer),
        sa.Column("problems", JSONB, nullable=False),
        sa.Column("outcome", sa.Text),
        sa.Column("request_id", sa.Uuid),
    )
    op.create_index("import_row_request", "import_row", ["request_id"])
    op.create_index(
        "import_row_left", "import_row", ["import_id", "number"], postgresql_where=sa.text("outcome IS NULL")
    )
    op.create_table(
        "imported",
        sa.Column("fingerprint", sa.LargeBinary, primary_key=True),
        sa.Column("request_id", sa.Uuid, nullable=False),
    )
    op.create_table(
        "slot",
        sa.Column("sku", sa.Text, primary_key=True),
        sa.Column("colorway", sa.Text, primary_key=True),
        sa.Column("view", sa.Text, primary_key=True),
        sa.Column("request_id", sa.Uuid, nullable=False),
    )
    op.create_index("slot_request", "slot", ["request_id"])


def downgrade() -> None:
    for table in ("slot", "imported", "import_row", "import"):
        op.drop_table(table)
