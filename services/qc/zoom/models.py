"""What people have seen at 100 % zoom: it only grows, until their decision freezes it."""

from sqlalchemy import Column, DateTime, MetaData, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import BIT

metadata = MetaData()

zoom_evidence = Table(
    "zoom_evidence",
    metadata,
    Column("version_id", Uuid, primary_key=True),
    Column("person", Text, primary_key=True),
    Column("seen", BIT(varying=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    comment="Which cells of a version each person has seen at 100 % zoom: `seen` is a bit a cell, row by row.",
)
