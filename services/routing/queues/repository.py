"""All SQL of claims: what waits for whom, in the order of claims, and how much is held."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.routing.queues.domain import Limits, Offer
from services.routing.queues.schemas import Lane
from services.routing.tracks.schemas import Level
from services.routing.work.domain import Tracked
from services.routing.work.repository import read_items

# How many of the best are looked at: first about as many as one process claims at once, then ever more.
_MOST = (12, 100, 20_000)
# The same for whole SKUs, and how often: one that was just taken may still be seen for a moment; then the next is
# tried.
_MOST_BY_SKU = ((12, 1), (100, 20), (20_000, 1))
_LAPSED_AT_ONCE = 100

# As in the index `work_item_offer`: urgent first.
_RANK = "(CASE priority WHEN 'urgent' THEN 0 WHEN 'high' THEN 1 WHEN 'normal' THEN 2 ELSE 3 END)"

# `task_of`, as in the index.
_TASK = "(CASE WHEN ai AND step = 'studio' THEN 'generating' ELSE step END)"
_KIND = f"coalesce(team, ''), coalesce(level, ''), {_TASK}"

# The kinds of work (team, level, task) that are ready in a queue: from one to the next by the index, not over every
# item.
_OFFERS = f"""
    WITH RECURSIVE offer (team, level, task) AS (
        (SELECT {_KIND} FROM work_item WHERE queue = :queue AND state = 'ready' ORDER BY {_KIND} LIMIT 1)
        UNION ALL
        SELECT another.* FROM offer CROSS JOIN LATERAL (
            SELECT {_KIND} FROM work_item
            WHERE queue = :queue AND state = 'ready' AND ({_KIND}) > (offer.team, offer.level, offer.task)
            ORDER BY {_KIND} LIMIT 1
        ) AS another
    )
"""  # noqa: S608, our own names


def _fits(team: str, level: str, task: str) -> str:
    return (
        f"(CAST(:teams AS text[]) IS NULL OR {team} = ANY(CAST(:teams AS text[])))"
        f" AND (CAST(:levels AS text[]) IS NULL OR {level} = ANY(CAST(:levels AS text[])))"
        f" AND (CAST(:tasks AS text[]) IS NULL OR {task} = ANY(CAST(:tasks AS text[])))"
    )


# The first few of each kind that fits, merged, and of these as few again: so these are the best of all, whatever else
# there is of any kind.
_BEST = f"""
    {_OFFERS}, best AS MATERIALIZED (
        SELECT one.* FROM offer CROSS JOIN LATERAL (
            SELECT id, sku, {_RANK} AS rank, due_at FROM work_item
            WHERE queue = :queue AND state = 'ready'
              AND coalesce(team, '') = offer.team AND coalesce(level, '') = offer.level AND {_TASK} = offer.task
            ORDER BY {_KIND}, {_RANK}, due_at, id LIMIT :most
        ) AS one
        WHERE {_fits("offer.team", "offer.level", "offer.task")}
        ORDER BY one.rank, one.due_at, one.id LIMIT :most
    )
"""  # noqa: S608, our own names

# Locked as they come, past those that others are taking.
_TAKE_BEST = text(
    f"""
    {_BEST}
    SELECT work_item.* FROM best JOIN work_item USING (id) WHERE work_item.queue = :queue AND work_item.state = 'ready'
    ORDER BY best.rank, best.due_at, best.id LIMIT 1 FOR UPDATE OF work_item SKIP LOCKED
    """  # noqa: S608, our own names
)

_OF_SKU = f"""
    sku = {{sku}} AND queue = :queue AND state = 'ready'
    AND {_fits("coalesce(team, '')", "coalesce(level, '')", _TASK)}
"""

# Of those who ask for whole SKUs at once each gets another: a lock on the name decides, not one on the rows, which
# two could take in part each. Only names of SKUs that there is room for are locked: what one person has no room for may
# fit another.
_TAKE_SKU = text(
    f"""
    {_BEST}, place AS MATERIALIZED (
        SELECT sku FROM (
            SELECT sku, row_number() OVER (ORDER BY rank, due_at, id) AS number FROM best
        ) AS numbered GROUP BY sku ORDER BY min(number)
    ), roomy AS MATERIALIZED (
        SELECT sku FROM place WHERE CAST(:room AS int) IS NULL OR (
            SELECT count(*) <= CAST(:room AS int) OR count(*) > CAST(:wip_limit AS int)
            FROM work_item WHERE {_OF_SKU.format(sku="place.sku")}
        )
    )
    SELECT sku FROM roomy WHERE pg_try_advisory_xact_lock(hashtextextended('sku ' || :queue || ' ' || sku, 0)) LIMIT 1
    """  # noqa: S608, our own names
)
_LOCK_SKU = text(
    f"SELECT * FROM work_item WHERE {_OF_SKU.format(sku=':sku')} ORDER BY id FOR UPDATE"  # noqa: S608, our own names
)

_LIST_OFFERS = text(f"{_OFFERS} SELECT team, level, task FROM offer")  # noqa: S608, our own names

_LOCK_LAPSED = text(
    "SELECT * FROM work_item WHERE queue = :queue AND claimed_by IS NOT NULL AND state = 'claimed'"
    " AND lease_until <= :at ORDER BY id LIMIT :most FOR UPDATE SKIP LOCKED"
)

_STANDING = text(
    """
    SELECT
        (SELECT content::text FROM pack WHERE name = 'queues' ORDER BY version DESC LIMIT 1) AS queues,
        (SELECT count(*) FROM work_item WHERE queue = :queue AND claimed_by IS NOT NULL) AS held,
        (SELECT max(ends_at) FROM lane_exception WHERE subject = :subject AND queue = :queue) AS exception_ends,
        person.teams, person.level, person.lane
    FROM (SELECT 1) AS one LEFT JOIN person ON person.subject = :subject
    """
)


@dataclass(frozen=True)
class Standing:
    """What decides about one person's claims from one queue."""

    queues: str | None
    held: int
    limits: Limits
    exception_ends: datetime | None


async def read_standing(session: AsyncSession, queue: str, subject: str) -> Standing:
    row = (await session.execute(_STANDING, {"queue": queue, "subject": subject})).one()
    limits = Limits(
        None if row.teams is None else tuple(row.teams),
        Level(row.level) if row.level else None,
        Lane(row.lane) if row.lane else None,
    )
    return Standing(row.queues, row.held, limits, row.exception_ends)


async def take_best(session: AsyncSession, queue: str, limits: Limits) -> list[Tracked]:
    """The best ready item that the limits allow, locked; none when there is none that nobody else is taking."""
    for most in _MOST:
        if found := await read_items(session, _TAKE_BEST, {**_values(queue, limits), "most": most}):
            return found
    return []


async def take_sku(
    session: AsyncSession, queue: str, limits: Limits, room: int | None, wip_limit: int | None
) -> list[Tracked]:
    """Of the best SKU that there is room for, or that is larger than the whole limit, all that is ready and that the
    limits allow, locked. `room` None: whatever its size."""
    values = _values(queue, limits)
    for most, tries in _MOST_BY_SKU:
        for _ in range(tries):
            asked = {**values, "most": most, "room": room, "wip_limit": wip_limit}
            if (sku := (await session.execute(_TAKE_SKU, asked)).scalar()) is None:
                break
            if found := await read_items(session, _LOCK_SKU, {**values, "sku": sku}):
                return found  # else others took all of it meanwhile, one by one
    return []


async def lock_lapsed(session: AsyncSession, queue: str, at: datetime) -> list[Tracked]:
    """Held work whose lease ran out, and whose timer has not rung yet."""
    return await read_items(session, _LOCK_LAPSED, {"queue": queue, "at": at, "most": _LAPSED_AT_ONCE})


async def list_offers(session: AsyncSession, queue: str) -> Sequence[Offer]:
    """The kinds of work that are ready."""
    rows = await session.execute(_LIST_OFFERS, {"queue": queue})
    return [Offer(row.team or None, row.level or None, row.task) for row in rows]


async def count_held(session: AsyncSession, queue: str) -> int:
    """How many items of a queue are held. From here to the end of the transaction nobody else gets an answer: so
    nobody's claim is missed, and a limit that is checked by it holds exactly."""
    return int((await session.execute(text("SELECT held_in(:queue)"), {"queue": queue})).scalar_one())


def _values(queue: str, limits: Limits) -> dict[str, Any]:
    """'' stands for what asks for no team and no level in particular: everyone may take it."""
    levels = limits.levels()
    return {
        "queue": queue,
        "teams": None if limits.teams is None else ["", *limits.teams],
        "levels": None if levels is None else ["", *levels],
        "tasks": None if limits.tasks is None else [*limits.tasks],
    }
