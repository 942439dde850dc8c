"""Resumable uploads: one row an upload, and one a piece that is kept of it."""

from sqlalchemy import BigInteger, Column, DateTime, Index, Integer, MetaData, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData()
_when = DateTime(timezone=True)

upload = Table(
    "upload",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("created_by", Text, nullable=False),
    Column("work_item_id", Uuid, nullable=False),
    Column("round", Integer, nullable=False, comment="The work item's, when the upload was created"),
    Column("filename", Text, nullable=False),
    Column("sha256", Text, comment="What the whole must be, where its sender said so"),
    Column("digital_source_type", Text, comment="What AI did to it, where its sender said so"),
    Column("metadata", Text, nullable=False, comment="Upload-Metadata, as it came"),
    Column("length", BigInteger, nullable=False),
    Column("received", BigInteger, nullable=False, comment="The offset: all before it is kept"),
    Column("pieces", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("writer", Uuid, comment="The request that writes to it now"),
    Column("writer_until", _when, comment="When that one counts as dead, unless it says that it isn't"),
    Column("version_id", Uuid),
    Column("problem", JSONB, comment="Why its end was refused"),
    Column("created_at", _when, nullable=False),
    Column("expires_at", _when, nullable=False, comment="Of an upload that has ended: when its row goes"),
    Index("upload_of_caller", "created_by", "id"),
    comment="Resumable uploads. Open ones have less than their length: the last bytes come with the end.",
)

upload_piece = Table(
    "upload_piece",
    metadata,
    Column("upload_id", Uuid, primary_key=True),
    Column("start", BigInteger, primary_key=True),
    Column("bytes", BigInteger, nullable=False),
    Column("location", Text, nullable=False),
    comment="What is kept of open uploads, in the store.",
)
