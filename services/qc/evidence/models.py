"""Evidence: append-only, enforced by a trigger."""

from sqlalchemy import Column, Integer, MetaData, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData()

evidence = Table(
    "evidence",
    metadata,
    Column("inspection_id", Uuid, primary_key=True),
    Column("check", Text, primary_key=True),
    Column("sha256", Text, nullable=False),
    Column("bytes", Integer, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("scale", Integer, nullable=False),
    Column("legend", JSONB, nullable=False),
    comment="The overlay of each flag and fail that has a place in the picture; its bytes are in the store. `scale`:"
    " px of the version per px of the overlay.",
)
