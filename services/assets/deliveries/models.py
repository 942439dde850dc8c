"""What vendors have sent: files, and deliveries that name them."""

from sqlalchemy import BigInteger, Column, DateTime, Index, MetaData, Table, Text, UniqueConstraint, Uuid
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData()
_when = DateTime(timezone=True)

vendor_file = Table(
    "vendor_file",
    metadata,
    Column("vendor", Text, primary_key=True),
    Column("sha256", Text, primary_key=True),
    Column("bytes", BigInteger, nullable=False),
    Column("media_type", Text, comment="NULL: not an image of a known format"),
    Column("uploaded_at", _when, nullable=False),
    Index("vendor_file_sha256", "sha256"),
    comment="Files that vendors have uploaded: only whoever uploaded a file can deliver it.",
)

delivery = Table(
    "delivery",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("vendor", Text, nullable=False),
    Column("webhook_id", Text, nullable=False),
    Column("body_sha256", Text, nullable=False),
    Column("files", JSONB, nullable=False, comment="The outcome of each file, in the order they were named"),
    Column("received_at", _when, nullable=False),
    UniqueConstraint("vendor", "webhook_id", name="delivery_once"),
    Index("delivery_vendor", "vendor", "id"),
    comment="Signed deliveries with their outcome: a second one with the same id gets the same answer.",
)
