"""Timers whose work takes long, for it waits for servers that aren't ours.

A timer of the chassis fires within a transaction; an errand holds none. Whoever takes its timer moves it ahead by a
lease, in one short transaction, and then runs it. What the errand does last, it does in one transaction with its timer:
dropped, or set to the next try. When the process dies meanwhile, the lease runs out and another one takes it; so an
errand may run twice, and must see by its own row that it is done already.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from sqlalchemy import text

from chassis.clock import now
from chassis.database import Database, database_is_away
from chassis.logs import get_logger

POLL_SECONDS = 0.5
PUT_OFF = timedelta(seconds=30)
LONGEST_PUT_OFF = timedelta(hours=1)
MOST_REMEMBERED = 1000

_TAKE = text(
    """
    UPDATE timer SET due_at = :leased_until WHERE id = (
        SELECT id FROM timer
        WHERE kind = :kind AND due_at <= :now AND split_part(key, '/', 1) <> ALL(:busy)
        ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED
    ) RETURNING key
    """
)
_PUT_OFF = text("UPDATE timer SET due_at = :due_at WHERE kind = :kind AND key = :key")

log = get_logger(__name__)


def put_off(failures: int) -> timedelta:
    """How long an errand waits after so many failures in a row, at least one."""
    doublings = min(failures - 1, 10)  # by then it is the longest
    return min(PUT_OFF * (1 << doublings), LONGEST_PUT_OFF)


class Errands:
    """All timers of one kind, whose keys are `<group>/…`: at most `most` at once in this process, and at most half of
    these of one group, so that one slow server holds up nobody else."""

    def __init__(
        self, database: Database, kind: str, run: Callable[[str], Awaitable[None]], *, most: int, lease: timedelta
    ) -> None:
        """`lease`: longer than the longest errand."""
        self._database = database
        self._kind = kind
        self._errand = run
        self._most = most
        self._most_a_group = max(1, most // 2)
        self._lease = lease
        self._running: list[str] = []
        self._failures: Counter[str] = Counter()
        """By key: how often in a row an errand failed in this process with what nobody expected."""
        self._freed = asyncio.Event()

    async def run(self) -> None:
        """Until it is cancelled; what was begun is handed back then."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                self._freed.clear()
                while len(self._running) < self._most and (key := await self._take()) is not None:
                    self._running.append(key)
                    tasks.create_task(self._run_one(key))
                try:
                    async with asyncio.timeout(POLL_SECONDS):
                        await self._freed.wait()
                except TimeoutError:
                    continue

    async def _take(self) -> str | None:
        """The key of the timer that is due the longest; None when none is, or the database is away."""
        groups = [key.partition("/")[0] for key in self._running]
        busy = [group for group in set(groups) if groups.count(group) >= self._most_a_group]
        at = now()
        values = {"kind": self._kind, "now": at, "leased_until": at + self._lease, "busy": busy}
        try:
            async with self._database.transaction() as session:
                key: str | None = (await session.execute(_TAKE, values)).scalar()
        except Exception as error:
            log.warning("errands wait", kind=self._kind, error=repr(error))
            return None
        return key

    async def _run_one(self, key: str) -> None:
        try:
            await self._errand(key)
            del self._failures[key]
        except asyncio.CancelledError:
            await self._put_off(key, now())  # another process goes on with it at once
            raise
        except Exception as error:
            if database_is_away(error):
                log.warning("an errand waits", kind=self._kind, error=repr(error))
                pause = PUT_OFF
            else:
                pause = self._pause(key)
                log.error("an errand failed and is put off", kind=self._kind, key=key, seconds=pause.total_seconds(),
                          failures=self._failures[key], exc_info=error)  # fmt: skip
            await self._put_off(key, now() + pause)
        finally:
            self._running.remove(key)
            self._freed.set()

    def _pause(self, key: str) -> timedelta:
        """After one more unexpected failure: twice as long each time. It never ends by itself, for what fails so is a
        defect of ours: it goes on when that is mended. A restart begins anew, and so does who remembers too many."""
        if len(self._failures) >= MOST_REMEMBERED:
            self._failures.clear()
        self._failures[key] += 1
        return put_off(self._failures[key])

    async def _put_off(self, key: str, due_at: datetime) -> None:
        """Unless its timer is gone. What fails here waits for the lease to run out."""
        try:
            async with self._database.transaction() as session:
                await session.execute(_PUT_OFF, {"kind": self._kind, "key": key, "due_at": due_at})
        except Exception as error:
            log.warning("an errand waits for its lease", kind=self._kind, error=repr(error))
