"""Files are read in processes of their own, one after the other: a hostile one may end its process or keep it busy, and
the API goes on. Small files have one process, all others another: nobody waits long with a row for ten thousand.
"""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import asynccontextmanager
from pathlib import Path

from chassis.children import Child
from chassis.logs import get_logger
from chassis.problems import FieldError, Unavailable
from services.intake.imports import child
from services.intake.imports.errors import UnreadableFile

START_SECONDS = 30
# Read in a moment, whatever they hold: a workbook may be many times as large unpacked.
SMALL_CSV = 1024 * 1024
SMALL_XLSX = 16 * 1024

log = get_logger(__name__)


class Reading:
    """Takes a file to the process for its size."""

    def __init__(self, turn_seconds: float, seconds: float) -> None:
        self.small = ReadingProcess(turn_seconds, seconds)
        self.large = ReadingProcess(turn_seconds, seconds)

    async def read(self, path: Path, is_xlsx: bool, rows_to: Path) -> child.Read:
        """Raises `UnreadableFile`, saying why; `Unavailable` when its turn doesn't come soon."""
        size = (await asyncio.to_thread(path.stat)).st_size
        process = self.small if size <= (SMALL_XLSX if is_xlsx else SMALL_CSV) else self.large
        found = await process.read(path, is_xlsx, rows_to)
        if isinstance(found, child.NotRead):
            errors = [FieldError(pointer=cell, detail=problem, remedy=hint) for cell, problem, hint in found.cells]
            raise UnreadableFile(found.cause, found.remedy, errors[:100])
        return found

    def close(self) -> None:
        """End the processes, whatever they are doing."""
        self.small.close()
        self.large.close()


class ReadingProcess:
    """Started when the first file comes, replaced when one has ended it."""

    def __init__(self, turn_seconds: float, seconds: float) -> None:
        self._turn_seconds = turn_seconds
        self._seconds = seconds
        self._turn = asyncio.Lock()
        self._child = Child(child.begin_reading, child.own_id, start_seconds=START_SECONDS)

    async def read(self, path: Path, is_xlsx: bool, rows_to: Path) -> child.Read | child.NotRead:
        async with self._own_turn():
            return await self._read(path, is_xlsx, rows_to)

    @asynccontextmanager
    async def _own_turn(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._turn_seconds):
                await self._turn.acquire()
        except TimeoutError:
            raise Unavailable("Other files are being read; nothing of this one was imported. Send it again.") from None
        try:
            yield
        finally:
            self._turn.release()

    async def _read(self, path: Path, is_xlsx: bool, rows_to: Path) -> child.Read | child.NotRead:
        try:
            await self._child.start()
        except RuntimeError as error:
            raise Unavailable("The process that reads files doesn't start; nothing was imported.") from error
        try:
            async with asyncio.timeout(self._seconds):
                return await self._child.call(child.read_file, path, is_xlsx, rows_to)
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
        self._child.close()
