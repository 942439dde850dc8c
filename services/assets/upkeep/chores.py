"""What is done to the store from time to time. Timers ring; the work itself runs beside them, so that neither a timer
nor a connection waits for a store that is slow."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.clock import now
from chassis.logs import get_logger
from chassis.problems import Problem
from chassis.timers import Timer, TimerHandler, set_timer

log = get_logger(__name__)


@dataclass(frozen=True)
class Chore:
    """Something to do every so often. Its steps are short, and what it has done is in rows: it may be cut off at any
    line, and run in two processes at once."""

    name: str
    every: timedelta
    do: Callable[[], Awaitable[object]]


class Chores:
    """Each runs once at a time in this process; while one is still at it, its next turn is left out."""

    def __init__(self, chores: list[Chore]) -> None:
        self._chores = {chore.name: chore for chore in chores}
        self._running: dict[str, asyncio.Task[None]] = {}
        self._stopped = False

    @property
    def timers(self) -> Mapping[str, TimerHandler]:
        return dict.fromkeys(self._chores, self._ring)

    async def set_timers(self, session: AsyncSession) -> None:
        """At the start of a process each has its turn at once."""
        for name in self._chores:
            await set_timer(session, name, "store", now())

    async def stop(self) -> None:
        """Cuts off what is running; nothing is begun any more."""
        self._stopped = True
        for task in (running := list(self._running.values())):
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def _ring(self, session: AsyncSession, timer: Timer) -> None:
        chore = self._chores[timer.kind]
        await set_timer(session, timer.kind, timer.key, now() + chore.every)
        if self._stopped:
            return
        if (running := self._running.get(timer.kind)) is None or running.done():
            self._running[timer.kind] = asyncio.create_task(self._do(chore))

    async def _do(self, chore: Chore) -> None:
        with suppress(Problem):  # the store is away, which is in the logs: the next turn comes
            try:
                await chore.do()
            except Problem:
                raise
            except Exception as error:
                log.error("a chore failed; its next turn comes", chore=chore.name, exc_info=error)
