"""All SQL of escalations, and of how long steps usually take."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.pagination import PageRequest
from contracts.values import ComplexityClass, Step
from services.routing.sla import models
from services.routing.sla.domain import Usual

_TABLE = models.escalation

_CLOSE = text(
    "UPDATE escalation SET closed_at = :at WHERE work_item_id = ANY(CAST(:ids AS uuid[])) AND closed_at IS NULL"
)

# The kinds of steps are found by leaps over the index, and of each only the newest rows are read: the cost is the same
# however many handoffs there are.
_USUAL = text(
    """
    WITH RECURSIVE known AS (
        (SELECT track, from_step, complexity_class FROM handoff ORDER BY 1, 2, 3 LIMIT 1)
        UNION ALL
        SELECT following.* FROM known CROSS JOIN LATERAL (
            SELECT track, from_step, complexity_class FROM handoff
            WHERE (track, from_step, complexity_class) > (known.track, known.from_step, known.complexity_class)
            ORDER BY 1, 2, 3 LIMIT 1
        ) AS following
    )
    SELECT known.track, known.from_step, known.complexity_class, measured.median
    FROM known CROSS JOIN LATERAL (
        SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY hours) AS median, count(*) AS found
        FROM (
            SELECT waiting_hours + working_hours AS hours FROM handoff
            WHERE (track, from_step, complexity_class) = (known.track, known.from_step, known.complexity_class)
            ORDER BY at DESC LIMIT :last
        ) AS newest
    ) AS measured
    WHERE measured.found >= :least
    """
)


async def add(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    await session.execute(insert(_TABLE).values(rows))


async def close(session: AsyncSession, work_ids: Iterable[UUID], at: datetime) -> None:
    """Their work is over: nobody has to look at them any more."""
    await session.execute(_CLOSE, {"ids": list(work_ids), "at": at})


async def list_open(session: AsyncSession, roles: Collection[str], page: PageRequest) -> Sequence[Row[Any]]:
    """Newest first; one more than the page holds, if there is one."""
    query = select(_TABLE).where(_TABLE.c.closed_at.is_(None), _TABLE.c.role.in_(sorted(roles)))
    if page.after is not None:
        query = query.where(_TABLE.c.id < page.after)
    return (await session.execute(query.order_by(_TABLE.c.id.desc()).limit(page.limit + 1))).all()


async def measure_usual(session: AsyncSession, last: int, least: int) -> Usual:
    """The median of the `last` times that each kind of step was left; of those that were left `least` times."""
    rows = await session.execute(_USUAL, {"last": last, "least": least})
    return {
        (row.track, Step(row.from_step), ComplexityClass(row.complexity_class)): timedelta(hours=row.median)
        for row in rows
    }
