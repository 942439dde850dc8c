"""Usage rights, what they are attached to, and what a picture is made for."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0006"
down_revision = "0005"

_when = sa.DateTime(timezone=True)
_ATTACHED = sa.text("detached_at IS NULL")


def upgrade() -> None:
    op.create_table(
        "usage_right",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("change", sa.Integer, nullable=False),
        sa.Column("content", JSONB, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("holder_key", sa.Text, nullable=False),
        sa.Column("begins_at", _when, nullable=False),
        sa.Column("ends_at", _when),
        sa.Column("revoked_at", _when),
        sa.Column("told", sa.Integer),
        sa.Index("usage_right_end", "ends_at"),
        sa.Index("usage_right_holder", "holder_key"),
    )
    op.create_table(
        "usage_right_version",
        sa.Column("right_id", sa.Uuid, primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True),
        sa.Column("content", JSONB, nullable=False),
    )
    op.create_table(
        "usage_right_target",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("right_id", sa.Uuid, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("asset_id", sa.Uuid),
        sa.Column("work_item_id", sa.Uuid),
        sa.Column("sku", sa.Text),
        sa.Column("colorway", sa.Text),
        sa.Column("request_id", sa.Uuid),
        sa.Column("vendor", sa.Text),
        sa.Column("attached_by", sa.Text, nullable=False),
        sa.Column("attached_at", _when, nullable=False),
        sa.Column("detached_by", sa.Text),
        sa.Column("detached_at", _when),
        sa.Column("cause", sa.Text),
        sa.Index("usage_right_target_once", "right_id", "key", unique=True, postgresql_where=_ATTACHED),
        sa.Index("usage_right_target_key", "key", postgresql_where=_ATTACHED),
        sa.Index("usage_right_target_page", "right_id", "id"),
    )
    op.add_column("work_item", sa.Column("use", sa.Text))
    # What a right is attached to is found from both ends.
    op.create_index("work_item_request", "work_item", ["request_id"])
    op.create_index("work_item_parent", "work_item", ["parent_id"])
    op.create_index("version_asset", "version", ["asset_id"])
    op.create_index("version_vendor", "version", ["delivered_by"], postgresql_where=sa.text("source = 'vendor'"))


def downgrade() -> None:
    op.drop_index("version_vendor", "version")
    op.drop_index("version_asset", "version")
    op.drop_index("work_item_parent", "work_item")
    op.drop_index("work_item_request", "work_item")
    op.drop_column("work_item", "use")
    for table in ("usage_right_target", "usage_right_version", "usage_right"):
        op.drop_table(table)
