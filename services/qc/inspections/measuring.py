"""Measuring in a process of its own: hostile bytes may end it or keep it busy, and the worker goes on."""

import asyncio
import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.process import BaseProcess
from typing import TypeVar

from chassis.children import begin_child
from chassis.logs import get_logger
from contracts.values import ImageSpec, Measurement
from services.qc.inspections import child
from services.qc.inspections.domain import not_measurable

T = TypeVar("T")

START_SECONDS = 60
END_SECONDS = 5

log = get_logger(__name__)


class MeasuringProcess:
    """One process, started when it is needed, replaced when it has ended. One file at a time: so it is known which
    file ended it."""

    def __init__(self, *, seconds: float, tries: int) -> None:
        self._seconds = seconds
        self._tries = tries
        self._turn = asyncio.Lock()
        self._pool: ProcessPoolExecutor | None = None
        self._child: BaseProcess | None = None

    async def measure(self, data: bytes, filename: str, spec: ImageSpec) -> list[Measurement]:
        """Every check's verdict; or that the file can't be measured, when it has ended the process or its time `tries`
        times. Raises only when no process can be started."""
        async with self._turn:
            for _ in range(self._tries):
                await self._start()
                try:
                    async with asyncio.timeout(self._seconds):
                        return await self._call(child.measure, data, filename, spec)
                except TimeoutError:  # a second try would take as long, and hold up those that wait
                    self.close()
                    return self._given_up(filename, f"it takes longer than {self._seconds:g} seconds")
                except BrokenProcessPool:  # perhaps by another's need of memory: it gets another try
                    self.close()
                except Exception as error:
                    log.error("the engine broke", filename=filename, exc_info=error)
                    return not_measurable(f"the engine broke ({type(error).__name__})")
            return self._given_up(filename, "it ends the process that measures it, perhaps by its need of memory")

    def _given_up(self, filename: str, cause: str) -> list[Measurement]:
        log.warning("a file is not measured", filename=filename, cause=cause)
        return not_measurable(cause)

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
        context = multiprocessing.get_context("spawn")
        self._pool = ProcessPoolExecutor(1, context, begin_child)
        try:
            async with asyncio.timeout(START_SECONDS):
                process_id = await self._call(child.own_id)
        except (TimeoutError, BrokenProcessPool) as error:
            self.close()
            raise RuntimeError("the measuring process doesn't start") from error
        self._child = next((one for one in multiprocessing.active_children() if one.pid == process_id), None)

    async def _call(self, function: Callable[..., T], *arguments: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, function, *arguments)
