"""The file store: immutable, addressed by content, over obstore on a local disk or an S3 bucket.

A file is streamed to a key of its own under `incoming/` and hashed on the way. Only when it is complete, on the disk
and wanted is it moved to `sha256/ab/<hash>`; so nothing half-written is ever visible there, and the same bytes are
stored once. What a killed process leaves in `incoming/` is swept away after a day.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from obstore.exceptions import BaseError
from obstore.store import LocalStore, from_url

from chassis.clock import now
from chassis.ids import new_id
from chassis.logs import get_logger
from services.assets.store.durability import sync_file, sync_folders
from services.assets.store.errors import FileMissing, StoreAway

if TYPE_CHECKING:
    from obstore.store import ObjectStore

INCOMING = "incoming"
PART_BYTES = 5 * 1024 * 1024
PARTS_AT_ONCE = 3
READ_BYTES = 1024 * 1024
LEFT_OVER_AFTER = timedelta(days=1)

log = get_logger(__name__)


def content_key(sha256: str) -> str:
    return f"sha256/{sha256[:2]}/{sha256}"


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

    def __init__(self, url: str) -> None:
        self._url = url

    @cached_property
    def _objects(self) -> "ObjectStore":
        if not self._url:
            raise ValueError("PACKSHOT_STORE_URL is not set: file:///path or s3://bucket/prefix")
        if self._url.startswith("file:"):
            return from_url(self._url, mkdir=True)
        # http:// only where AWS_ENDPOINT_URL says so; the time limit is that of one whole file.
        return from_url(
            self._url,
            client_options={"timeout": timedelta(minutes=10), "allow_http": True},
            retry_config={"max_retries": 10, "retry_timeout": timedelta(seconds=20)},
        )

    @cached_property
    def _folder(self) -> Path | None:
        """The folder that the store is, when it is one on a local disk."""
        return self._objects.prefix if isinstance(self._objects, LocalStore) else None

    def open(self) -> None:
        """Connect. Raises `ValueError` or obstore's errors when the URL is not one of a store."""
        _ = self._folder

    @asynccontextmanager
    async def staged(self, pieces: AsyncIterator[bytes]) -> AsyncIterator[StagedFile]:
        """Stream a file in. It is gone after the block, unless it was kept there.

        An error in `pieces` comes out as it is, and leaves nothing.
        """
        key, digest, size = f"{INCOMING}/{new_id()}", hashlib.sha256(), 0

        async def hashed() -> AsyncIterator[bytes]:
            nonlocal size
            async for piece in pieces:
                digest.update(piece)
                size += len(piece)
                yield piece

        with _translated():
            await self._objects.put_async(key, hashed(), chunk_size=PART_BYTES, max_concurrency=PARTS_AT_ONCE)
        staged = StagedFile(key, digest.hexdigest(), size)
        try:
            yield staged
        finally:
            if not staged.moved:
                await self._delete(key)

    async def keep(self, staged: StagedFile, media_type: str) -> StoredFile:
        """Move a staged file to its place, unless the same bytes are there already. Durable when it returns."""
        place = content_key(staged.sha256)
        if await self._size(place) != staged.bytes:
            with _translated():
                if self._folder is not None:
                    await asyncio.to_thread(sync_file, self._folder / staged.key)
                await self._objects.rename_async(staged.key, place)
                staged.moved = True
                if self._folder is not None:
                    await asyncio.to_thread(sync_folders, (self._folder / place).parent, self._folder)
        return StoredFile(place, staged.sha256, staged.bytes, media_type)

    async def put(self, content: bytes, media_type: str) -> StoredFile:
        """Store bytes that are in memory already."""

        async def one() -> AsyncIterator[bytes]:
            yield content

        async with self.staged(one()) as staged:
            return await self.keep(staged, media_type)

    async def has(self, stored: StoredFile) -> bool:
        """Whether the file is in its place."""
        return await self._size(stored.location) == stored.bytes

    async def read(self, location: str) -> bytes:
        """A whole file in memory: for the worker. Raises `FileMissing`."""
        with _translated(location):
            found = await self._objects.get_async(location)
            return bytes(await found.bytes_async())

    async def stream(self, location: str, start: int, stop: int) -> AsyncIterator[bytes]:
        """The bytes from `start` up to, not including, `stop`. Raises `FileMissing` before the first."""
        if start == stop:
            return _nothing()
        with _translated(location):
            found = await self._objects.get_async(location, options={"range": (start, stop)})
        return aiter(found.stream(min_chunk_size=READ_BYTES))

    async def sweep(self) -> int:
        """Remove what killed processes left in `incoming/`. Returns how many files that were."""
        with _translated():
            leftovers = await (self._local_leftovers() if self._folder is not None else self._remote_leftovers())
        if leftovers:
            log.warning("unfinished files were swept away", files=leftovers)
        return leftovers

    async def _local_leftovers(self) -> int:
        """Also those that obstore has not finished: it hides them from its own list."""

        def remove(folder: Path) -> int:
            removed = 0
            for file in folder.glob("*"):
                with suppress(FileNotFoundError):  # another process has just moved it to its place
                    if _is_left_over(file.stat().st_mtime):
                        file.unlink()
                        removed += 1
            return removed

        assert self._folder is not None
        return await asyncio.to_thread(remove, self._folder / INCOMING)

    async def _remote_leftovers(self) -> int:
        """Complete files only: a bucket's lifecycle rule ends multipart uploads that were never completed."""
        old = [
            found["path"]
            async for batch in self._objects.list(INCOMING)
            for found in batch
            if _is_left_over(found["last_modified"].timestamp())
        ]
        for key in old:
            await self._delete(key)
        return len(old)

    async def _size(self, key: str) -> int | None:
        """None when there is nothing."""
        with _translated():
            try:
                found = await self._objects.head_async(key)
            except FileNotFoundError:
                return None
        return found["size"]

    async def _delete(self, key: str) -> None:
        """What can't be deleted now is swept away later."""
        try:
            with suppress(FileNotFoundError):
                await self._objects.delete_async(key)
        except BaseError as error:
            log.warning("an unfinished file stays until it is swept away", key=key, error=repr(error))


def _is_left_over(modified: float) -> bool:
    return datetime.fromtimestamp(modified, UTC) < now() - LEFT_OVER_AFTER


@contextmanager
def _translated(location: str | None = None) -> Iterator[None]:
    """The store's own errors as ours; `location`: a file that must be there."""
    try:
        yield
    except FileNotFoundError as error:
        if location is None:
            raise
        log.error("a stored file is missing", location=location)
        raise FileMissing("The file is not in the store. This is in the logs under the request id.") from error
    except (BaseError, PermissionError) as error:
        log.error("the store refused", error=str(error).partition("\n")[0])
        raise StoreAway from error


async def _nothing() -> AsyncIterator[bytes]:
    return
    yield b""
