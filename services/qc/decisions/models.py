"""Decisions: append-only, enforced by a trigger, and a chain of hashes."""

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Integer, MetaData, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

metadata = MetaData()

decision = Table(
    "decision",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("review_id", Uuid, nullable=False),
    Column("inspection_id", Uuid, nullable=False),
    Column("work_item_id", Uuid, nullable=False),
    Column("number", Integer, nullable=False),
    Column("version_id", Uuid, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("round", Integer, nullable=False),
    Column("gate", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("reasons", ARRAY(Text), nullable=False),
    Column("note", Text, nullable=False),
    Column("automatic", Boolean, nullable=False),
    Column("decided_by", Text, nullable=False),
    Column("role", Text),
    Column("checklist_version", Integer, nullable=False),
    Column("answers", JSONB, nullable=False),
    Column("zoom_inspected", Boolean, nullable=False),
    Column("result", JSONB, nullable=False),
    Column("decided_at", DateTime(timezone=True), nullable=False),
    Column("position", BigInteger, nullable=False, unique=True),
    Column("hash", Text, nullable=False),
    Column("flags", JSONB(none_as_null=True)),
    Column("marks", JSONB(none_as_null=True)),
    Column("causes", JSONB(none_as_null=True)),
    Column("overrides", JSONB(none_as_null=True)),
    Column("supersedes", Uuid, unique=True),
    Column("withdrawn", Boolean),
    Column("zoom", JSONB(none_as_null=True)),
    Column("measured", Text),
    comment="Every pass and fail. `number` counts a work item's decisions: the version of its events; `position` all"
    " decisions: the place in their chain, which `hash` closes. `measured`: digest of the inspection; null in decisions"
    " from before it, the inspection, the review and the number were hashed too.",
)

untold = Table(
    "untold",
    metadata,
    Column("decision_id", Uuid, primary_key=True),
    Column("work_item_id", Uuid, nullable=False),
    Column("number", Integer, nullable=False),
    Column("due_at", DateTime(timezone=True), nullable=False),
    Column("event", JSONB, nullable=False),
    Column("correlation_id", Text, nullable=False),
    comment="Decisions in their grace: they count, but nobody else has heard of them. `event` is what will be told.",
)
