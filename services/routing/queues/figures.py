"""All SQL of the queues' figures: each is read from an index alone, however much work was ever finished."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.routing.queues.schemas import Throughput

_DAY, _WEEK = timedelta(days=1), timedelta(days=7)

_STANDING = text(
    "SELECT queue, state, team, risk, count(*) AS count, min(created_at) AS oldest FROM work_item"
    " WHERE queue = ANY(:queues) AND state NOT IN ('approved', 'cancelled') GROUP BY queue, state, team, risk"
)
_HELD = text(
    "SELECT queue, count(*) AS count FROM work_item WHERE queue = ANY(:queues) AND claimed_by IS NOT NULL GROUP BY 1"
)
_APPROVED = text(
    "SELECT queue, count(*) FILTER (WHERE approved_at > :day_ago) AS day, count(*) AS week,"
    " percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM approved_at - ready_at)) AS median"
    " FROM work_item WHERE state = 'approved' AND approved_at > :week_ago AND queue = ANY(:queues) GROUP BY queue"
)
_UNFINISHED = text(
    "SELECT queue, count(*) AS count FROM work_item WHERE state NOT IN ('approved', 'cancelled') GROUP BY 1 ORDER BY 1"
)
# What no gate has: in review nobody claims.
_TASKS = text(
    "SELECT queue, CASE WHEN ai AND step = 'studio' THEN 'generating' ELSE step END AS task, count(*) AS count"
    " FROM work_item WHERE state IN ('waiting', 'ready', 'claimed', 'blocked') AND step <> 'qc' GROUP BY 1, 2"
    " ORDER BY 1, 2"
)


@dataclass(frozen=True)
class Standing:
    """So many unfinished items of one kind; the oldest was made then."""

    queue: str
    state: str
    team: str | None
    risk: str
    count: int
    oldest: datetime


@dataclass(frozen=True)
class Approved:
    """What was approved; the median is in seconds."""

    day: int
    week: int
    median: float | None

    def told(self) -> Throughput:
        hours = None if self.median is None else round(self.median / 3600, 2)
        return Throughput(last_24_hours=self.day, last_7_days=self.week, median_hours=hours)


async def read_standing(session: AsyncSession, queues: list[str]) -> list[Standing]:
    return [Standing(**row._mapping) for row in await session.execute(_STANDING, {"queues": queues})]


async def count_held(session: AsyncSession, queues: list[str]) -> dict[str, int]:
    return {row.queue: row[1] for row in await session.execute(_HELD, {"queues": queues})}


async def read_throughput(session: AsyncSession, queues: list[str], at: datetime) -> dict[str, Approved]:
    values = {"queues": queues, "day_ago": at - _DAY, "week_ago": at - _WEEK}
    rows = await session.execute(_APPROVED, values)
    return {row.queue: Approved(row.day, row.week, row.median) for row in rows}


async def count_tasks(session: AsyncSession) -> list[tuple[str, str, int]]:
    """Queue, what is to be done in it, and with how many items."""
    return [(row.queue, row.task, row[2]) for row in await session.execute(_TASKS)]


async def count_unfinished(session: AsyncSession) -> list[tuple[str, int]]:
    return [(row.queue, row[1]) for row in await session.execute(_UNFINISHED)]
