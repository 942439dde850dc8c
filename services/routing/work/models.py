"""Tables: work items in their newest state, their history, and what must be known of their requests."""

from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

metadata = MetaData()
_when = DateTime(timezone=True)

request = Table(
    "request",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("cancelled", Boolean, nullable=False),
    Column("deadline", _when),
    comment="Requests that were accepted or cancelled: a cancellation that came first stops the work that comes later.",
)

work_item = Table(
    "work_item",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("request_id", Uuid, nullable=False),
    Column("parent_id", Uuid),
    Column("sku", Text, nullable=False),
    Column("product_name", Text, nullable=False),
    Column("category", Text, nullable=False),
    Column("materials", ARRAY(Text), nullable=False),
    Column("colorway", Text, nullable=False),
    Column("view", Text, nullable=False),
    Column("channel", Text),
    Column("spec", JSONB, nullable=False),
    Column("complexity_class", Text, nullable=False),
    Column("track", Text, nullable=False),
    Column("queue", Text, nullable=False),
    Column("owner_role", Text, nullable=False),
    Column("priority", Text, nullable=False),
    Column("gates", ARRAY(Text), nullable=False),
    Column("final_reviewers", Integer, nullable=False),
    Column("zoom_required", Boolean, nullable=False),
    Column("ai", Boolean, nullable=False),
    Column("state", Text, nullable=False),
    Column("round", Integer, nullable=False),
    Column("returns_to", Text),
    Column("claimed_by", Text),
    Column("lease_until", _when),
    Column("due_at", _when),
    Column("risk", Text, nullable=False),
    Column("approval_owner", Text, nullable=False),
    Column("created_at", _when, nullable=False),
    Column("updated_at", _when, nullable=False),
    Column("approved_at", _when),
    Column("at_risk_at", _when),
    Column("blocked_in", Text),
    Column("blocked_at", _when),
    Column("packs", JSONB, nullable=False),
    Column("chosen_by", JSONB, nullable=False),
    Column("step", Text, nullable=False),
    Column("team", Text),
    Column("level", Text),
    UniqueConstraint(
        "request_id", "colorway", "view", "channel", name="work_item_slot", postgresql_nulls_not_distinct=True
    ),
    Index("work_item_queue", "queue", "state", "id"),
    Index("work_item_state", "state", "id"),
    Index("work_item_sku", "sku", "id"),
    Index("work_item_parent", "parent_id", postgresql_where=text("parent_id IS NOT NULL")),
    Index("work_item_risk", "risk", "id", postgresql_where=text("risk <> 'on_time'")),
    comment="Shots and variants in their newest state: the one source of truth for the status of work.",
)

history = Table(
    "history",
    metadata,
    Column("work_item_id", Uuid, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("at", _when, nullable=False),
    Column("what", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("cause", Text),
    Column("state", Text, nullable=False),
    Column("changes", JSONB),
    comment="Every step of every work item; append-only.",
)
