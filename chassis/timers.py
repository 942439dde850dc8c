"""Timers: rows with a due time, so that they survive restarts and fire once with many replicas."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.clock import now
from chassis.database import Database, database_is_away
from chassis.ids import new_id
from chassis.logs import get_logger
from chassis.writes import Write, write

POLL_SECONDS = 0.5
PUT_OFF = timedelta(seconds=30)

_SET = """
    timer_set AS (
        INSERT INTO timer (id, kind, key, due_at) SELECT * FROM unnest(
            CAST(:timer_ids AS uuid[]), CAST(:timer_kinds AS text[]), CAST(:timer_keys AS text[]),
            CAST(:timer_dues AS timestamptz[])
        ) ON CONFLICT (kind, key) DO UPDATE SET due_at = excluded.due_at
    )
"""
_DROP = """
    dropped_timer AS (
        DELETE FROM timer
        USING unnest(CAST(:dropped_kinds AS text[]), CAST(:dropped_keys AS text[])) AS gone (kind, key)
        WHERE timer.kind = gone.kind AND timer.key = gone.key
    )
"""

log = get_logger(__name__)


@dataclass(frozen=True)
class Timer:
    kind: str
    key: str
    due_at: datetime


TimerHandler = Callable[[AsyncSession, Timer], Awaitable[None]]


async def set_timer(session: AsyncSession, kind: str, key: object, due_at: datetime) -> None:
    """One timer a kind and key: setting it again moves it."""
    await session.execute(
        text(
            "INSERT INTO timer (id, kind, key, due_at) VALUES (:id, :kind, :key, :due_at)"
            " ON CONFLICT (kind, key) DO UPDATE SET due_at = excluded.due_at"
        ),
        {"id": new_id(), "kind": kind, "key": str(key), "due_at": due_at},
    )


async def set_timers(session: AsyncSession, timers: list[Timer]) -> None:
    """Many new timers in one statement."""
    await write(session, timers_set(timers))


def timers_set(timers: list[Timer]) -> Write:
    """The same, to be written together with what sets them."""
    return Write(
        _SET,
        {
            "timer_ids": [new_id() for _ in timers],
            "timer_kinds": [timer.kind for timer in timers],
            "timer_keys": [timer.key for timer in timers],
            "timer_dues": [timer.due_at for timer in timers],
        },
    )


async def drop_timers(session: AsyncSession, timers: Iterable[tuple[str, str]]) -> None:
    """Many timers (kind, key) in one statement; one that isn't there is no error."""
    await write(session, timers_dropped(timers))


def timers_dropped(timers: Iterable[tuple[str, str]]) -> Write:
    """The same, to be written together with what ends them."""
    named = list(timers)
    return Write(_DROP, {"dropped_kinds": [kind for kind, _ in named], "dropped_keys": [key for _, key in named]})


class Timers:
    """Fires what is due, each in a transaction of its own with its handler's effects."""

    def __init__(self, database: Database, handlers: Mapping[str, TimerHandler]) -> None:
        self._database = database
        self._handlers = handlers
        self._on_effect: Callable[[], None] = lambda: None

    def on_effect(self, callback: Callable[[], None]) -> None:
        self._on_effect = callback

    async def run(self) -> None:
        while True:
            try:
                while await self.fire_one():
                    self._on_effect()
            except Exception as error:  # the database is away: the timers wait
                log.warning("the timers wait", error=repr(error))
            await asyncio.sleep(POLL_SECONDS)

    async def fire_one(self) -> bool:
        """Fire the timer that is due the longest; False when none is. One that fails is put off, not lost."""
        async with self._database.transaction() as session:
            row = (
                await session.execute(
                    text(
                        "SELECT id, kind, key, due_at FROM timer WHERE due_at <= :now AND kind = ANY(:kinds)"
                        " ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED"
                    ),
                    {"now": now(), "kinds": list(self._handlers)},
                )
            ).first()
            if row is None:
                return False
            try:
                async with session.begin_nested():
                    await self._handlers[row.kind](session, Timer(row.kind, row.key, row.due_at))
                    await session.execute(
                        text("DELETE FROM timer WHERE id = :id AND due_at = :due_at"),
                        {"id": row.id, "due_at": row.due_at},
                    )
            except Exception as error:
                if database_is_away(error):
                    raise
                log.error("a timer failed and is put off", kind=row.kind, key=row.key, exc_info=error)
                await session.execute(
                    text("UPDATE timer SET due_at = :later WHERE id = :id"), {"id": row.id, "later": now() + PUT_OFF}
                )
            return True
