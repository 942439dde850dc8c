"""The table of requests."""

from sqlalchemy import Column, DateTime, Integer, MetaData, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData()

request = Table(
    "request",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("state", Text, nullable=False),
    # Of the brief, for the filters of the list.
    Column("sku", Text),
    Column("category", Text),
    Column("brief", JSONB, nullable=False),
    Column("problems", JSONB, nullable=False),
    # What RequestAccepted said, None before.
    Column("accepted", JSONB(none_as_null=True)),
    Column("ai_ruling", JSONB(none_as_null=True)),
    Column("requested_by", Text, nullable=False),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    Column("cancelled_at", DateTime(timezone=True)),
    Column("cancel_cause", Text),
    # Open ones, of a request that was accepted before.
    Column("questions", JSONB, nullable=False),
    # The newest return, and the newest answer; the version that the return gave it.
    Column("returned_at", DateTime(timezone=True)),
    Column("answered_at", DateTime(timezone=True)),
    Column("returned_version", Integer),
)
