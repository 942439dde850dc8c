"""All SQL of handoffs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Row, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.values import WorkState
from services.routing.handoffs import models
from services.routing.handoffs.domain import Moment

_TABLE = models.handoff
_ADD = text("INSERT INTO handoff SELECT * FROM jsonb_populate_recordset(NULL::handoff, CAST(:rows AS jsonb))")

# From the step that brought each item where it is now: that of its last handoff, or its making.
_MOMENTS = text(
    "SELECT h.work_item_id, h.version, h.at, h.what, h.by, h.state"
    " FROM unnest(CAST(:ids AS uuid[])) AS item (id) JOIN history AS h ON h.work_item_id = item.id"
    " AND h.version >= coalesce((SELECT max(version) FROM handoff WHERE work_item_id = item.id), 1)"
    " ORDER BY h.work_item_id, h.version"
)

# A track and a step, of which only some are left when the period is short.
_SUMMARY = text(
    "SELECT track, from_step AS step, count(*) AS items,"
    " percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY waiting_hours) AS waiting,"
    " percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY working_hours) AS working,"
    " percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY waiting_hours + working_hours) AS whole"
    " FROM handoff WHERE at >= :since AND at < :until"
    " AND (CAST(:track AS text) IS NULL OR track = :track) AND (CAST(:step AS text) IS NULL OR from_step = :step)"
    " GROUP BY track, from_step ORDER BY track, from_step"
)


@dataclass(frozen=True)
class Period:
    """Which handoffs a summary is of."""

    since: datetime
    until: datetime
    track: str | None
    step: str | None


async def add(session: AsyncSession, rows: Iterable[dict[str, Any]]) -> None:
    await session.execute(_ADD, {"rows": orjson.dumps(list(rows), default=str).decode()})


async def moments_of(session: AsyncSession, work_ids: Iterable[UUID]) -> dict[UUID, list[Moment]]:
    """Each item's history since it entered its step, oldest first."""
    found: dict[UUID, list[Moment]] = {}
    for row in await session.execute(_MOMENTS, {"ids": list(work_ids)}):
        moment = Moment(row.version, row.at, row.what, row.by, WorkState(row.state))
        found.setdefault(row.work_item_id, []).append(moment)
    return found


async def list_of_item(session: AsyncSession, work_id: UUID) -> Sequence[Row[Any]]:
    """Oldest first."""
    query = select(_TABLE).where(_TABLE.c.work_item_id == work_id).order_by(_TABLE.c.version)
    return (await session.execute(query)).all()


async def summarize(session: AsyncSession, period: Period) -> Sequence[Row[Any]]:
    values = {"since": period.since, "until": period.until, "track": period.track, "step": period.step}
    return (await session.execute(_SUMMARY, values)).all()
