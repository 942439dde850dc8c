"""SQL of what was seen at 100 % zoom."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Text, cast, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.qc.zoom.models import zoom_evidence

_JOIN = text(
    "INSERT INTO zoom_evidence AS known (version_id, person, seen, updated_at)"
    " VALUES (:version_id, :person, CAST(CAST(:seen AS text) AS varbit), :at)"
    " ON CONFLICT (version_id, person)"
    " DO UPDATE SET seen = known.seen | excluded.seen, updated_at = greatest(known.updated_at, excluded.updated_at)"
    " RETURNING CAST(seen AS text)"
)


async def join(session: AsyncSession, version_id: UUID, person: str, seen: str, at: datetime) -> str:
    """Add a map to what this person has seen of the version: the map of all of it. Of several at the same moment none
    is lost: PostgreSQL joins them one after another."""
    values = {"version_id": version_id, "person": person, "seen": seen, "at": at}
    return str((await session.execute(_JOIN, values)).scalar_one())


async def seen_by(session: AsyncSession, person: str, version_ids: Sequence[UUID]) -> dict[UUID, str]:
    """Version → the map of what this person has seen of it; without those that they never looked at."""
    query = select(zoom_evidence.c.version_id, cast(zoom_evidence.c.seen, Text).label("seen")).where(
        zoom_evidence.c.person == person, zoom_evidence.c.version_id.in_(version_ids)
    )
    return {row.version_id: row.seen for row in await session.execute(query)}
