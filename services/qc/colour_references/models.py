"""Colour references, each as it was measured: append-only, enforced by a trigger."""

from sqlalchemy import Column, DateTime, Integer, MetaData, Table, Text, UniqueConstraint, Uuid
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData()

colour_reference = Table(
    "colour_reference",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("sku", Text, nullable=False),
    Column("colorway", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("reference", JSONB, nullable=False),
    Column("refusals", JSONB, nullable=False),
    Column("colours", JSONB, nullable=False),
    Column("measurements", JSONB, nullable=False),
    Column("engine", JSONB),
    Column("measured_at", DateTime(timezone=True), nullable=False),
    UniqueConstraint("sku", "colorway", "kind", "number", name="colour_reference_once"),
    comment="Copy of what assets stores, with what was measured of it and the colours that shots are compared with.",
)
