"""What vendors have sent: files, deliveries, and the files that these name."""

from sqlalchemy import BigInteger, Column, DateTime, Index, Integer, MetaData, Table, Text, UniqueConstraint, Uuid
from sqlalchemy.dialects.postgresql import ARRAY

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
    Index("vendor_file_uploaded", "vendor", "uploaded_at"),
    comment="Files that vendors have uploaded, or that were fetched from them: only whose a file is can deliver it.",
)

delivery = Table(
    "delivery",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("vendor", Text, nullable=False),
    Column("webhook_id", Text, nullable=False),
    Column("body_sha256", Text, nullable=False),
    Column("sequence", BigInteger, comment="The vendor's own number of it"),
    Column("received_at", _when, nullable=False),
    Column("decided_at", _when, comment="NULL: some of its files wait to be fetched"),
    Column("repeats", Integer, nullable=False, comment="How often the same message came again"),
    UniqueConstraint("vendor", "webhook_id", name="delivery_once"),
    Index("delivery_vendor", "vendor", "id"),
    Index("delivery_received", "vendor", "received_at"),
    Index("delivery_sequence", "vendor", "sequence"),
    comment="Signed deliveries: a second one with the same id changes nothing.",
)

delivered_file = Table(
    "delivered_file",
    metadata,
    Column("delivery_id", Uuid, primary_key=True),
    Column("position", Integer, primary_key=True, comment="In the order they were named, from 0"),
    Column("vendor", Text, nullable=False),
    Column("sku", Text, comment="NULL, as are the four below, in deliveries from before they were kept"),
    Column("colorway", Text),
    Column("view", Text),
    Column("channel", Text),
    Column("request_id", Uuid),
    Column("filename", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("bytes", BigInteger, comment="As the vendor says"),
    Column(
        "url", Text, comment="Until it is decided: it may hold what only the vendor may know; never shown or logged"
    ),
    Column("digital_source_type", Text, comment="What AI did to it, as the vendor says"),
    Column("attempts", Integer, nullable=False, comment="Failed tries to fetch it"),
    Column("state", Text, nullable=False),
    Column("version_id", Uuid),
    Column("work_item_id", Uuid),
    Column("reasons", ARRAY(Text), nullable=False),
    Column("codes", ARRAY(Text), nullable=False),
    Column("decided_at", _when),
    Index("delivered_file_vendor", "vendor", "sha256"),
    comment="Each file that a delivery names, and what became of it.",
)
