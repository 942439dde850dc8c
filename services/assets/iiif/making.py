"""Pyramids that are asked for before the worker has made them: one at a time, each once, however many wait for it."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from chassis.children import Child, begin_child
from chassis.logs import get_logger
from services.assets.iiif.building import own_id
from services.assets.iiif.errors import CannotBeShown, TooBusy
from services.assets.iiif.keeping import Pyramids
from services.assets.rendering import CannotRender
from services.assets.settings import AssetsSettings

START_SECONDS = 60
RETRY_SECONDS = 5
_REMEMBERED = 1000
"""Files of which no pyramid can be made."""

log = get_logger(__name__)


class _BrokenOff(Exception):
    """By the process, not by what is in the file; or so it seems the first time."""


class Making:
    """Raises `TooBusy` where it would have to wait too long, or too many do already."""

    def __init__(self, pyramids: Pyramids, settings: AssetsSettings) -> None:
        self._pyramids = pyramids
        self._queue = settings.pyramid_queue
        self._wait_seconds = settings.pyramid_wait_seconds
        self._limit_seconds = settings.pyramid_seconds
        self._child = Child(begin_child, own_id, start_seconds=START_SECONDS)
        self._turn = asyncio.Lock()
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._refused: OrderedDict[str, str] = OrderedDict()
        self._broken_off: set[str] = set()

    async def wait_for(self, sha256: str, location: str) -> None:
        """Until the image has its pyramid. Raises `CannotBeShown` when it can't have one."""
        if (reason := self._refused.get(sha256)) is not None:
            raise self._refuse(sha256, reason)
        task = self._tasks.get(sha256)
        if task is None:
            if len(self._tasks) >= self._queue:
                raise TooBusy(f"{len(self._tasks)} images are being made ready before this one.", RETRY_SECONDS)
            task = self._tasks[sha256] = asyncio.create_task(self._make(sha256, location))
            task.add_done_callback(lambda done: self._end(sha256, done))
        done, _ = await asyncio.wait([task], timeout=self._wait_seconds)
        if not done:
            raise TooBusy("This image is being made ready.", RETRY_SECONDS)
        task.result()

    async def _make(self, sha256: str, location: str) -> None:
        async with self._turn:
            if await self._pyramids.find(sha256) is not None:  # the worker has made it meanwhile
                return
            try:
                await self._pyramids.make(sha256, location, self._run)
            except CannotRender as error:
                raise self._refuse(sha256, str(error)) from error
            except _BrokenOff as error:
                log.error("a pyramid was broken off", sha256=sha256, error=repr(error.__cause__))
                if sha256 in self._broken_off:
                    reason = "it ended the process that read it, or kept it busy for too long, twice"
                    raise self._refuse(sha256, reason) from error
                self._broken_off.add(sha256)
                raise TooBusy("Making this image ready was broken off.", RETRY_SECONDS) from error

    def _refuse(self, sha256: str, reason: str) -> CannotBeShown:
        self._broken_off.discard(sha256)
        self._refused[sha256] = reason
        if len(self._refused) > _REMEMBERED:
            self._refused.popitem(last=False)
        return CannotBeShown(f"There are no pixels to be shown: {reason}.")

    async def _run(self, build: Callable[[Path, Path], None], master: Path, made: Path) -> None:
        """Raises `_BrokenOff` when the process ended, or had to be ended: it is replaced."""
        try:
            await self._child.start()
        except RuntimeError as error:
            raise TooBusy("Nothing can be made ready at the moment.", RETRY_SECONDS) from error
        try:
            async with asyncio.timeout(self._limit_seconds):
                await self._child.call(build, master, made)
        except (TimeoutError, BrokenProcessPool) as error:
            self._child.close()
            raise _BrokenOff from error

    def _end(self, sha256: str, task: asyncio.Task[None]) -> None:
        del self._tasks[sha256]
        if not task.cancelled():
            task.exception()  # whoever waited was told; nobody may be left

    async def close(self) -> None:
        for task in list(self._tasks.values()):
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        self._child.close()
