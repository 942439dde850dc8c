"""SQL of what dossiers are made of."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.assets.dossiers.models import told


async def keep(
    session: AsyncSession,
    what: str,
    id: UUID,
    version: int,
    at: datetime,
    content: dict[str, Any],
    work_item_id: UUID | None = None,
) -> None:
    """The newest of its kind and id."""
    row = {"what": what, "id": id, "work_item_id": work_item_id, "version": version, "at": at, "content": content}
    statement = insert(told).values(row)
    newer = {name: statement.excluded[name] for name in ("version", "at", "content")}
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["what", "id"], set_=newer, where=told.c.version < statement.excluded.version
        )
    )


async def find(session: AsyncSession, what: str, ids: Collection[UUID]) -> dict[UUID, dict[str, Any]]:
    """By id; those that nobody has told of are missing."""
    query = select(told.c.id, told.c.content).where(told.c.what == what, told.c.id.in_(ids))
    return {row.id: row.content for row in await session.execute(query)}


async def decisions_of(session: AsyncSession, work_item_id: UUID) -> Sequence[dict[str, Any]]:
    """In the order they were made."""
    query = select(told.c.content).where(told.c.work_item_id == work_item_id).order_by(told.c.at, told.c.id)
    return [row.content for row in await session.execute(query)]
