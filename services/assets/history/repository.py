"""SQL of histories."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.clock import now
from chassis.ids import new_id
from services.assets.history.models import version_history
from services.assets.history.schemas import Happening

MOST = 1000


async def note(
    session: AsyncSession,
    version_id: UUID,
    what: str,
    *,
    by: str | None,
    reason: str | None = None,
    details: Mapping[str, object],
    at: datetime | None = None,
    note_id: UUID | None = None,
) -> None:
    """Now, unless told otherwise. A `note_id` is noted once."""
    row = {
        "id": note_id or new_id(),
        "version_id": version_id,
        "at": at or now(),
        "what": what,
        "by": by,
        "reason": reason,
        "details": details,
    }
    await session.execute(insert(version_history).values(row).on_conflict_do_nothing())


async def of_version(session: AsyncSession, version_id: UUID) -> list[Happening]:
    """The oldest first, the first thousand."""
    table = version_history.c
    query = (
        select(table.at, table.what, table.by, table.reason, table.details)
        .where(table.version_id == version_id)
        .order_by(table.at, table.id)
        .limit(MOST)
    )
    return [Happening(**row._mapping) for row in await session.execute(query)]
