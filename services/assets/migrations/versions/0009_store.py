"""The books of the store: its files, which of them are damaged, and links to versions."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

_when = sa.DateTime(timezone=True)
REFERRING = ("version", "vendor_file", "colour_reference")


def upgrade() -> None:
    op.create_table(
        "stored_file",
        sa.Column("sha256", sa.Text, primary_key=True),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("kept_at", _when, nullable=False),
        sa.Column("check_at", _when, nullable=False),
        sa.Column("checked_at", _when),
        sa.Column("doomed_at", _when),
        sa.Column("collected_at", _when),
    )
    op.create_index("stored_file_check", "stored_file", ["check_at"], postgresql_where=sa.text("collected_at IS NULL"))
    op.create_table(
        "damaged_file",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("problem", sa.Text, nullable=False),
        sa.Column("found_at", _when, nullable=False),
        sa.Column("mended_at", _when),
    )
    op.create_index(
        "damaged_file_open", "damaged_file", ["sha256"], unique=True, postgresql_where=sa.text("mended_at IS NULL")
    )
    op.create_table(
        "link_key",
        sa.Column("single", sa.Boolean, primary_key=True),
        sa.Column("key", sa.LargeBinary, nullable=False),
        sa.Column("made_at", _when, nullable=False),
        sa.CheckConstraint("single", name="link_key_single"),
    )
    op.create_table(
        "link",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("version_id", sa.Uuid, nullable=False),
        sa.Column("purpose", sa.Text),
        sa.Column("made_by", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("made_at", _when, nullable=False),
        sa.Column("expires_at", _when, nullable=False),
        sa.Column("revoked_by", sa.Text),
        sa.Column("revoked_at", _when),
        sa.Index("link_version", "version_id", "id"),
    )
    for table in REFERRING:
        op.create_index(f"{table}_sha256", table, ["sha256"], if_not_exists=True)
        # What is in use already. Files that nothing refers to are found in the store itself.
        op.execute(
            f"INSERT INTO stored_file (sha256, bytes, kept_at, check_at)"  # noqa: S608, names of ours
            f" SELECT DISTINCT ON (sha256) sha256, bytes, now(), now() FROM {table} ORDER BY sha256"
            f" ON CONFLICT DO NOTHING"
        )


def downgrade() -> None:
    for table in REFERRING:
        op.drop_index(f"{table}_sha256", table, if_exists=True)
    for table in ("link", "link_key", "damaged_file", "stored_file"):
        op.drop_table(table)
