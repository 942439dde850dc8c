"""Measuring in a process of its own: hostile bytes may end it or keep it busy, and the worker goes on."""

import asyncio
from concurrent.futures.process import BrokenProcessPool

from chassis.children import Child, begin_child
from chassis.logs import get_logger
from contracts.values import ImageSpec, Measurement
from services.qc.inspections import child
from services.qc.inspections.domain import not_measurable

START_SECONDS = 60

log = get_logger(__name__)


class MeasuringProcess:
    """One process, started when it is needed, replaced when it has ended. One file at a time: so it is known which
    file ended it."""

    def __init__(self, *, seconds: float, tries: int) -> None:
        self._seconds = seconds
        self._tries = tries
        self._turn = asyncio.Lock()
        self._child = Child(begin_child, child.own_id, start_seconds=START_SECONDS)

    async def measure(self, data: bytes, filename: str, spec: ImageSpec) -> list[Measurement]:
        """Every check's verdict; or that the file can't be measured, when it has ended the process or its time `tries`
        times. Raises only when no process can be started."""
        async with self._turn:
            for _ in range(self._tries):
                await self._child.start()
                try:
                    async with asyncio.timeout(self._seconds):
                        return await self._child.call(child.measure, data, filename, spec)
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
        self._child.close()
