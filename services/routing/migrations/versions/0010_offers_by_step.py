"""Claims ask for the steps that a role does: the order of claims has an index for each of them."""

from alembic import op

revision = "0010"
down_revision = "0009"

_RANK = "(CASE priority WHEN 'urgent' THEN 0 WHEN 'high' THEN 1 WHEN 'normal' THEN 2 ELSE 3 END)"
_TASK = "(CASE WHEN ai AND step = 'studio' THEN 'generating' ELSE step END)"


def upgrade() -> None:
    _lead_with(f"coalesce(team, ''), coalesce(level, ''), {_TASK}")


def downgrade() -> None:
    _lead_with("coalesce(team, ''), coalesce(level, '')")


def _lead_with(kind: str) -> None:
    op.drop_index("work_item_offer", "work_item")
    op.execute(f"CREATE INDEX work_item_offer ON work_item (queue, {kind}, {_RANK}, due_at, id) WHERE state = 'ready'")
