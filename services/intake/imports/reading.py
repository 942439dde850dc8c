"""Files are read in a process of its own, one after the other: a hostile one may end it or keep it busy, and the API
goes on."""

import asyncio
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from chassis.children import Child
from chassis.logs import get_logger
from chassis.problems import FieldError, Unavailable
from services.intake.imports import child
from services.intake.imports.errors import UnreadableFile

START_SECONDS = 30
MOST_WAITING = 4

log = get_logger(__name__)


class ReadingProcess:
    """Started when the first file comes, replaced when one has ended it."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._child = Child(child.begin_reading, child.own_id, start_seconds=START_SECONDS)

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
