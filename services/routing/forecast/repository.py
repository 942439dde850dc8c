"""All SQL of the forecast."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.values import ComplexityClass, Step, WorkKind
from services.routing.forecast.domain import Pile

# A variant whose master is not approved yet has no due date: it comes with its master.
_PILES = text(
    """
    SELECT date_trunc('week', coalesce(w.due_at, master.due_at) AT TIME ZONE :zone)::date AS week,
           w.track, w.team, w.complexity_class, w.kind, w.step, count(*) AS items
    FROM work_item w LEFT JOIN work_item master ON w.due_at IS NULL AND master.id = w.parent_id
    WHERE w.state NOT IN ('approved', 'cancelled')
    GROUP BY 1, 2, 3, 4, 5, 6
    """
)


async def read_piles(session: AsyncSession, zone: str) -> list[Pile]:
    """All unfinished work."""
    rows = await session.execute(_PILES, {"zone": zone})
    return [
        Pile(
            row.week,
            row.track,
            row.team,
            ComplexityClass(row.complexity_class),
            WorkKind(row.kind),
            Step(row.step),
            row.items,
        )
        for row in rows
    ]
