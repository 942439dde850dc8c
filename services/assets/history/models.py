"""What happened to each version."""

from sqlalchemy import Column, DateTime, Index, MetaData, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData()

version_history = Table(
    "version_history",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version_id", Uuid, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("what", Text, nullable=False),
    Column("by", Text),
    Column("reason", Text),
    Column("details", JSONB, nullable=False),
    Index("version_history_of", "version_id", "at", "id"),
    comment="What happened to each version, by whom and why: only added to.",
)
