"""The table of amendments."""

from sqlalchemy import Boolean, Column, DateTime, ForeignKey, Index, Integer, MetaData, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from services.intake.requests import models as requests

metadata = MetaData()
_when = DateTime(timezone=True)

amendment = Table(
    "amendment",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("request_id", Uuid, ForeignKey(requests.request.c.id), nullable=False),
    Column("version", Integer, nullable=False),
    Column("state", Text, nullable=False),
    # The whole brief, and what RequestAmended would say; None: a cancellation.
    Column("brief", JSONB(none_as_null=True)),
    Column("content", JSONB(none_as_null=True)),
    Column("ai_ruling", JSONB(none_as_null=True)),
    Column("changed", ARRAY(Text), nullable=False),
    Column("keep_begun_work", Boolean, nullable=False),
    Column("cause", Text, nullable=False),
    Column("quote", JSONB(none_as_null=True)),
    Column("reason", Text),
    Column("proposed_by", Text, nullable=False),
    Column("proposed_at", _when, nullable=False),
    Column("updated_at", _when, nullable=False),
    Column("expires_at", _when),
    Column("accepted_by", Text),
    Column("accepted_at", _when),
    Column("closed_by", Text),
    Column("closed_cause", Text),
    Index("amendment_request", "request_id", "id"),
    Index("amendment_state", "state", "id"),
    Index(
        "amendment_one_open",
        "request_id",
        unique=True,
        postgresql_where=text("state IN ('proposed', 'quoted', 'accepted')"),
    ),
)
