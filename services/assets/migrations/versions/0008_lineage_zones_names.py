"""Parents, steps and export names of versions, what people said of their zones, their history, and names taken."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0008"
down_revision = "0007"

_when = sa.DateTime(timezone=True)


def _columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("parents", ARRAY(sa.Uuid), nullable=False, server_default="{}"),
        sa.Column("step", sa.Text),
        sa.Column("export_name", sa.Text),
        sa.Column("approved_at", _when),
        sa.Column("promoted_at", _when),
        sa.Column("archived_at", _when),
        sa.Column("archived_by", sa.Text),
        sa.Column("archived_because", sa.Text),
    ]


# What versions from before are made from: the one before of the same work item, and a variant's master.
_PARENTS = """
    UPDATE version SET parents = array_remove(ARRAY[earlier.id, version.master_id], NULL)
    FROM (SELECT id, lag(id) OVER (PARTITION BY work_item_id ORDER BY number) AS id_before FROM version) AS own
    LEFT JOIN version AS earlier ON earlier.id = own.id_before
    WHERE own.id = version.id AND (own.id_before IS NOT NULL OR version.master_id IS NOT NULL)
"""

# Finals, and those of earlier rounds that had passed all of their gates.
_APPROVED = """
    UPDATE version SET approved_at = coalesce(item.approved_at, version.stored_at)
    FROM work_item AS item
    WHERE item.id = version.work_item_id
      AND (version.zone = 'final' OR item.gates <@ ARRAY(
          SELECT gate FROM passed_gate AS passed
          WHERE passed.work_item_id = item.id AND passed.round = version.round))
"""

_HISTORY = """
    INSERT INTO version_history (id, version_id, at, what, by, reason, details)
    SELECT event_id,
           CAST(payload #>> '{data,version,id}' AS uuid),
           recorded_at,
           CASE WHEN payload ->> 'type' LIKE '%moved%' THEN 'moved' ELSE 'stored' END,
           CASE WHEN payload ->> 'type' LIKE '%moved%' THEN NULL ELSE payload #>> '{data,version,delivered_by}' END,
           NULL,
           CASE WHEN payload ->> 'type' LIKE '%moved%'
                THEN jsonb_build_object('left', payload #>> '{data,left}', 'zone', payload #>> '{data,version,zone}')
                ELSE jsonb_build_object('source', payload #>> '{data,version,source}',
                                        'round', CAST(payload #>> '{data,version,round}' AS int)) END
    FROM event_log WHERE starts_with(subject, 'evt.assets.version.')
"""


def upgrade() -> None:
    op.add_column("work_item", sa.Column("step", sa.Text))
    for column in _columns():
        op.add_column("version", column)
    op.create_index("version_parents", "version", ["parents"], postgresql_using="gin")
    op.create_table(
        "version_history",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("version_id", sa.Uuid, nullable=False),
        sa.Column("at", _when, nullable=False),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("by", sa.Text),
        sa.Column("reason", sa.Text),
        sa.Column("details", JSONB, nullable=False),
        sa.Index("version_history_of", "version_id", "at", "id"),
    )
    op.create_table(
        "taken_name",
        sa.Column("channel", sa.Text, primary_key=True),
        sa.Column("name_key", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("base_key", sa.Text, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("sku", sa.Text, nullable=False),
        sa.Column("colorway", sa.Text, nullable=False),
        sa.Column("view", sa.Text, nullable=False),
        sa.Column("taken_at", _when, nullable=False),
        sa.Index("taken_name_base", "channel", "base_key", "number"),
    )
    for statement in (_PARENTS, _APPROVED, _HISTORY):
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("taken_name")
    op.drop_table("version_history")
    op.drop_index("version_parents", "version")
    for column in _columns():
        op.drop_column("version", column.name)
    op.drop_column("work_item", "step")
