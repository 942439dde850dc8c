"""Where a channel's finals go, and which version stands where."""

from sqlalchemy import Boolean, Column, DateTime, Index, Integer, MetaData, Table, Text, UniqueConstraint, Uuid
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData()
_when = DateTime(timezone=True)

destination = Table(
    "destination",
    metadata,
    Column("id", Text, primary_key=True),
    Column("channel", Text, comment="NULL: the masters"),
    Column("kind", Text, nullable=False),
    Column("folder", Text, comment="Of a folder; the URL of a webhook is its endpoint's"),
    Column("territories", JSONB, nullable=False),
    Column("automatic", Boolean, nullable=False, comment="Every new final of the channel is published at once"),
    Column("active", Boolean, nullable=False),
    Column("kept_by", Text, nullable=False),
    Column("kept_at", _when, nullable=False),
    UniqueConstraint("folder", name="destination_folder"),
    comment="Where finals go.",
)

publication = Table(
    "publication",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("destination", Text, nullable=False),
    Column("version_id", Uuid, nullable=False),
    Column("asset_id", Uuid, nullable=False),
    Column("work_item_id", Uuid, nullable=False),
    Column("sku", Text, nullable=False),
    Column("colorway", Text, nullable=False),
    Column("view", Text, nullable=False),
    Column("channel", Text),
    Column("export_name", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("chore", Text, comment="What has yet to be done for it; NULL: nothing"),
    Column("change", Integer, nullable=False, comment="Events about it"),
    Column("turn", Integer, nullable=False, comment="What the destination is told, counted: newer counts"),
    Column("attempts", Integer, nullable=False),
    Column("busy_until", _when, comment="A process is at it, or died; nobody else touches the slot there"),
    Column("message_id", Uuid, comment="The webhook that publishes it"),
    Column("link_id", Uuid, comment="The link in that webhook"),
    Column("causes", JSONB, nullable=False),
    Column("error", Text),
    Column("asked_by", Text, nullable=False),
    Column("asked_at", _when, nullable=False),
    Column("sent_at", _when),
    Column("live_at", _when),
    Column("live_url", Text),
    Column("withdrawn_at", _when),
    Column("withdrawn_because", Text),
    Column("replaced_by", Uuid),
    UniqueConstraint("destination", "version_id", name="publication_once"),
    Index("publication_slot", "destination", "sku", "colorway", "view"),
    Index("publication_version", "version_id"),
    Index("publication_sku", "sku", "id"),
    comment="Each version at each destination that it was meant for.",
)
