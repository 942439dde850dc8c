"""Names that are taken."""

from sqlalchemy import Column, DateTime, Index, Integer, MetaData, Table, Text

metadata = MetaData()

taken_name = Table(
    "taken_name",
    metadata,
    Column("channel", Text, primary_key=True, comment="Empty: masters"),
    Column("name_key", Text, primary_key=True, comment="Without capitals"),
    Column("name", Text, nullable=False),
    Column("base_key", Text, nullable=False, comment="What the slot would be named if it were alone"),
    Column("number", Integer, nullable=False),
    Column("sku", Text, nullable=False),
    Column("colorway", Text, nullable=False),
    Column("view", Text, nullable=False),
    Column("taken_at", DateTime(timezone=True), nullable=False),
    Index("taken_name_base", "channel", "base_key", "number"),
    comment="Whose each name is: for ever, so that no two slots' files for a channel have one name.",
)
