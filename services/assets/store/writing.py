"""A new file on a local disk: hashed and written in threads while more of it comes, and on its way to the disk from its
first block on, so that little is left to wait for at its end."""

import asyncio
import hashlib
import os
import sys
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Executor, Future
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from services.assets.store.objects import translated

BLOCK_BYTES = 512 * 1024


class NewFile:
    """Add all pieces, then `finish`. About two blocks of it are in memory at most."""

    def __init__(self, file: BinaryIO, threads: Executor) -> None:
        self._file = file
        self._threads = threads
        self._digest = hashlib.sha256()
        self._size = 0
        self._block = list[bytes]()
        self._block_bytes = 0
        self._writing: Future[None] | None = None

    async def add(self, piece: bytes) -> None:
        """Also raises what went wrong with an earlier one."""
        self._block.append(piece)
        self._block_bytes += len(piece)
        if self._block_bytes >= BLOCK_BYTES:
            await self._begin(self._write)

    async def finish(self) -> tuple[str, int]:
        """Its SHA-256 and size. It is on the disk then."""
        await self._begin(self._write_last)
        await self._written()
        return self._digest.hexdigest(), self._size

    async def _begin(self, write: Callable[[list[bytes]], None]) -> None:
        """Have the block written: after the one before, while the next one comes."""
        await self._written()
        self._writing = self._threads.submit(write, self._block)
        self._block, self._block_bytes = [], 0

    async def _written(self) -> None:
        if self._writing is not None:
            with translated(disk=True):
                await asyncio.wrap_future(self._writing)

    def _write(self, block: list[bytes]) -> None:
        begin = self._size
        for piece in block:
            self._digest.update(piece)
            self._file.write(piece)
            self._size += len(piece)
        self._file.flush()
        # Linux begins to write them to the disk then, and goes on at once: the fsync at the end finds little left.
        # What is still on its way stays in memory, where whoever reads the file next finds it.
        if sys.platform == "linux":
            os.posix_fadvise(self._file.fileno(), begin, self._size - begin, os.POSIX_FADV_DONTNEED)

    def _write_last(self, block: list[bytes]) -> None:
        self._write(block)
        os.fsync(self._file.fileno())


@asynccontextmanager
async def new_file(path: Path, threads: Executor) -> AsyncIterator[NewFile]:
    """It stays only when the block ends well."""
    loop = asyncio.get_running_loop()
    with translated(disk=True):
        file = await loop.run_in_executor(threads, _opened, path)
    try:
        yield NewFile(file, threads)
    except BaseException:
        await asyncio.shield(loop.run_in_executor(threads, _abandon, file, path))
        raise
    file.close()


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("xb")
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("xb")


def _abandon(file: BinaryIO, path: Path) -> None:
    """What is being written is waited for. What could not be written can't be now either."""
    with suppress(OSError):
        file.close()
    path.unlink()
