"""Work items, their history and their requests."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0002"
down_revision = "0001"

_when = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "request",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("cancelled", sa.Boolean, nullable=False),
        sa.Column("deadline", _when),
    )
    op.create_table(
        "work_item",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("request_id", sa.Uuid, nullable=False),
        sa.Column("parent_id", sa.Uuid),
        sa.Column("sku", sa.Text, nullable=False),
        sa.Column("product_name", sa.Text, nullable=False),
        sa.Column("category", sa.Text, nullable=False),
        sa.Column("materials", ARRAY(sa.Text), nullable=False),
        sa.Column("colorway", sa.Text, nullable=False),
        sa.Column("view", sa.Text, nullable=False),
        sa.Column("channel", sa.Text),
        sa.Column("spec", JSONB, nullable=False),
        sa.Column("complexity_class", sa.Text, nullable=False),
        sa.Column("track", sa.Text, nullable=False),
        sa.Column("queue", sa.Text, nullable=False),
        sa.Column("owner_role", sa.Text, nullable=False),
        sa.Column("priority", sa.Text, nullable=False),
        sa.Column("gates", ARRAY(sa.Text), nullable=False),
        sa.Column("final_reviewers", sa.Integer, nullable=False),
        sa.Column("zoom_required", sa.Boolean, nullable=False),
        sa.Column("ai", sa.Boolean, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("round", sa.Integer, nullable=False),
        sa.Column("returns_to", sa.Text),
        sa.Column("claimed_by", sa.Text),
        sa.Column("lease_until", _when),
        sa.Column("due_at", _when),
        sa.Column("risk", sa.Text, nullable=False),
        sa.Column("approval_owner", sa.Text, nullable=False),
        sa.Column("created_at", _when, nullable=False),
        sa.Column("updated_at", _when, nullable=False),
        sa.Column("approved_at", _when),
        sa.Column("at_risk_at", _when),
        sa.Column("blocked_in", sa.Text),
        sa.Column("blocked_at", _when),
        sa.Column("packs", JSONB, nullable=False),
        sa.Column("chosen_by", JSONB, nullable=False),
        sa.UniqueConstraint(
            "request_id", "colorway", "view", "channel", name="work_item_slot", postgresql_nulls_not_distinct=True
        ),
        sa.Index("work_item_queue", "queue", "state", "id"),
        sa.Index("work_item_state", "state", "id"),
        sa.Index("work_item_sku", "sku", "id"),
        sa.Index("work_item_parent", "parent_id", postgresql_where=sa.text("parent_id IS NOT NULL")),
        sa.Index("work_item_risk", "risk", "id", postgresql_where=sa.text("risk <> 'on_time'")),
    )
    op.create_table(
        "history",
        sa.Column("work_item_id", sa.Uuid, primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True),
        sa.Column("at", _when, nullable=False),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("cause", sa.Text),
        sa.Column("state", sa.Text, nullable=False),
    )
    op.execute(
        """
        CREATE FUNCTION history_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'history is append-only'; END $$
        """
    )
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON history"
        " FOR EACH STATEMENT EXECUTE FUNCTION history_is_append_only()"
    )


def downgrade() -> None:
    op.drop_table("history")
    op.execute("DROP FUNCTION history_is_append_only")
    op.drop_table("work_item")
    op.drop_table("request")
