"""What other services have told of work, kept for the dossiers of its finals."""

from sqlalchemy import BigInteger, Column, DateTime, Index, MetaData, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData()

told = Table(
    "told",
    metadata,
    Column("what", Text, primary_key=True, comment="request, work, inspection or decision"),
    Column("id", Uuid, primary_key=True, comment="Of the request, work item, version, or decision"),
    Column("work_item_id", Uuid, comment="Of a decision: to find all of a work item"),
    Column("version", BigInteger, nullable=False, comment="aggregateversion of the event: the newest is kept"),
    Column("at", DateTime(timezone=True), nullable=False, comment="When it happened"),
    Column("content", JSONB, nullable=False),
    Index("told_decisions", "work_item_id", postgresql_where=text("work_item_id IS NOT NULL")),
    comment="Requests, approved work, measurements and decisions as they were told: what dossiers are made of.",
)
