"""An export into a folder or bucket: each file under its export name, with its manifest `<name>.json` beside it.

The manifest is taken away first, and written last; it names the file's hash. So a file without one, or with another
hash, is half an export.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import orjson
from obstore.exceptions import BaseError
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.clock import now
from chassis.crash import crash_point
from chassis.problems import Problem
from services.assets.publication.connectors.connector import Begun, Outgoing
from services.assets.publication.connectors.contents import description
from services.assets.publication.errors import NotReached
from services.assets.publication.folders import is_below, is_led_away
from services.assets.store.errors import FileMissing, StoreFull
from services.assets.store.ledger import Ledger
from services.assets.store.store import Store

SWEEP_EVERY = timedelta(hours=1)


class _NoBooks(Ledger):
    """Nothing is kept by its hash in there, so there are no books."""

    async def expect(self, sha256: str, size: int) -> bool:
        return True

    async def replaced(self, sha256: str) -> None:
        return None


class FolderConnector:
    """Writes files with the store's own means: streamed aside, synced, then moved to their place."""

    waits = False

    def __init__(self, files: Store, patience: timedelta, roots: Sequence[str]) -> None:
        """`files`: where versions are. `patience`: how long a bucket may be silent. `roots`: below which exports go."""
        self._files = files
        self._patience = patience
        self._roots = roots
        self._swept: dict[str, datetime] = {}

    async def begin_publish(self, session: AsyncSession, out: Outgoing, wakes: tuple[str, str]) -> Begun:
        return Begun()

    async def begin_withdraw(self, session: AsyncSession, out: Outgoing) -> None:
        """Nothing to write."""

    async def publish(self, out: Outgoing) -> None:
        try:
            folder, name = await self._open(out), out.publication.export_name
            await self._sweep(folder, out)
            await folder.remove_file(_manifest(name))
            async with folder.staged(await self._files.whole(out.version.location)) as staged:
                if (staged.sha256, staged.bytes) != (out.version.sha256, out.version.bytes):
                    raise NotReached("The stored file is damaged; it was not exported.")
                crash_point("export.staged")
                await folder.move(staged, name)
            crash_point("export.moved")
            async with folder.staged(_one(orjson.dumps(description(out), option=orjson.OPT_INDENT_2))) as staged:
                await folder.move(staged, _manifest(name))
        except (Problem, BaseError, OSError, ValueError) as problem:
            raise _not_reached(problem) from problem

    async def withdraw(self, out: Outgoing) -> None:
        try:
            folder, name = await self._open(out), out.publication.export_name
            if await _version_at(folder, name) in (None, str(out.version.id)):
                # Without a manifest it is this slot's too, for nobody else has the name: an export that broke off.
                await folder.remove_file(_manifest(name))
                await folder.remove_file(name)
        except (Problem, BaseError, OSError, ValueError) as problem:
            raise _not_reached(problem) from problem

    async def _open(self, out: Outgoing) -> Store:
        """Raises `NotReached` where it is none that exports may go to: the settings and the disk may have changed since
        it was registered."""
        url = out.destination.folder
        assert url is not None
        if not is_below(url, self._roots):
            raise NotReached("The folder is not below one that `PACKSHOT_EXPORT_ROOTS` names.")
        if await asyncio.to_thread(is_led_away, url, self._roots):
            raise NotReached("A symbolic link leads from the folder elsewhere.")
        return Store(url, _NoBooks(), patience=self._patience)

    async def _sweep(self, folder: Store, out: Outgoing) -> None:
        """Sometimes: what killed processes left there."""
        swept_at = self._swept.get(out.destination.id)
        if swept_at is None or swept_at + SWEEP_EVERY <= now():
            await folder.sweep(shared=True)
            self._swept[out.destination.id] = now()


def _manifest(name: str) -> str:
    return f"{name}.json"


async def _version_at(folder: Store, name: str) -> str | None:
    """Whose file lies under the name, by its manifest; None where there is none."""
    if await folder.begin_of(_manifest(name), 1) is None:
        return None
    try:
        said: dict[str, Any] = orjson.loads(await folder.read(_manifest(name)))
    except (FileMissing, orjson.JSONDecodeError):
        return None
    return str(said.get("version_id"))


async def _one(content: bytes) -> AsyncIterator[bytes]:
    yield content


def _not_reached(problem: Exception) -> NotReached:
    """In words that show no path."""
    if isinstance(problem, StoreFull):
        return NotReached("The folder is full.")
    if isinstance(problem, FileMissing):
        return NotReached("The stored file is missing; it was not exported.")
    return NotReached("The folder can't be reached or written to.")
