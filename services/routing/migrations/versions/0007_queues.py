"""Queues and people: what a claim and the figures of a queue need to be quick, who may take what, and exceptions."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0007"
down_revision = "0006"

_when = sa.DateTime(timezone=True)

_INDEXES = {
    # The order of claims, for each team and level by itself: what someone may not take is never walked over.
    "work_item_offer": "(queue, coalesce(team, ''), coalesce(level, ''), (CASE priority WHEN 'urgent' THEN 0"
    " WHEN 'high' THEN 1 WHEN 'normal' THEN 2 ELSE 3 END), due_at, id) WHERE state = 'ready'",
    # What counts for the WIP limit, and who holds what.
    "work_item_held": "(queue) WHERE claimed_by IS NOT NULL",
    "work_item_holder": "(claimed_by, id) WHERE claimed_by IS NOT NULL",
    # The figures of the queues are read from these alone.
    "work_item_open": "(queue, state, team, risk) INCLUDE (created_at) WHERE state NOT IN ('approved', 'cancelled')",
    "work_item_approved": "(approved_at) INCLUDE (queue, ready_at) WHERE state = 'approved'",
}


def upgrade() -> None:
    op.add_column("work_item", sa.Column("ready_at", _when))
    # The moment when it became ready, in so far as it is known: a shot was ready when it was made.
    op.execute(
        "UPDATE work_item SET ready_at = coalesce((SELECT min(at) FROM history WHERE work_item_id = work_item.id"
        " AND what = 'ready'), created_at) WHERE kind = 'shot' OR state <> 'waiting'"
    )
    for name, definition in _INDEXES.items():
        op.execute(f"CREATE INDEX {name} ON work_item {definition}")
    # A function, because each of its statements sees what was committed before it: who counts after the lock was
    # given sees the claim of whoever had it before. One statement would count first and wait then.
    op.execute(
        """
        CREATE FUNCTION held_in(asked text) RETURNS bigint LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM pg_advisory_xact_lock(hashtextextended('wip ' || asked, 0));
            RETURN (SELECT count(*) FROM work_item WHERE queue = asked AND claimed_by IS NOT NULL);
        END $$
        """
    )
    op.create_table(
        "person",
        sa.Column("subject", sa.Text, primary_key=True),
        sa.Column("id", sa.Uuid, nullable=False, unique=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("teams", ARRAY(sa.Text)),
        sa.Column("level", sa.Text),
        sa.Column("lane", sa.Text),
        sa.Column("updated_by", sa.Text, nullable=False),
        sa.Column("updated_at", _when, nullable=False),
    )
    op.create_table(
        "lane_exception",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("subject", sa.Text, sa.ForeignKey("person.subject"), nullable=False),
        sa.Column("queue", sa.Text, nullable=False),
        sa.Column("cause", sa.Text, nullable=False),
        sa.Column("granted_by", sa.Text, nullable=False),
        sa.Column("granted_at", _when, nullable=False),
        sa.Column("ends_at", _when, nullable=False),
        sa.Index("lane_exception_subject", "subject", "queue", "ends_at"),
    )
    op.execute(
        """
        CREATE FUNCTION lane_exception_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'exceptions are kept as they were granted'; END $$
        """
    )
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON lane_exception"
        " FOR EACH STATEMENT EXECUTE FUNCTION lane_exception_is_append_only()"
    )


def downgrade() -> None:
    op.drop_table("lane_exception")
    op.execute("DROP FUNCTION lane_exception_is_append_only")
    op.drop_table("person")
    op.execute("DROP FUNCTION held_in")
    for name in _INDEXES:
        op.drop_index(name, "work_item")
    op.drop_column("work_item", "ready_at")
