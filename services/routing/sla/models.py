"""Table: whom late work was told to."""

from sqlalchemy import Column, DateTime, Index, Integer, MetaData, Table, Text, UniqueConstraint, Uuid, text

metadata = MetaData()
_when = DateTime(timezone=True)

escalation = Table(
    "escalation",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("work_item_id", Uuid, nullable=False),
    Column("version", Integer, nullable=False, comment="Of the work item, when it was told."),
    Column("rung", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("at", _when, nullable=False),
    Column("closed_at", _when, comment="When its work was approved or cancelled."),
    UniqueConstraint("work_item_id", "version", name="escalation_once"),
    Index("escalation_open", "role", "id", postgresql_where=text("closed_at IS NULL")),
    comment="Each rung that each work item has climbed, and who was told.",
)
