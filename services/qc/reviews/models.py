"""Reviews: one a version."""

from sqlalchemy import Column, DateTime, Integer, MetaData, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData()

review = Table(
    "review",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("work_item_id", Uuid, nullable=False),
    Column("version_id", Uuid, nullable=False, unique=True),
    Column("round", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("sku", Text, nullable=False),
    Column("version", JSONB, nullable=False),
    Column("checklist_version", Integer, nullable=False),
    Column("composition", JSONB(none_as_null=True)),
    Column("state", Text, nullable=False),
    Column("gate", Text),
    Column("passes", Integer, nullable=False),
    Column("opened_at", DateTime(timezone=True), nullable=False),
    Column("closed_at", DateTime(timezone=True)),
    Column("lease_id", Uuid),
    Column("claimed_by", Text),
    Column("lease_until", DateTime(timezone=True)),
    comment="Each version at the gates: which gate is open, how many people have passed it there, and who looks at it.",
)
