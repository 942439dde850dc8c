"""The chassis' own tables, one set in each service's schema."""

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
)
from sqlalchemy.dialects.postgresql import JSON, JSONB

metadata = MetaData()
_now = func.now()

event_log = Table(
    "event_log",
    metadata,
    Column("position", BigInteger, Identity(always=True), primary_key=True),
    Column("event_id", Uuid, nullable=False),
    Column("subject", Text, nullable=False),
    Column("aggregate_id", Text, nullable=False),
    Column("aggregate_version", Integer, nullable=False),
    # json, not jsonb: the text is published as it was written.
    Column("payload", JSON, nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    comment="Everything that this service ever said; never updated.",
)

unsent = Table(
    "unsent",
    metadata,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    comment="Positions of the event log that the relay has not published yet.",
)

inbox = Table(
    "inbox",
    metadata,
    Column("consumer", Text, primary_key=True),
    Column("event_id", Uuid, primary_key=True),
    Column("handled_at", DateTime(timezone=True), nullable=False, server_default=_now),
    comment="Events that were handled: a second delivery changes nothing.",
)

stream_memory = Table(
    "stream_memory",
    metadata,
    Column("reader", Text, primary_key=True),
    Column("stream_created", Text, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("event_id", Text, nullable=False),
    comment="The last message of the stream that the relay or a consumer is sure of; by it a lost stream is noticed.",
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("caller", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("fingerprint", Text, nullable=False),
    Column("status", Integer),
    Column("answer", JSON),
    Column("headers", JSON),
    Column("created_at", DateTime(timezone=True), nullable=False),
    comment="Answers given to requests with an Idempotency-Key.",
)

timer = Table(
    "timer",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("due_at", DateTime(timezone=True), nullable=False),
    UniqueConstraint("kind", "key"),
    Index("timer_due_at", "due_at"),
    comment="What is to happen at a time: taken with SKIP LOCKED, so it happens once.",
)

pack = Table(
    "pack",
    metadata,
    Column("name", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("content", JSONB, nullable=False),
    Column("published_by", Text, nullable=False),
    Column("published_at", DateTime(timezone=True), nullable=False),
    comment="Reference data: every version of the own packs, and copies of other services'.",
)
