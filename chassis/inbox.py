"""The inbox: which events a consumer has handled, noted in the transaction of their effects."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession


async def note(session: AsyncSession, consumer: str, ids: Iterable[UUID]) -> set[UUID]:
    """Those that were not there before."""
    rows = await session.execute(
        text(
            "INSERT INTO inbox (consumer, event_id) SELECT :consumer, id FROM unnest(CAST(:ids AS uuid[])) AS id"
            " ON CONFLICT DO NOTHING RETURNING event_id"
        ),
        {"consumer": consumer, "ids": sorted(set(ids))},
    )
    return set(rows.scalars())


async def holds(session: AsyncSession, consumer: str, event_id: UUID) -> bool:
    """Whether this event was handled."""
    found = await session.execute(
        text("SELECT 1 FROM inbox WHERE consumer = :consumer AND event_id = :id"),
        {"consumer": consumer, "id": event_id},
    )
    return found.first() is not None
