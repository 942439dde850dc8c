"""Scrubbing: reads every stored file from time to time, slowly, and tells which have lost their bytes."""

import asyncio
import hashlib
from datetime import timedelta

from chassis.clock import now
from chassis.database import Database
from chassis.logs import get_logger
from services.assets.store.errors import FileMissing, StoreAway, StoreFull
from services.assets.store.store import Store
from services.assets.upkeep import repository
from services.assets.upkeep.domain import DAMAGED_AGAIN, Damage, KeptFile

log = get_logger(__name__)


class Scrubber:
    """`every`: how long after a check a file is checked again. `bytes_per_second`: at most so much is read."""

    def __init__(self, database: Database, store: Store, *, every: timedelta, bytes_per_second: int) -> None:
        self._database = database
        self._store = store
        self._every = every
        self._rate = bytes_per_second

    async def scrub(self, seconds: float) -> int:
        """Check what is due, what was checked the longest ago first, for about so long. Returns how many files."""
        loop, checked = asyncio.get_running_loop(), 0
        until = loop.time() + seconds
        while loop.time() < until and await self.check_one():
            checked += 1
        return checked

    async def check_one(self) -> bool:
        """Check the file that is due the longest. False when none is, or the store can't be read."""
        async with self._database.transaction() as session:
            file = await repository.claim_check(session, now())
        if file is None:
            return False
        try:
            problem = await self._problem(file)
        except (StoreAway, StoreFull):  # it says nothing of the file; it comes again when its claim has run out
            return False
        if problem is None:
            async with self._database.transaction() as session:
                at = now()
                await repository.found_whole(session, file.sha256, at, at + self._every)
        else:
            await self._tell(file, problem)
        return True

    async def _problem(self, file: KeptFile) -> Damage | None:
        size = await self._store.size(file.sha256)
        if size is None:
            return Damage.MISSING
        if size != file.bytes:
            return Damage.WRONG_LENGTH
        try:
            # Once more before anything is said: perhaps it was the reading that failed.
            whole = await self._is_whole(file) or await self._is_whole(file)
        except FileMissing:
            return Damage.MISSING
        return None if whole else Damage.OTHER_BYTES

    async def _is_whole(self, file: KeptFile) -> bool:
        digest = hashlib.sha256()
        stream = await self._store.stream(file.location, 0, file.bytes)
        async for piece in stream:
            await asyncio.to_thread(digest.update, piece)
            await asyncio.sleep(len(piece) / self._rate)
        return digest.hexdigest() == file.sha256

    async def _tell(self, file: KeptFile, problem: Damage) -> None:
        async with self._database.transaction() as session:
            if not await repository.lock_unchanged(session, file):
                return  # stored anew while it was read, or being deleted
            at = now()
            if problem is Damage.MISSING and not await repository.is_referred_to(session, file.sha256):
                await repository.found_gone(session, file.sha256, at)
                return
            is_news = await repository.found_damaged(session, file, problem, at, at + DAMAGED_AGAIN)
        log.error("a stored file is damaged", sha256=file.sha256, problem=problem, location=file.location, new=is_news)
