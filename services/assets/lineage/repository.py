"""SQL of lineage: parents are ids in a version's row. There are no cycles, for parents are there before their
children. Ways between two may be many, so each step keeps a version once: of so many versions, at so many distances,
no more rows are looked at."""

from typing import Literal
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.assets.lineage.schemas import Relative
from services.assets.versions.models import version
from services.assets.versions.repository import FIELDS, version_of

_STEP = {
    "ancestors": "version next ON next.id = ANY(own.parents)",
    "descendants": "version next ON next.parents @> ARRAY[own.id]",
}

_RELATIVES = """
    WITH RECURSIVE reached (id, distance) AS (
        SELECT id, 0 FROM version WHERE id = :id
        UNION
        SELECT next.id, reached.distance + 1
        FROM reached JOIN version own ON own.id = reached.id JOIN {step}
        WHERE reached.distance <= :furthest
    )
    SELECT id, min(distance) AS distance FROM (SELECT * FROM reached LIMIT :looked_at) AS looked_at
    WHERE distance > 0 GROUP BY id ORDER BY min(distance), id LIMIT :most
"""


async def known(session: AsyncSession, ids: list[UUID]) -> set[UUID]:
    """Those of them that are versions."""
    return set((await session.execute(select(version.c.id).where(version.c.id.in_(ids)))).scalars())


async def relatives(
    session: AsyncSession, version_id: UUID, which: Literal["ancestors", "descendants"], furthest: int, most: int
) -> tuple[list[Relative], bool]:
    """At most so many, at most so many steps away; and whether there are others."""
    rows = (
        await session.execute(
            text(_RELATIVES.format(step=_STEP[which])),
            {"id": version_id, "furthest": furthest, "most": most + 1, "looked_at": (most + 1) * (furthest + 2)},
        )
    ).all()
    shown = {row.id: row.distance for row in rows[:most] if row.distance <= furthest}
    found = {
        row.id: version_of(row)
        for row in await session.execute(select(*FIELDS).where(version.c.id.in_(shown)))
    }  # fmt: skip
    return [Relative(distance=distance, version=found[one]) for one, distance in shown.items()], len(shown) < len(rows)
