"""Decisions are a chain of hashes; a table that is only added to can't be emptied either."""

from datetime import UTC
from typing import Any

import sqlalchemy as sa
from alembic import op

from services.qc.decisions.chain import GENESIS, hash_of

revision = "0003"
down_revision = "0002"

APPEND_ONLY = ("inspection", "measurement", "decision")


def upgrade() -> None:
    op.add_column("decision", sa.Column("position", sa.BigInteger))
    op.add_column("decision", sa.Column("hash", sa.Text))
    op.execute("ALTER TABLE decision DISABLE TRIGGER append_only")
    _chain_what_is_there()
    op.execute("ALTER TABLE decision ENABLE TRIGGER append_only")
    op.alter_column("decision", "position", nullable=False)
    op.alter_column("decision", "hash", nullable=False)
    op.create_unique_constraint("decision_position", "decision", ["position"])
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER never_emptied BEFORE TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def _chain_what_is_there() -> None:
    """Ids sort by age."""
    connection, before = op.get_bind(), GENESIS
    for position, row in enumerate(connection.execute(sa.text("SELECT * FROM decision ORDER BY id")).all(), start=1):
        before = hash_of(before, _as_json(row))
        connection.execute(
            sa.text("UPDATE decision SET position = :position, hash = :hash WHERE id = :id"),
            {"position": position, "hash": before, "id": row.id},
        )


def _as_json(row: Any) -> dict[str, Any]:
    """A decision as the API gave it at this revision."""
    plain = (
        "sha256", "round", "gate", "outcome", "reasons", "note", "automatic", "decided_by", "role", "checklist_version",
        "answers", "zoom_inspected", "result",
    )  # fmt: skip
    ids = {name: str(row._mapping[name]) for name in ("id", "work_item_id", "version_id")}
    decided_at = row.decided_at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return ids | {name: row._mapping[name] for name in plain} | {"decided_at": decided_at}


def downgrade() -> None:
    for table in APPEND_ONLY:
        op.execute(f"DROP TRIGGER never_emptied ON {table}")
    op.drop_column("decision", "hash")
    op.drop_column("decision", "position")
