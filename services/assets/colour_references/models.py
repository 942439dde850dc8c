"""Colour references: one row a version, never changed."""

from sqlalchemy import BigInteger, Column, DateTime, Index, Integer, MetaData, Table, Text, UniqueConstraint, Uuid

metadata = MetaData()

colour_reference = Table(
    "colour_reference",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("sku", Text, nullable=False),
    Column("colorway", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("filename", Text, nullable=False),
    Column("location", Text, nullable=False),
    Column("stored_by", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("stored_at", DateTime(timezone=True), nullable=False),
    UniqueConstraint("sku", "colorway", "kind", "number", name="colour_reference_once"),
    Index("colour_reference_sha256", "sha256"),
    comment="What a product's colour is judged by. The newest number of a kind counts.",
)
