"""The conversation about a request, and where it stands."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0003"
down_revision = "0002"

_when = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("request", sa.Column("questions", JSONB, nullable=False, server_default="[]"))
    op.alter_column("request", "questions", server_default=None)
    op.add_column("request", sa.Column("returned_at", _when))
    op.add_column("request", sa.Column("answered_at", _when))
    op.execute("UPDATE request SET returned_at = updated_at WHERE state = 'returned'")
    op.create_table(
        "message",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("request_id", sa.Uuid, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("pointer", sa.Text),
        sa.Column("question_id", sa.Uuid),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("at", _when, nullable=False),
        sa.UniqueConstraint("request_id", "number", name="message_place"),
    )
    op.execute(
        """
        CREATE FUNCTION message_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'messages are append-only'; END $$
        """
    )
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON message"
        " FOR EACH STATEMENT EXECUTE FUNCTION message_is_append_only()"
    )


def downgrade() -> None:
    op.drop_table("message")
    op.execute("DROP FUNCTION message_is_append_only")
    for name in ("questions", "returned_at", "answered_at"):
        op.drop_column("request", name)
