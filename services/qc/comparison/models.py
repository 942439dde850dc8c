"""Fingerprints of measured versions: append-only, enforced by a trigger."""

from sqlalchemy import BigInteger, Column, MetaData, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData()

fingerprint = Table(
    "fingerprint",
    metadata,
    Column("version_id", Uuid, primary_key=True),
    Column("work_item_id", Uuid, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("engine", Text, nullable=False),
    Column("sku", Text, nullable=False),
    Column("colorway", Text, nullable=False),
    Column("view", Text, nullable=False),
    Column("channel", Text),
    Column("pixels", Text, nullable=False),
    Column("phash", BigInteger, nullable=False),
    Column("content", JSONB, nullable=False),
    comment="What is kept of each measured picture, so that others can be compared with it. `content` is all of it.",
)
