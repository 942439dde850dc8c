"""The tables of imports."""

from sqlalchemy import Column, DateTime, Index, Integer, LargeBinary, MetaData, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData()
_when = DateTime(timezone=True)

import_ = Table(
    "import",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("name", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("columns", JSONB, nullable=False),
    Column("time_zone", Text, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("imported_by", Text, nullable=False),
    Column("started_at", _when, nullable=False),
    Column("updated_at", _when, nullable=False),
    Column("finished_at", _when),
    # Sent again while it runs, the same bytes are the same import.
    Index("import_running", "sha256", "time_zone", unique=True, postgresql_where=text("finished_at IS NULL")),
)

import_row = Table(
    "import_row",
    metadata,
    Column("import_id", Uuid, primary_key=True),
    Column("number", Integer, primary_key=True),
    # Column → text, without the blank ones.
    Column("cells", JSONB, nullable=False),
    # An earlier row of the same file that asks for the same.
    Column("duplicate_of", Integer),
    Column("problems", JSONB, nullable=False),
    # None: still to be worked off.
    Column("outcome", Text),
    Column("request_id", Uuid),
)

imported = Table(
    "imported",
    metadata,
    Column("fingerprint", LargeBinary, primary_key=True),
    Column("request_id", Uuid, nullable=False),
    comment="Row content → the request that it made: the same row makes it once.",
)

imported_brief = Table(
    "imported_brief",
    metadata,
    Column("request_id", Uuid, primary_key=True),
    Column("sku", Text),
    Column("brief", JSONB, nullable=False),
    comment="What the row said that came last for a request that an import made.",
)
