"""Table: each step of each work item that is over."""

from sqlalchemy import Column, DateTime, Float, Index, Integer, MetaData, Table, Text, Uuid

metadata = MetaData()
_when = DateTime(timezone=True)

handoff = Table(
    "handoff",
    metadata,
    Column("work_item_id", Uuid, primary_key=True),
    Column("version", Integer, primary_key=True, comment="Of the work item, when it left the step."),
    Column("kind", Text, nullable=False),
    Column("track", Text, nullable=False),
    Column("complexity_class", Text, nullable=False),
    Column("round", Integer, nullable=False),
    Column("from_step", Text, nullable=False),
    Column("to_step", Text, nullable=False),
    Column("held_by", Text, comment="Who claimed it last; null: nobody did."),
    Column("since", _when, nullable=False),
    Column("at", _when, nullable=False),
    Column("by", Text, nullable=False),
    Column("note", Text),
    Column("waiting_hours", Float, nullable=False),
    Column("working_hours", Float, nullable=False),
    Column("waiting_wall_hours", Float, nullable=False),
    Column("working_wall_hours", Float, nullable=False),
    Index("handoff_usual", "track", "from_step", "complexity_class", "at"),
    Index("handoff_at", "at"),
    comment="Who handed which work on, when, from which step to which, and how long that step took; append-only.",
)
