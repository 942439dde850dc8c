"""The chassis' tables, and two to see effects in."""

from alembic import op

from chassis import tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    tables.metadata.create_all(op.get_bind())
    # A doubled name is noticed at the commit, not before: so a test can have a commit fail.
    op.execute(
        "CREATE TABLE tally (id uuid PRIMARY KEY, name text NOT NULL, amount int NOT NULL, version int NOT NULL,"
        " UNIQUE (name) DEFERRABLE INITIALLY DEFERRED)"
    )
    op.execute("CREATE TABLE effect (position bigint GENERATED ALWAYS AS IDENTITY, event_id uuid, note text)")


def downgrade() -> None:
    op.execute("DROP TABLE effect, tally")
    tables.metadata.drop_all(op.get_bind())
