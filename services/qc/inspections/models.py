"""Inspections and their measurements: append-only, enforced by a trigger."""

from sqlalchemy import Column, DateTime, Double, MetaData, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData()

inspection = Table(
    "inspection",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version_id", Uuid, nullable=False, unique=True),
    Column("work_item_id", Uuid, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("spec", JSONB, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("completed_at", DateTime(timezone=True), nullable=False),
    Column("engine", JSONB),
    Column("compared_with", JSONB, nullable=False),
    Column("key", Text),
    Column("measured_as", Uuid),
    Column("subject_cells", JSONB(none_as_null=True)),
    comment="One a version: what it was measured against, and the worst that was found. `key`: what"
    " has the same key has the same results; `measured_as`: the inspection that they were taken from.",
)

measurement = Table(
    "measurement",
    metadata,
    Column("inspection_id", Uuid, primary_key=True),
    Column("check", Text, primary_key=True),
    Column("gate", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("value", Double),
    Column("measured", JSONB, nullable=False),
    comment="Each check of an inspection: `measured` is the whole measurement.",
)
