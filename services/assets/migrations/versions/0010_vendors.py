"""Vendors in full: a row for each delivered file, numbers of deliveries, two secrets, webhooks that go out."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0010"
down_revision = "0009"

_when = sa.DateTime(timezone=True)

_MOVE_FILES = """
    INSERT INTO delivered_file (
        delivery_id, position, vendor, filename, sha256, attempts, state, version_id, work_item_id, reasons, codes,
        decided_at
    )
    SELECT d.id, named.place - 1, d.vendor, named.file ->> 'filename', named.file ->> 'sha256', 0,
        CASE WHEN (named.file ->> 'accepted')::boolean THEN 'accepted' ELSE 'quarantined' END,
        (named.file ->> 'version_id')::uuid, (named.file ->> 'work_item_id')::uuid,
        ARRAY(SELECT jsonb_array_elements_text(named.file -> 'reasons')), '{}', d.received_at
    FROM delivery d, jsonb_array_elements(d.files) WITH ORDINALITY AS named (file, place)
"""
_MOVE_BACK = """
    UPDATE delivery SET files = (
        SELECT coalesce(jsonb_agg(jsonb_build_object(
            'filename', f.filename, 'sha256', f.sha256, 'accepted', f.state = 'accepted', 'version_id', f.version_id,
            'work_item_id', f.work_item_id, 'reasons', to_jsonb(f.reasons)
        ) ORDER BY f.position), '[]') FROM delivered_file f WHERE f.delivery_id = delivery.id
    )
"""


def upgrade() -> None:
    op.add_column("vendor", sa.Column("old_secret", sa.Text))
    op.add_column("vendor", sa.Column("old_secret_until", _when))
    op.add_column("delivery", sa.Column("sequence", sa.BigInteger))
    op.add_column("delivery", sa.Column("decided_at", _when))
    op.add_column("delivery", sa.Column("repeats", sa.Integer, nullable=False, server_default="0"))
    op.create_table(
        "delivered_file",
        sa.Column("delivery_id", sa.Uuid, primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True),
        sa.Column("vendor", sa.Text, nullable=False),
        sa.Column("sku", sa.Text),
        sa.Column("colorway", sa.Text),
        sa.Column("view", sa.Text),
        sa.Column("channel", sa.Text),
        sa.Column("request_id", sa.Uuid),
        sa.Column("filename", sa.Text, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("bytes", sa.BigInteger),
        sa.Column("url", sa.Text),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("version_id", sa.Uuid),
        sa.Column("work_item_id", sa.Uuid),
        sa.Column("reasons", ARRAY(sa.Text), nullable=False),
        sa.Column("codes", ARRAY(sa.Text), nullable=False),
        sa.Column("decided_at", _when),
        sa.Index("delivered_file_vendor", "vendor", "sha256"),
    )
    op.execute(_MOVE_FILES)
    op.execute("UPDATE delivery SET decided_at = received_at")
    op.drop_column("delivery", "files")
    op.create_index("delivery_received", "delivery", ["vendor", "received_at"])
    op.create_index("delivery_sequence", "delivery", ["vendor", "sequence"])
    op.create_index("vendor_file_uploaded", "vendor_file", ["vendor", "uploaded_at"])
    _create_outbound()


def _create_outbound() -> None:
    op.create_table(
        "outbound_endpoint",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("domain", sa.Text, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("secret", sa.Text, nullable=False),
        sa.Column("secret_made_at", _when, nullable=False),
        sa.Column("old_secret", sa.Text),
        sa.Column("old_secret_until", _when),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("failing_since", _when),
        sa.Column("disabled_at", _when),
        sa.Column("disabled_because", sa.Text),
        sa.Column("times_disabled", sa.Integer, nullable=False),
        sa.Column("registered_by", sa.Text, nullable=False),
        sa.Column("registered_at", _when, nullable=False),
        sa.UniqueConstraint("owner", name="outbound_endpoint_owner"),
    )
    op.create_table(
        "outbound_message",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("endpoint_id", sa.Uuid, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("created_at", _when, nullable=False),
        sa.Column("next_try_at", _when),
        sa.Column("delivered_at", _when),
        sa.Index("outbound_message_endpoint", "endpoint_id", "id"),
        sa.Index("outbound_message_subject", "subject"),
    )
    op.create_table(
        "outbound_attempt",
        sa.Column("message_id", sa.Uuid, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("at", _when, nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("error", sa.Text),
        sa.Column("seconds", sa.Float, nullable=False),
    )


def downgrade() -> None:
    op.add_column("delivery", sa.Column("files", JSONB, nullable=False, server_default="[]"))
    op.execute(_MOVE_BACK)
    op.alter_column("delivery", "files", server_default=None)
    op.drop_index("vendor_file_uploaded", "vendor_file")
    for index in ("delivery_received", "delivery_sequence"):
        op.drop_index(index, "delivery")
    for column in ("sequence", "decided_at", "repeats"):
        op.drop_column("delivery", column)
    for column in ("old_secret", "old_secret_until"):
        op.drop_column("vendor", column)
    for table in ("outbound_attempt", "outbound_message", "outbound_endpoint", "delivered_file"):
        op.drop_table(table)
