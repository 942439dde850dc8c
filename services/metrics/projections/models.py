"""The read models: one table a thing that is counted. All can be made anew from the event logs."""

from sqlalchemy import Boolean, Column, DateTime, Index, Integer, MetaData, Table, Text, Uuid

metadata = MetaData()
_when = DateTime(timezone=True)

request = Table(
    "request",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("sku", Text),
    Column("category", Text),
    comment="Each request in its newest state.",
)

request_begun = Table(
    "request_begun",
    metadata,
    Column("request_id", Uuid, primary_key=True),
    Column("at", _when, nullable=False),
    comment="When each request was first heard of.",
)

request_return = Table(
    "request_return",
    metadata,
    Column("request_id", Uuid, primary_key=True),
    Column("version", Integer, primary_key=True),
    comment="Each time that a request was returned for clarification.",
)

work = Table(
    "work",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("category", Text, nullable=False),
    Column("track", Text, nullable=False),
    Column("channel", Text),
    Column("ai", Boolean, nullable=False),
    Column("state", Text, nullable=False),
    Column("risk", Text, nullable=False),
    Column("round", Integer, nullable=False),
    Column("due_at", _when),
    Column("approved_at", _when),
    Column("request_id", Uuid, comment="None: of work that has not changed since this is kept"),
    Index("work_state", "state"),
    comment="Each work item in its newest state.",
)

escalation = Table(
    "escalation",
    metadata,
    Column("work_item_id", Uuid, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("rung", Text, nullable=False),
    Column("track", Text, nullable=False),
    Column("role", Text, nullable=False),
    comment="Each rung of its track's ladder that each work item has climbed.",
)

redone_round = Table(
    "redone_round",
    metadata,
    Column("work_item_id", Uuid, primary_key=True),
    Column("round", Integer, primary_key=True),
    comment="Each round of work that an amendment began: nobody failed, so it is no rework.",
)

version = Table(
    "version",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("work_item_id", Uuid, nullable=False),
    Column("source", Text, nullable=False),
    Column("delivered_by", Text, nullable=False),
    comment="Each stored version.",
)

delivered_file = Table(
    "delivered_file",
    metadata,
    Column("delivery_id", Uuid, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("vendor", Text, nullable=False),
    Column("accepted", Boolean, nullable=False),
    comment="Each file of each vendor's delivery.",
)

decision = Table(
    "decision",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("work_item_id", Uuid, nullable=False),
    Column("gate", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("automatic", Boolean, nullable=False),
    comment="Each decision at a gate.",
)

rejection_cause = Table(
    "rejection_cause",
    metadata,
    Column("decision_id", Uuid, primary_key=True),
    Column("facet", Text, primary_key=True),
    Column("cause", Text, primary_key=True),
    comment="Why a decision failed: `reason` of the taxonomy, `rework` (R84) and `ai` (R77) under which it counts.",
)

publication = Table(
    "publication",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("destination", Text, nullable=False),
    Column("state", Text, nullable=False),
    comment="Each version at each destination, in its newest state.",
)

launch = Table(
    "launch",
    metadata,
    Column("publication_id", Uuid, primary_key=True),
    Column("work_item_id", Uuid, nullable=False),
    Column("sent_at", _when),
    Column("live_at", _when),
    comment="When each version was first sent to each destination, and first live there.",
)
