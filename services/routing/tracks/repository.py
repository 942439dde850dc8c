"""SQL about packs: their versions, and the unfinished work that is on what they name."""

from collections.abc import Collection, Sequence
from typing import Any, Literal

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

_VERSIONS = text(
    "SELECT version, published_by, published_at FROM pack WHERE name = :name"
    " AND (CAST(:before AS int) IS NULL OR version < :before) ORDER BY version DESC LIMIT :limit"
)
_ON_OTHERS = {
    column: text(
        f"SELECT {column} AS name, count(*) AS items FROM work_item"  # noqa: S608, our own names
        f" WHERE state NOT IN ('approved', 'cancelled') AND {column} <> ALL(CAST(:names AS text[]))"
        " GROUP BY 1 ORDER BY 1"
    )
    for column in ("track", "team")
}


async def take_publishing(session: AsyncSession) -> None:
    """One edit at a time of all of routing's packs: what one is checked against can't change meanwhile."""
    await session.execute(text("SELECT pg_advisory_xact_lock(hashtext('routing packs'))"))


async def list_versions(session: AsyncSession, name: str, before: int | None, limit: int) -> Sequence[Row[Any]]:
    """Newest first."""
    return (await session.execute(_VERSIONS, {"name": name, "before": before, "limit": limit})).all()


async def unfinished_on_others(
    session: AsyncSession, column: Literal["track", "team"], names: Collection[str]
) -> list[tuple[str, int]]:
    """Tracks or teams that are none of these and have unfinished work, with how many items."""
    rows = await session.execute(_ON_OTHERS[column], {"names": list(names)})
    return [(row.name, row.items) for row in rows]
