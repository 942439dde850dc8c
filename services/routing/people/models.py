"""Tables: people's records, and the exceptions that they were granted."""

from sqlalchemy import Column, DateTime, ForeignKey, Index, Integer, MetaData, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY

metadata = MetaData()
_when = DateTime(timezone=True)

person = Table(
    "person",
    metadata,
    Column("subject", Text, primary_key=True),
    Column("id", Uuid, nullable=False, unique=True),
    Column("version", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("teams", ARRAY(Text)),
    Column("level", Text),
    Column("lane", Text),
    Column("updated_by", Text, nullable=False),
    Column("updated_at", _when, nullable=False),
    comment="Whose work is limited, and to what. Who isn't here may take what their role allows.",
)

lane_exception = Table(
    "lane_exception",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("subject", Text, ForeignKey(person.c.subject), nullable=False),
    Column("queue", Text, nullable=False),
    Column("cause", Text, nullable=False),
    Column("granted_by", Text, nullable=False),
    Column("granted_at", _when, nullable=False),
    Column("ends_at", _when, nullable=False),
    Index("lane_exception_subject", "subject", "queue", "ends_at"),
    comment="Exceptions from the lanes, as they were granted; append-only.",
)
