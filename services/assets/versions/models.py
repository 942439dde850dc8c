"""Versions: one row an accepted file, never changed but for its zone and what decides it."""

from sqlalchemy import BigInteger, Column, DateTime, Index, Integer, MetaData, Table, Text, UniqueConstraint, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY

metadata = MetaData()
_when = DateTime(timezone=True)

version = Table(
    "version",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("asset_id", Uuid, nullable=False),
    Column("work_item_id", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("sku", Text, nullable=False),
    Column("colorway", Text, nullable=False),
    Column("view", Text, nullable=False),
    Column("channel", Text),
    Column("number", Integer, nullable=False),
    Column("round", Integer, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("filename", Text, nullable=False),
    Column("location", Text, nullable=False),
    Column("zone", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("delivered_by", Text, nullable=False),
    Column("channel_pack", Integer),
    Column("master_id", Uuid),
    Column("stored_at", _when, nullable=False),
    Column("digital_source_type", Text),
    Column("c2pa_manifest", Text),
    Column("parents", ARRAY(Uuid), nullable=False, server_default="{}"),
    Column("step", Text),
    Column("export_name", Text),
    Column("approved_at", _when, comment="When all gates had passed it; kept when it is no final any more"),
    Column("promoted_at", _when, comment="A person made it the final again"),
    Column("archived_at", _when, comment="A person took it out, whatever its work item's status says"),
    Column("archived_by", Text),
    Column("archived_because", Text),
    Column("change", Integer, nullable=False, comment="aggregateversion of its newest event"),
    UniqueConstraint("work_item_id", "round", name="version_one_a_round"),
    Index("version_final", "sku", "colorway", "view", "channel", postgresql_where=text("zone = 'final'")),
    Index("version_sku", "sku"),
    Index("version_asset", "asset_id"),
    Index("version_vendor", "delivered_by", postgresql_where=text("source = 'vendor'")),
    Index("version_sha256", "sha256"),
    Index("version_parents", "parents", postgresql_using="gin"),
    comment="Each accepted file. Immutable, but for its zone and what decides it.",
)
