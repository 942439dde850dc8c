"""What the files said last of each request: what a corrected row changes, and what was edited since."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0006"
down_revision = "0005"

_UNFINISHED = sa.text("finished_at IS NULL")


def upgrade() -> None:
    op.create_table(
        "imported_brief",
        sa.Column("request_id", sa.Uuid, primary_key=True),
        sa.Column("sku", sa.Text),
        sa.Column("brief", JSONB, nullable=False),
    )
    op.create_index("imported_brief_sku", "imported_brief", ["sku"])
    # Of what was imported until now nobody knows what the file said: the request stands for it.
    op.execute(
        "INSERT INTO imported_brief (request_id, sku, brief) SELECT id, sku, brief FROM request"
        " WHERE id IN (SELECT request_id FROM import_row)"
    )
    op.drop_constraint("import_sha256_key", "import")
    op.create_index("import_running", "import", ["sha256", "time_zone"], unique=True, postgresql_where=_UNFINISHED)


def downgrade() -> None:
    op.drop_index("import_running", "import")
    # Fails where the same bytes were imported several times by now.
    op.create_unique_constraint("import_sha256_key", "import", ["sha256"])
    op.drop_table("imported_brief")
