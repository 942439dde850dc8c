"""The books of the store: one row a file that is in its place, or was."""

from sqlalchemy import BigInteger, Column, DateTime, Index, MetaData, Table, Text, Uuid, text

metadata = MetaData()
_when = DateTime(timezone=True)

stored_file = Table(
    "stored_file",
    metadata,
    Column("sha256", Text, primary_key=True),
    Column("bytes", BigInteger, nullable=False),
    Column("kept_at", _when, nullable=False, comment="When someone last put it there, or relied on it being there"),
    Column("check_at", _when, nullable=False, comment="When its bytes are to be read next"),
    Column("checked_at", _when, comment="When they were last found to be right"),
    Column("doomed_at", _when, comment="Its deletion began: nobody may rely on it"),
    Column("collected_at", _when, comment="It was deleted, since nothing referred to it"),
    Index("stored_file_check", "check_at", postgresql_where=text("collected_at IS NULL")),
    comment="Files under sha256/. Written before the file is.",
)

damaged_file = Table(
    "damaged_file",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("sha256", Text, nullable=False),
    Column("bytes", BigInteger, nullable=False, comment="So many it should have"),
    Column("problem", Text, nullable=False),
    Column("found_at", _when, nullable=False),
    Column("mended_at", _when, comment="When its bytes were right again, or nothing needed them any more"),
    Index("damaged_file_open", "sha256", unique=True, postgresql_where=text("mended_at IS NULL")),
    comment="What scrubbing found: one row a damage.",
)
