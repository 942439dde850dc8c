"""What has been rendered: one row a question, so that the same one is not answered twice."""

from sqlalchemy import BigInteger, Column, DateTime, Index, Integer, MetaData, Table, Text, Uuid

metadata = MetaData()

render_failure = Table(
    "render_failure",
    metadata,
    Column("work_item_id", Uuid, primary_key=True),
    Column("round", Integer, primary_key=True),
    Column("cause", Text, nullable=False),
    Column("failed_at", DateTime(timezone=True), nullable=False),
    comment="Variants that can't be rendered: a person has to make them.",
)

rendition = Table(
    "rendition",
    metadata,
    Column("question", Text, primary_key=True, comment="Hash of master, pack, spec, label and certificate"),
    Column("master_id", Uuid, nullable=False),
    Column("channel", Text, nullable=False),
    Column("channel_pack", Integer, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("location", Text, nullable=False),
    Column("c2pa_manifest", Text),
    Column("made_at", DateTime(timezone=True), nullable=False),
    Index("rendition_sha256", "sha256"),
    comment="Each finished render. Signing makes other bytes each time: the first counts.",
)
