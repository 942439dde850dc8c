"""Usage rights: the newest version of each, all of its versions, and what it is attached to."""

from sqlalchemy import Column, DateTime, Index, Integer, MetaData, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData()
_when = DateTime(timezone=True)

usage_right = Table(
    "usage_right",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("change", Integer, nullable=False, comment="aggregateversion of its newest event"),
    Column("content", JSONB, nullable=False, comment="The newest version"),
    # Of the content, to be found by.
    Column("kind", Text, nullable=False),
    Column("holder_key", Text, nullable=False),
    Column("begins_at", _when, nullable=False),
    Column("ends_at", _when, comment="The first moment after its term"),
    Column("revoked_at", _when),
    Column("told", Integer, comment="Days of the last warning of this term; 0: that it is over"),
    Index("usage_right_end", "ends_at"),
    Index("usage_right_holder", "holder_key"),
    comment="Each right in its newest version. None is deleted.",
)

usage_right_version = Table(
    "usage_right_version",
    metadata,
    Column("right_id", Uuid, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("content", JSONB, nullable=False),
    comment="Every version of each right. Never changed.",
)

usage_right_target = Table(
    "usage_right_target",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("right_id", Uuid, nullable=False),
    Column("key", Text, nullable=False, comment="What it is attached to, in one text"),
    Column("asset_id", Uuid),
    Column("work_item_id", Uuid, comment="The asset's"),
    Column("sku", Text),
    Column("colorway", Text),
    Column("request_id", Uuid),
    Column("vendor", Text),
    Column("attached_by", Text, nullable=False),
    Column("attached_at", _when, nullable=False),
    Column("detached_by", Text),
    Column("detached_at", _when),
    Column("cause", Text, comment="Why it was detached"),
    Index("usage_right_target_once", "right_id", "key", unique=True, postgresql_where=text("detached_at IS NULL")),
    Index("usage_right_target_key", "key", postgresql_where=text("detached_at IS NULL")),
    Index("usage_right_target_page", "right_id", "id"),
    comment="What each right holds for. What was detached stays.",
)
