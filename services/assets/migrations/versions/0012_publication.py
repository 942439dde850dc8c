"""Publication: where finals go and stand, and what wakes up when a webhook has been heard."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0012"
down_revision = "0011"

_when = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("outbound_message", sa.Column("wakes_kind", sa.Text))
    op.add_column("outbound_message", sa.Column("wakes_key", sa.Text))
    op.create_table(
        "destination",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("channel", sa.Text),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("folder", sa.Text),
        sa.Column("territories", JSONB, nullable=False),
        sa.Column("automatic", sa.Boolean, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("kept_by", sa.Text, nullable=False),
        sa.Column("kept_at", _when, nullable=False),
        sa.UniqueConstraint("folder", name="destination_folder"),
    )
    op.create_table(
        "publication",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("destination", sa.Text, nullable=False),
        sa.Column("version_id", sa.Uuid, nullable=False),
        sa.Column("asset_id", sa.Uuid, nullable=False),
        sa.Column("work_item_id", sa.Uuid, nullable=False),
        sa.Column("sku", sa.Text, nullable=False),
        sa.Column("colorway", sa.Text, nullable=False),
        sa.Column("view", sa.Text, nullable=False),
        sa.Column("channel", sa.Text),
        sa.Column("export_name", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("chore", sa.Text),
        sa.Column("change", sa.Integer, nullable=False),
        sa.Column("turn", sa.Integer, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("busy_until", _when),
        sa.Column("message_id", sa.Uuid),
        sa.Column("link_id", sa.Uuid),
        sa.Column("causes", JSONB, nullable=False),
        sa.Column("error", sa.Text),
        sa.Column("asked_by", sa.Text, nullable=False),
        sa.Column("asked_at", _when, nullable=False),
        sa.Column("sent_at", _when),
        sa.Column("live_at", _when),
        sa.Column("live_url", sa.Text),
        sa.Column("withdrawn_at", _when),
        sa.Column("withdrawn_because", sa.Text),
        sa.Column("replaced_by", sa.Uuid),
        sa.UniqueConstraint("destination", "version_id", name="publication_once"),
        sa.Index("publication_slot", "destination", "sku", "colorway", "view"),
        sa.Index("publication_version", "version_id"),
        sa.Index("publication_sku", "sku", "id"),
    )


def downgrade() -> None:
    op.drop_table("publication")
    op.drop_table("destination")
    op.drop_column("outbound_message", "wakes_key")
    op.drop_column("outbound_message", "wakes_kind")
