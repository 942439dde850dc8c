"""Whom signed webhooks are sent to, each message, and each try to send it."""

from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
    Float,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)

metadata = MetaData()
_when = DateTime(timezone=True)

endpoint = Table(
    "outbound_endpoint",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("owner", Text, nullable=False, comment="Whose it is: `vendor/<id>`"),
    Column("domain", Text, nullable=False, comment="The decision domain whose owner keeps it"),
    Column("url", Text, nullable=False, comment="May hold what only its keeper may know: never shown or logged"),
    Column("active", Boolean, nullable=False, comment="False: its keeper wants nothing sent"),
    Column("secret", Text, nullable=False),
    Column("secret_made_at", _when, nullable=False),
    Column("old_secret", Text, comment="Signs too, until `old_secret_until`"),
    Column("old_secret_until", _when),
    Column("failures", Integer, nullable=False, comment="Tries since the last success"),
    Column("failing_since", _when),
    Column("disabled_at", _when, comment="It failed for too long: messages wait until it is enabled"),
    Column("disabled_because", Text),
    Column("times_disabled", Integer, nullable=False),
    Column("registered_by", Text, nullable=False),
    Column("registered_at", _when, nullable=False),
    UniqueConstraint("owner", name="outbound_endpoint_owner"),
    comment="Whom signed webhooks are sent to.",
)

message = Table(
    "outbound_message",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("endpoint_id", Uuid, nullable=False),
    Column("type", Text, nullable=False),
    Column("subject", Text, nullable=False, comment="What it tells of: an id"),
    Column("body", Text, nullable=False, comment="The same bytes at every try"),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("tries", Integer, nullable=False, comment="Attempts since it was last sent by hand"),
    Column("created_at", _when, nullable=False),
    Column("next_try_at", _when),
    Column("delivered_at", _when),
    Column("wakes_kind", Text, comment="Kind and key of the timer that is set when it is delivered or given up"),
    Column("wakes_key", Text),
    Index("outbound_message_endpoint", "endpoint_id", "id"),
    Index("outbound_message_subject", "subject"),
    comment="Each signed webhook that is or was to be sent.",
)

attempt = Table(
    "outbound_attempt",
    metadata,
    Column("message_id", Uuid, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("at", _when, nullable=False),
    Column("status", Integer, comment="NULL: there was no answer"),
    Column("error", Text),
    Column("seconds", Float, nullable=False),
    comment="Each try to send a message.",
)
