"""Images are asked for by the hash of their file."""

from alembic import op

revision = "0007"
down_revision = "0006"

_TABLES = ("version", "colour_reference")


def upgrade() -> None:
    for table in _TABLES:
        op.create_index(f"{table}_sha256", table, ["sha256"], if_not_exists=True)


def downgrade() -> None:
    for table in _TABLES:
        op.drop_index(f"{table}_sha256", table, if_exists=True)
