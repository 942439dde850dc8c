"""The books of the store's files: noted before a file is put in its place, and held by whoever refers to it.

A file that is in its place has a row. Who stores the same bytes again may rely on the one that is there only after the
row says so, and who refers to it locks the row until the reference is there; who deletes it dooms the row first, under
a lock that neither of the two can pass. So nothing is deleted that anything refers to, and no reference is made to what
is being deleted.
"""

import asyncio
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.clock import now
from chassis.database import Database
from services.assets.store.errors import FileDamaged, FileMissing
from services.assets.store.store import StoredFile
from services.assets.upkeep import repository
from services.assets.upkeep.domain import Damage
from services.assets.upkeep.errors import BeingCleared

WAIT_SECONDS = 5
POLL_SECONDS = 0.05


class FileLedger:
    """The store's `Ledger`, in short transactions of its own."""

    def __init__(self, database: Database, check_every: timedelta) -> None:
        self._database = database
        self._check_every = check_every

    async def expect(self, sha256: str, size: int) -> bool:
        give_up = asyncio.get_running_loop().time() + WAIT_SECONDS
        while True:
            async with self._database.autocommit() as session:
                trusted = await repository.expect(session, sha256, size, now(), self._check_every)
            if trusted is not None:
                return trusted
            if asyncio.get_running_loop().time() >= give_up:
                raise BeingCleared
            await asyncio.sleep(POLL_SECONDS)

    async def replaced(self, sha256: str) -> None:
        async with self._database.transaction() as session:
            await repository.mend(session, sha256, now())


async def hold(session: AsyncSession, stored: StoredFile) -> None:
    """Call it before a row that refers to the file is added: from then on nobody deletes it. Raises `BeingCleared` when
    somebody has."""
    if not await repository.hold(session, stored.sha256, stored.bytes, now()):
        raise BeingCleared


async def require_whole(session: AsyncSession, sha256: str) -> None:
    """Call it before bytes are given out. Raises `FileMissing` or `FileDamaged` when scrubbing has found that."""
    damage = await repository.damage_of(session, sha256)
    if damage is Damage.MISSING:
        raise FileMissing("The file is missing in the store. We know, and its very bytes, put back, mend it.")
    if damage is not None:
        raise FileDamaged("The file is damaged in the store. We know, and its very bytes, put back, mend it.")
