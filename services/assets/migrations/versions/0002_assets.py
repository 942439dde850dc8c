"""Work items' read copy, versions, vendors, deliveries."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0002"
down_revision = "0001"

_when = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "work_item",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("request_id", sa.Uuid, nullable=False),
        sa.Column("parent_id", sa.Uuid),
        sa.Column("sku", sa.Text, nullable=False),
        sa.Column("colorway", sa.Text, nullable=False),
        sa.Column("view", sa.Text, nullable=False),
        sa.Column("channel", sa.Text),
        sa.Column("gates", ARRAY(sa.Text), nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("round", sa.Integer, nullable=False),
        sa.Column("returns_to", sa.Text),
        sa.Column("claimed_by", sa.Text),
        sa.Column("cause", sa.Text),
        sa.Column("created_at", _when, nullable=False),
        sa.Column("approved_at", _when),
        sa.Index("work_item_slot", "sku", "colorway", "view", "channel"),
    )
    op.create_table(
        "passed_gate",
        sa.Column("work_item_id", sa.Uuid, primary_key=True),
        sa.Column("round", sa.Integer, primary_key=True),
        sa.Column("gate", sa.Text, primary_key=True),
    )
    op.create_table(
        "version",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("asset_id", sa.Uuid, nullable=False),
        sa.Column("work_item_id", sa.Uuid, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("sku", sa.Text, nullable=False),
        sa.Column("colorway", sa.Text, nullable=False),
        sa.Column("view", sa.Text, nullable=False),
        sa.Column("channel", sa.Text),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("round", sa.Integer, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("media_type", sa.Text, nullable=False),
        sa.Column("filename", sa.Text, nullable=False),
        sa.Column("location", sa.Text, nullable=False),
        sa.Column("zone", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("delivered_by", sa.Text, nullable=False),
        sa.Column("channel_pack", sa.Integer),
        sa.Column("master_id", sa.Uuid),
        sa.Column("stored_at", _when, nullable=False),
        sa.Column("change", sa.Integer, nullable=False),
        sa.UniqueConstraint("work_item_id", "round", name="version_one_a_round"),
        sa.Index("version_sku", "sku"),
    )
    op.create_index(
        "version_final", "version", ["sku", "colorway", "view", "channel"], postgresql_where=sa.text("zone = 'final'")
    )
    op.create_table(
        "vendor",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("secret", sa.Text, nullable=False),
        sa.Column("secret_made_at", _when, nullable=False),
        sa.Column("registered_by", sa.Text, nullable=False),
        sa.Column("registered_at", _when, nullable=False),
    )
    op.create_table(
        "vendor_file",
        sa.Column("vendor", sa.Text, primary_key=True),
        sa.Column("sha256", sa.Text, primary_key=True),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("media_type", sa.Text),
        sa.Column("uploaded_at", _when, nullable=False),
    )
    op.create_table(
        "delivery",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("vendor", sa.Text, nullable=False),
        sa.Column("webhook_id", sa.Text, nullable=False),
        sa.Column("body_sha256", sa.Text, nullable=False),
        sa.Column("files", JSONB, nullable=False),
        sa.Column("received_at", _when, nullable=False),
        sa.UniqueConstraint("vendor", "webhook_id", name="delivery_once"),
        sa.Index("delivery_vendor", "vendor", "id"),
    )


def downgrade() -> None:
    for table in ("delivery", "vendor_file", "vendor", "version", "passed_gate", "work_item"):
        op.drop_table(table)
