"""The file store: immutable, addressed by content, over obstore on a local disk or an S3 bucket.

A file is streamed to a key of its own under `incoming/` and hashed on the way. Only when it is complete, on the disk
and wanted is it moved to `sha256/ab/<hash>`; so nothing half-written is ever visible there, and the same bytes are
stored once. What a killed process leaves in `incoming/` is swept away after a day. Who may rely on what lies there
already, and what may be deleted, says the ledger (`upkeep/`).
"""

import asyncio
import hashlib
import re
import shutil
import tempfile
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from obstore.exceptions import BaseError
from obstore.store import LocalStore

from chassis.crash import crash_point
from chassis.ids import new_id
from chassis.logs import get_logger
from services.assets.store.durability import move_file, sync_file, sync_folders
from services.assets.store.errors import FileDamaged, FileMissing
from services.assets.store.ledger import Ledger
from services.assets.store.leftovers import remove, sweep
from services.assets.store.objects import LONGEST_STREAM, connect, translated
from services.assets.store.writing import new_file

if TYPE_CHECKING:
    from obstore.store import ObjectStore

INCOMING, FILES = "incoming", "sha256"
PART_BYTES = 5 * 1024 * 1024
PARTS_AT_ONCE = 3
READ_BYTES = 1024 * 1024
WRITING_THREADS = 16
PATIENCE = timedelta(seconds=10)

_SHA256 = re.compile(r"[0-9a-f]{64}")

log = get_logger(__name__)


def content_key(sha256: str) -> str:
    return f"{FILES}/{sha256[:2]}/{sha256}"


def _is_other_than(content: bytes, location: str) -> bool:
    """Whether these are other bytes than those at the key of their content."""
    named = location.rpartition("/")[2]
    return location == content_key(named) and hashlib.sha256(content).hexdigest() != named


@dataclass
class StagedFile:
    """A complete file that is not in its place yet."""

    key: str
    sha256: str
    bytes: int
    moved: bool = False


@dataclass(frozen=True)
class StoredFile:
    """A file in its place. `location` is its key."""

    location: str
    sha256: str
    bytes: int
    media_type: str


class Store:
    """Where all files are. Raises `StoreAway` when it refuses or can't be reached."""

    def __init__(self, url: str, ledger: Ledger, *, patience: timedelta = PATIENCE) -> None:
        """`patience`: how long a bucket may be silent."""
        self._url = url
        self._ledger = ledger
        self._patience = patience
        self._sure: set[Path] = set()
        self._threads = ThreadPoolExecutor(WRITING_THREADS, "store")

    @cached_property
    def _objects(self) -> "ObjectStore":
        return connect(self._url, self._patience)

    @cached_property
    def _streams(self) -> "ObjectStore":
        """The same, for answers that go at their reader's pace."""
        return self._objects if self._folder else connect(self._url, self._patience, longest=LONGEST_STREAM)

    @cached_property
    def _folder(self) -> Path | None:
        """The folder that the store is, when it is one on a local disk."""
        return self._objects.prefix if isinstance(self._objects, LocalStore) else None

    def scratch(self, suffix: str) -> Path:
        """A path of its own for a file that is being made. Where the store is a folder it is in there, so that what a
        killed process leaves is swept away."""
        folder = Path(tempfile.gettempdir()) if self._folder is None else self._folder / INCOMING
        folder.mkdir(parents=True, exist_ok=True)
        return folder / f"{new_id()}{suffix}"

    def open(self) -> None:
        """Connect. Raises `ValueError` or obstore's errors when the URL is not one of a store."""
        _ = self._folder

    @asynccontextmanager
    async def staged(self, pieces: AsyncIterator[bytes]) -> AsyncIterator[StagedFile]:
        """Stream a file in. It is gone after the block, unless it was kept there.

        An error in `pieces` comes out as it is, and leaves nothing.
        """
        key = f"{INCOMING}/{new_id()}"
        staged = await (self._sent(key, pieces) if self._folder is None else self._written(self._folder, key, pieces))
        try:
            yield staged
        finally:
            if not staged.moved:
                await self._delete(key)

    async def _written(self, folder: Path, key: str, pieces: AsyncIterator[bytes]) -> StagedFile:
        async with new_file(folder / key, self._threads) as file:
            async for piece in pieces:
                await file.add(piece)
            return StagedFile(key, *await file.finish())

    async def _sent(self, key: str, pieces: AsyncIterator[bytes]) -> StagedFile:
        digest, size = hashlib.sha256(), 0

        async def hashed() -> AsyncIterator[bytes]:
            nonlocal size
            async for piece in pieces:
                digest.update(piece)
                size += len(piece)
                yield piece

        with translated():
            await self._objects.put_async(key, hashed(), chunk_size=PART_BYTES, max_concurrency=PARTS_AT_ONCE)
        return StagedFile(key, digest.hexdigest(), size)

    async def keep(self, staged: StagedFile, media_type: str) -> StoredFile:
        """Move a staged file to its place, unless the same bytes are there already. Durable when it returns.

        Raises `BeingCleared`. A row that refers to the file is added soon after, and holds it (`upkeep.ledger.hold`).
        """
        place = content_key(staged.sha256)
        trusted = await self._ledger.expect(staged.sha256, staged.bytes)
        crash_point("store.expected")
        if not trusted or await self.size(staged.sha256) != staged.bytes:
            await self.move(staged, place)
            crash_point("store.moved")
        if not trusted:
            await self._ledger.replaced(staged.sha256)
        return StoredFile(place, staged.sha256, staged.bytes, media_type)

    async def move(self, staged: StagedFile, place: str) -> None:
        """To a place of its own, also where another file was. Durable when it returns."""
        with translated(disk=True):
            if self._folder is None:
                await self._objects.rename_async(staged.key, place)
            else:
                await asyncio.to_thread(self._move_file, self._folder, staged.key, place)
            staged.moved = True

    def _move_file(self, folder: Path, key: str, place: str) -> None:
        shelf = (folder / place).parent
        # Nobody removes a shelf: that it is in its folder has to be made sure of once.
        move_file(folder / key, folder / place, shelf if shelf in self._sure else folder)
        self._sure.add(shelf)

    async def put(self, content: bytes, media_type: str) -> StoredFile:
        """Store bytes that are in memory already."""

        async def one() -> AsyncIterator[bytes]:
            yield content

        async with self.staged(one()) as staged:
            return await self.keep(staged, media_type)

    async def put_piece(self, key: str, content: bytes) -> None:
        """Write a part of a file that is not whole yet, under a key of its own. Durable when it returns."""
        with translated(disk=True):
            await self._objects.put_async(key, content, use_multipart=False)
            if self._folder is not None:
                place = self._folder / key
                await asyncio.to_thread(sync_file, place)
                await asyncio.to_thread(sync_folders, place.parent, self._folder)

    async def remove_piece(self, key: str) -> None:
        """One that is not needed; what can't be removed now goes with its folder."""
        await self._delete(key)

    async def remove_pieces(self, folder: str) -> None:
        """Remove everything below a folder of pieces; one that isn't there is no error."""
        with translated(disk=True):
            if self._folder is not None:
                with suppress(FileNotFoundError):
                    await asyncio.to_thread(shutil.rmtree, self._folder / folder)
                return
            async for batch in self._objects.list(folder):
                await self._objects.delete_async([found["path"] for found in batch])

    async def has(self, stored: StoredFile) -> bool:
        """Whether the file is in its place."""
        return await self._size_of(stored.location) == stored.bytes

    async def read(self, location: str) -> bytes:
        """A whole file in memory: for the worker. Raises `FileMissing`, `FileDamaged`."""
        with translated(location):
            found = await self._streams.get_async(location)
            content = bytes(await found.bytes_async())
        if await asyncio.to_thread(_is_other_than, content, location):
            log.error("a stored file has other bytes than were stored", location=location)
            raise FileDamaged("The file is damaged. This is in the logs under the request id.")
        return content

    async def stream(self, location: str, start: int, stop: int) -> AsyncIterator[bytes]:
        """The bytes from `start` up to, not including, `stop`. Raises `FileMissing` before the first."""
        if start == stop:
            return _nothing()
        with translated(location):
            found = await self._streams.get_async(location, options={"range": (start, stop)})
        return _pieces(aiter(found.stream(min_chunk_size=READ_BYTES)), location)

    async def whole(self, location: str) -> AsyncIterator[bytes]:
        """All bytes of a file. Raises `FileMissing` before the first."""
        with translated(location):
            found = await self._streams.get_async(location)
        return _pieces(aiter(found.stream(min_chunk_size=READ_BYTES)), location)

    async def begin_of(self, location: str, size: int) -> tuple[bytes, int] | None:
        """The first bytes of a file, at most `size`, and how many it has; None when there is no such file."""
        whole = await self._size_of(location)
        if not whole:  # of an empty file no range can be asked for
            return None if whole is None else (b"", 0)
        return (await self.parts(location, [(0, min(size, whole))]))[0], whole

    async def parts(self, location: str, ranges: Sequence[tuple[int, int]]) -> list[bytes]:
        """Small parts of a file, each from its first byte up to, not including, another. Raises `FileMissing`."""
        starts, ends = [start for start, _ in ranges], [end for _, end in ranges]
        with translated(location):
            try:
                return [bytes(one) for one in await self._objects.get_ranges_async(location, starts=starts, ends=ends)]
            except (BaseError, OSError):
                raise
            except Exception as error:  # obstore panics where a local file ends before a range does (0.12)
                log.error("a stored file is cut off", location=location, error=repr(error))
                raise FileMissing("The file is not whole. This is in the logs under the request id.") from error

    async def sweep(self, *, shared: bool = False) -> int:
        """Remove what killed processes left in `incoming/`. `shared`: others' files may be in there, and stay. Returns
        how many files that were."""
        with translated():
            return await sweep(self._objects, self._folder, INCOMING, shared=shared)

    async def size(self, sha256: str) -> int | None:
        """Of the file in its place; None when there is none."""
        return await self._size_of(content_key(sha256))

    async def _size_of(self, key: str) -> int | None:
        with translated():
            try:
                found = await self._objects.head_async(key)
            except FileNotFoundError:
                return None
        return found["size"]

    async def shelf(self, name: str) -> list[tuple[str, int]]:
        """Hash and size of every file whose hash begins with these two digits."""
        with translated():
            found = [one async for batch in self._objects.list(f"{FILES}/{name}") for one in batch]
        named = ((one["path"].rpartition("/")[2], one["size"]) for one in found)
        return [(sha256, size) for sha256, size in named if _SHA256.fullmatch(sha256)]

    async def remove(self, sha256: str) -> None:
        """Delete a file from its place, if it is there. Only for what the ledger has given up."""
        with translated(), suppress(FileNotFoundError):
            await self._objects.delete_async(content_key(sha256))

    async def remove_file(self, key: str) -> None:
        """From a place of its own, if it is there. Durable when it returns."""
        with translated(disk=True):
            with suppress(FileNotFoundError):
                await self._objects.delete_async(key)
            if self._folder is not None and (shelf := (self._folder / key).parent).is_dir():
                await asyncio.to_thread(sync_folders, shelf, shelf)

    async def _delete(self, key: str) -> None:
        """What can't be deleted now is swept away later."""
        await remove(self._objects, key)


async def _pieces(stream: AsyncIterator[bytes], location: str) -> AsyncIterator[bytes]:
    with translated(location):
        async for piece in stream:
            yield piece


async def _nothing() -> AsyncIterator[bytes]:
    return
    yield b""
