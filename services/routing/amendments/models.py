"""Tables: what requests say now, which gates work has passed, quotes and their lines."""

from sqlalchemy import Boolean, Column, DateTime, ForeignKey, Index, Integer, MetaData, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData()

request_content = Table(
    "request_content",
    metadata,
    Column("request_id", Uuid, primary_key=True),
    Column("content", JSONB, nullable=False),
    comment="What each request says, as its work was made: an amendment is compared with it.",
)

passed_gate = Table(
    "passed_gate",
    metadata,
    Column("work_item_id", Uuid, primary_key=True),
    Column("round", Integer, primary_key=True),
    Column("gate", Text, primary_key=True),
    comment="Gates that work has passed, by round: an amendment says what of it would be lost.",
)

amendment = Table(
    "amendment",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("request_id", Uuid, nullable=False),
    Column("state", Text, nullable=False),
    # None: the request is to be cancelled.
    Column("content", JSONB(none_as_null=True)),
    Column("keep_begun_work", Boolean, nullable=False),
    Column("cause", Text, nullable=False),
    Column("quote", JSONB(none_as_null=True)),
    Column("reason", Text),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    comment="Amendments, their newest quote, and what became of them.",
)

quote_line = Table(
    "quote_line",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("amendment_id", Uuid, ForeignKey("amendment.id"), nullable=False),
    Column("line", JSONB, nullable=False),
    Index("quote_line_amendment", "amendment_id", "id"),
    comment="Every line of the newest quote of an amendment, in its order.",
)
