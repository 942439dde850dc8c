"""Files are read in a process of its own, one after the other: a hostile one may end it or keep it busy, and the API
goes on."""

import asyncio
import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TypeVar

from chassis.logs import get_logger
from chassis.problems import FieldError, Unavailable
from services.intake.imports import child
from services.intake.imports.errors import UnreadableFile

T = TypeVar("T")

START_SECONDS = 30
END_SECONDS = 5
MOST_WAITING = 4

log = get_logger(__name__)


class ReadingProcess:
    """Started when the first file comes, replaced when one has ended it."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._pool: ProcessPoolExecutor | None = None
        self._child: BaseProcess | None = None

    async def read(self, path: Path, is_xlsx: bool, rows_to: Path) -> child.Read:
        """Raises `UnreadableFile`, saying why; `Unavailable` when too many wait for their turn."""
        if self._waiting >= MOST_WAITING:
            raise Unavailable("Several files are being read already; nothing was imported. Try again.")
        self._waiting += 1
        try:
            async with self._turn:
                found = await self._read(path, is_xlsx, rows_to)
        finally:
            self._waiting -= 1
        if isinstance(found, child.NotRead):
            errors = [FieldError(pointer=cell, detail=problem, remedy=hint) for cell, problem, hint in found.cells]
            raise UnreadableFile(found.cause, found.remedy, errors[:100])
        return found

    async def _read(self, path: Path, is_xlsx: bool, rows_to: Path) -> child.Read | child.NotRead:
        await self._start()
        try:
            async with asyncio.timeout(self._seconds):
                return await self._call(child.read_file, path, is_xlsx, rows_to)
        except TimeoutError:
            cause = f"Reading the file takes longer than {self._seconds:g} seconds."
        except BrokenProcessPool:
            cause = "The file ends the process that reads it, perhaps by its need of memory."
        except Exception as error:
            log.error("reading broke", exc_info=error)
            cause = f"Reading the file broke off ({type(error).__name__})."
        except asyncio.CancelledError:  # the client has gone: nobody waits for it
            self.close()
            raise
        self.close()
        log.warning("a file is not read", cause=cause)
        return child.NotRead(cause, "Split it, or send it as CSV.", [])

    def close(self) -> None:
        """End the process, whatever it is doing."""
        if self._pool is None:
            return
        if self._child is not None:
            self._child.kill()
            self._child.join(END_SECONDS)
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._pool = self._child = None

    async def _start(self) -> None:
        if self._pool is not None:
            return
        # Not fork: this process has threads.
        self._pool = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), child.begin_reading)
        try:
            async with asyncio.timeout(START_SECONDS):
                process_id = await self._call(child.own_id)
        except (TimeoutError, BrokenProcessPool) as error:
            self.close()
            raise Unavailable("The process that reads files doesn't start; nothing was imported.") from error
        self._child = next((one for one in multiprocessing.active_children() if one.pid == process_id), None)

    async def _call(self, function: Callable[..., T], *arguments: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, function, *arguments)
