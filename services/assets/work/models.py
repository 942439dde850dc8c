"""The read copy of routing's work items, and the gates that their rounds have passed."""

from sqlalchemy import Boolean, Column, DateTime, Index, Integer, MetaData, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY

metadata = MetaData()
_when = DateTime(timezone=True)

work_item = Table(
    "work_item",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False, comment="aggregateversion of the event that it is a copy of"),
    Column("kind", Text, nullable=False),
    Column("request_id", Uuid, nullable=False),
    Column("parent_id", Uuid),
    Column("sku", Text, nullable=False),
    Column("colorway", Text, nullable=False),
    Column("view", Text, nullable=False),
    Column("channel", Text),
    Column("gates", ARRAY(Text), nullable=False),
    Column("state", Text, nullable=False),
    Column("round", Integer, nullable=False),
    Column("returns_to", Text),
    Column("claimed_by", Text),
    Column("step", Text),
    Column("cause", Text, comment="Why it is in this state, where the event said so"),
    Column("created_at", _when, nullable=False),
    Column("approved_at", _when),
    Column("use", Text, comment="The request's intended use; none: it was told before work items said so"),
    Column("ai", Boolean, comment="AI is on record for it; null: told before that was kept"),
    Index("work_item_slot", "sku", "colorway", "view", "channel"),
    Index("work_item_request", "request_id"),
    Index("work_item_parent", "parent_id"),
    comment="Each work item in its newest state that routing has told.",
)

passed_gate = Table(
    "passed_gate",
    metadata,
    Column("work_item_id", Uuid, primary_key=True),
    Column("round", Integer, primary_key=True),
    Column("gate", Text, primary_key=True),
    comment="Gates that a work item has passed, told by qc.",
)
