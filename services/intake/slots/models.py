"""The table of slots."""

from sqlalchemy import Column, MetaData, Table, Text, Uuid

metadata = MetaData()

slot = Table(
    "slot",
    metadata,
    Column("sku", Text, primary_key=True),
    Column("colorway", Text, primary_key=True),
    Column("view", Text, primary_key=True),
    Column("request_id", Uuid, nullable=False),
    comment="Which SKU × colorway × view is in work, and for which request.",
)
