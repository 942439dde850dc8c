"""The read copy of routing's work items."""

from sqlalchemy import Column, Integer, MetaData, Table, Uuid
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData()

work_item = Table(
    "work_item",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("work", JSONB, nullable=False),
    comment="Each work item in its newest state. Its row is the lock of all its reviews.",
)
