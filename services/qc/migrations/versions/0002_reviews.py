"""Work items, inspections, reviews and decisions; what was measured and decided can't be changed."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0002"
down_revision = "0001"

_when = sa.DateTime(timezone=True)
APPEND_ONLY = ("inspection", "measurement", "decision")


def upgrade() -> None:
    op.create_table(
        "work_item",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("work", JSONB, nullable=False),
    )
    op.create_table(
        "inspection",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("version_id", sa.Uuid, nullable=False, unique=True),
        sa.Column("work_item_id", sa.Uuid, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("spec", JSONB, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("completed_at", _when, nullable=False),
    )
    op.create_table(
        "measurement",
        sa.Column("inspection_id", sa.Uuid, sa.ForeignKey("inspection.id"), primary_key=True),
        sa.Column("check", sa.Text, primary_key=True),
        sa.Column("gate", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("value", sa.Double),
        sa.Column("measured", JSONB, nullable=False),
    )
    op.create_table(
        "review",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("work_item_id", sa.Uuid, nullable=False),
        sa.Column("version_id", sa.Uuid, nullable=False, unique=True),
        sa.Column("round", sa.Integer, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("sku", sa.Text, nullable=False),
        sa.Column("version", JSONB, nullable=False),
        sa.Column("checklist_version", sa.Integer, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("gate", sa.Text),
        sa.Column("passes", sa.Integer, nullable=False),
        sa.Column("opened_at", _when, nullable=False),
        sa.Column("closed_at", _when),
        sa.CheckConstraint("(state = 'open') = (gate IS NOT NULL)", name="open_at_a_gate"),
        sa.Index("review_work_item", "work_item_id", "round"),
        sa.Index("review_sku", "sku"),
        sa.Index("review_open", "gate", "id", postgresql_where=sa.text("state = 'open'")),
    )
    op.create_table(
        "decision",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("review_id", sa.Uuid, sa.ForeignKey("review.id"), nullable=False),
        sa.Column("inspection_id", sa.Uuid, sa.ForeignKey("inspection.id"), nullable=False),
        sa.Column("work_item_id", sa.Uuid, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("version_id", sa.Uuid, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("round", sa.Integer, nullable=False),
        sa.Column("gate", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("reasons", ARRAY(sa.Text), nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("automatic", sa.Boolean, nullable=False),
        sa.Column("decided_by", sa.Text, nullable=False),
        sa.Column("role", sa.Text),
        sa.Column("checklist_version", sa.Integer, nullable=False),
        sa.Column("answers", JSONB, nullable=False),
        sa.Column("zoom_inspected", sa.Boolean, nullable=False),
        sa.Column("result", JSONB, nullable=False),
        sa.Column("decided_at", _when, nullable=False),
        sa.UniqueConstraint("work_item_id", "number"),
        sa.Index("decision_review", "review_id"),
    )
    op.execute(
        """
        CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'a row of % is never changed or removed', TG_TABLE_NAME
                USING ERRCODE = 'restrict_violation';
        END $$
        """
    )
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def downgrade() -> None:
    for table in ("decision", "review", "measurement", "inspection", "work_item"):
        op.drop_table(table)
    op.execute("DROP FUNCTION refuse_change()")
