"""The table of messages."""

from sqlalchemy import Column, DateTime, Integer, MetaData, Table, Text, UniqueConstraint, Uuid

metadata = MetaData()

message = Table(
    "message",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("request_id", Uuid, nullable=False),
    # Its place in the conversation of its request, from 1 on without a gap.
    Column("number", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("pointer", Text),
    # Of an answer: what it answers.
    Column("question_id", Uuid),
    Column("by", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    UniqueConstraint("request_id", "number", name="message_place"),
    comment="What was said about each request; append-only.",
)
