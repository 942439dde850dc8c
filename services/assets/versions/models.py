"""Versions: one row an accepted file, never changed but for its zone."""

from sqlalchemy import BigInteger, Column, DateTime, Index, Integer, MetaData, Table, Text, UniqueConstraint, Uuid, text

metadata = MetaData()

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
    Column("stored_at", DateTime(timezone=True), nullable=False),
    Column("digital_source_type", Text),
    Column("c2pa_manifest", Text),
    Column("change", Integer, nullable=False, comment="aggregateversion of its newest event"),
    UniqueConstraint("work_item_id", "round", name="version_one_a_round"),
    Index("version_final", "sku", "colorway", "view", "channel", postgresql_where=text("zone = 'final'")),
    Index("version_sku", "sku"),
    comment="Each accepted file. Immutable, but for the zone, which follows the work item's status.",
)
