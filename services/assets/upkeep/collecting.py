"""Orphan collection: deletes files that nothing refers to, and never one that something does.

A file is doomed in one transaction, deleted outside of any, and written off in another. Whoever wants the same bytes
meanwhile waits; whoever crashes in between leaves a doomed file, which someone takes over after a time in which no
request of the dead can still be on its way.
"""

import time
from datetime import timedelta

from chassis.clock import now
from chassis.crash import crash_point
from chassis.database import Database
from chassis.logs import get_logger
from services.assets.store.errors import StoreAway
from services.assets.store.store import Store
from services.assets.upkeep import repository
from services.assets.upkeep.domain import DELETES_WITHIN, SHELVES, Collected, Doomed, shelf_name

AT_ONCE = 20
"""Files doomed together: few, so that each is deleted soon."""

log = get_logger(__name__)


class Collector:
    """`grace`: how long a file is left alone since it was last stored."""

    def __init__(self, database: Database, store: Store, grace: timedelta) -> None:
        self._database = database
        self._store = store
        self._grace = grace

    async def tidy(self, shelf: str) -> Collected:
        """Note what lies on a shelf and isn't in the books, then delete what has been an orphan for long enough.

        Raises `StoreAway`; then some of it may be done.
        """
        listed_at = now()
        files = await self._store.shelf(shelf)
        async with self._database.transaction() as session:
            adopted = await repository.adopt(session, files, listed_at)
        if adopted:
            log.info("files were found that were not in the books", shelf=shelf, files=adopted)
        return await self.collect(shelf)

    async def tidy_from(self, shelf: str, seconds: float) -> tuple[Collected, str | None]:
        """The same for this shelf and those after it, for about so long. Also: where to go on, None at the end."""
        done, until = Collected(), time.monotonic() + seconds
        for number in range(int(shelf, 16), SHELVES):
            if number > int(shelf, 16) and time.monotonic() > until:
                return done, shelf_name(number)
            done += await self.tidy(shelf_name(number))
        return done, None

    async def collect(self, shelf: str) -> Collected:
        """The second half of it. Raises `StoreAway`."""
        async with self._database.transaction() as session:
            rescued = await repository.rescue(session, shelf, now())
        if rescued:
            log.error("files were referred to while they were being deleted", sha256=rescued)
        done = Collected()
        while True:
            async with self._database.transaction() as session:
                at = now()
                doomed = await repository.doom(session, shelf, at - self._grace, at, AT_ONCE)
            if not doomed:
                return done
            crash_point("collect.doomed")
            done += await self._delete(doomed)

    async def _delete(self, doomed: list[Doomed]) -> Collected:
        """What isn't begun in time, or after the store has refused one, stays."""
        begun, done = time.monotonic(), Collected()
        while doomed:
            one = doomed.pop(0)
            # Both clocks: one stands still while the machine sleeps, the other one can be set.
            late = time.monotonic() - begun >= DELETES_WITHIN.total_seconds() or not one.may_begin(now())
            if late:
                await self._spare([one, *doomed])
                return done
            try:
                await self._store.remove(one.sha256)
            except StoreAway:  # nobody knows whether it was done: it stays doomed until it is taken over
                await self._spare(doomed)
                raise
            crash_point("collect.removed")
            async with self._database.transaction() as session:
                await repository.collected(session, one, now())
            log.info("an orphan was deleted", sha256=one.sha256, bytes=one.bytes)
            done += Collected(1, one.bytes)
        return done

    async def _spare(self, doomed: list[Doomed]) -> None:
        async with self._database.transaction() as session:
            await repository.spare(session, doomed)
