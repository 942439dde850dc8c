"""The vendor registry."""

from sqlalchemy import Boolean, Column, DateTime, MetaData, Table, Text

metadata = MetaData()
_when = DateTime(timezone=True)

vendor = Table(
    "vendor",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("secret", Text, nullable=False, comment="Signs and verifies; never read by anything else"),
    Column("secret_made_at", _when, nullable=False),
    Column("old_secret", Text, comment="Verifies too, until `old_secret_until`"),
    Column("old_secret_until", _when),
    Column("registered_by", Text, nullable=False),
    Column("registered_at", _when, nullable=False),
    comment="Who may deliver by signed webhook.",
)
