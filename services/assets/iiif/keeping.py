"""Pyramids in the store: made out of their masters once, and read in parts."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import BinaryIO

from chassis.logs import get_logger
from services.assets.iiif.building import build
from services.assets.iiif.pyramid import INDEX_BYTES, Damaged, Pyramid, place_of, read_index
from services.assets.store.errors import FileMissing
from services.assets.store.store import Store

_REMEMBERED = 1000
"""Indexes of pyramids, of about 2 KiB."""
_PIECE_BYTES = 1024 * 1024

log = get_logger(__name__)

Build = Callable[[Callable[[Path, Path], None], Path, Path], Awaitable[None]]
"""Runs `build` on two paths in a process of its own."""


class Pyramids:
    """Each is one file under its master's hash, visible only when it is whole: it is moved there last."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: OrderedDict[str, Pyramid] = OrderedDict()

    async def find(self, sha256: str) -> Pyramid | None:
        """Its index; None when there is no pyramid, or none that is whole."""
        known = self._known.get(sha256)
        if known is not None:
            self._known.move_to_end(sha256)
            return known
        found = await self._store.begin_of(place_of(sha256), INDEX_BYTES)
        if found is None:
            return None
        try:
            pyramid = read_index(*found)
        except Damaged as error:
            log.error("a pyramid is damaged", sha256=sha256, error=str(error))
            return None
        self._known[sha256] = pyramid
        if len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        return pyramid

    def forget(self, sha256: str) -> None:
        """Look at the store again."""
        self._known.pop(sha256, None)

    async def tiles(self, sha256: str, ranges: list[tuple[int, int]]) -> list[bytes]:
        """Raises `FileMissing` when the pyramid is gone, or isn't what its index says any more."""
        found = await self._store.parts(place_of(sha256), ranges)
        if [len(one) for one in found] != [end - start for start, end in ranges]:
            log.error("a pyramid is cut off", sha256=sha256)
            raise FileMissing("What was made of the file is not whole. This is in the logs under the request id.")
        return found

    async def make(self, sha256: str, location: str, run: Build) -> None:
        """Raises what `build` raises, `FileMissing` and `StoreAway`. Nothing of the files is in memory here."""
        master = await asyncio.to_thread(self._store.scratch, ".master")
        made = master.with_suffix(".pyramid")
        try:
            await self._fetch(location, master)
            await run(build, master, made)
            async with self._store.staged(_pieces(made)) as staged:
                await self._store.move(staged, place_of(sha256))
        finally:
            for path in (master, made):
                await asyncio.to_thread(path.unlink, missing_ok=True)

    async def _fetch(self, location: str, path: Path) -> None:
        stream = await self._store.whole(location)
        with await asyncio.to_thread(path.open, "wb") as file:
            async for piece in stream:
                await asyncio.to_thread(file.write, piece)


async def _pieces(path: Path) -> AsyncIterator[bytes]:
    file: BinaryIO = await asyncio.to_thread(path.open, "rb")
    with file:
        while piece := await asyncio.to_thread(file.read, _PIECE_BYTES):
            yield piece
