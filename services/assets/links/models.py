"""Links to versions, and the key that signs them."""

from sqlalchemy import Boolean, CheckConstraint, Column, DateTime, Index, LargeBinary, MetaData, Table, Text, Uuid

metadata = MetaData()
_when = DateTime(timezone=True)

link = Table(
    "link",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version_id", Uuid, nullable=False),
    Column("purpose", Text),
    Column("made_by", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("made_at", _when, nullable=False),
    Column("expires_at", _when, nullable=False),
    Column("revoked_by", Text),
    Column("revoked_at", _when),
    Column("despite_rights", Text, comment="Why it opens although its rights don't allow that"),
    Index("link_version", "version_id", "id"),
    comment="Each lets whoever has its address read one version until it expires. Changed only by revoking.",
)

link_key = Table(
    "link_key",
    metadata,
    Column("single", Boolean, primary_key=True),
    Column("key", LargeBinary, nullable=False, comment="Signs links; never read by anything else"),
    Column("made_at", _when, nullable=False),
    CheckConstraint("single", name="link_key_single"),
    comment="One row. Without it, every link that was made is void.",
)
