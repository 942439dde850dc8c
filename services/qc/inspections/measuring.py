"""Measuring in a process of its own: hostile bytes may end it or keep it busy, and the worker goes on."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import TypeVar

from chassis.children import Child, begin_child
from chassis.logs import get_logger
from contracts.assets import ColourReferenceKind
from contracts.values import ImageSpec, Measurement, MeasurementOutcome
from services.qc.comparison.domain import ColourReading, Fingerprint, References
from services.qc.evidence.domain import Drawn
from services.qc.inspections import child
from services.qc.inspections.domain import not_measurable
from services.qc.thresholds.domain import Thresholds
from services.qc.zoom.domain import SubjectCells

START_SECONDS = 60
_ENDS_THE_PROCESS = "it ends the process that measures it, perhaps by its need of memory"
_NOTHING_TO_SHOW = (MeasurementOutcome.PASS, MeasurementOutcome.CANNOT_MEASURE)
T = TypeVar("T")

log = get_logger(__name__)

Complete = Callable[[Fingerprint | None], Awaitable[References]]


@dataclass(frozen=True)
class Job:
    """One file to be measured."""

    data: bytes
    filename: str
    spec: ImageSpec
    approved: dict[str, tuple[bytes, str]]  # bytes and name of the `capture` and the `colour` reference
    thresholds: Thresholds


@dataclass(frozen=True)
class Verdict:
    """What the process found. `references`: None where it found nothing, for the file ended it or took too long.
    `drawn`: None where it ended over the overlays."""

    measurements: list[Measurement]
    fingerprint: Fingerprint | None = None
    references: References | None = None
    drawn: list[Drawn] | None = None
    cells: SubjectCells | None = None


class MeasuringProcess:
    """One process, started when it is needed, replaced when it has ended. One file at a time: so it is known which
    file ended it."""

    def __init__(self, *, seconds: float, tries: int) -> None:
        self._seconds = seconds
        self._tries = tries
        self._turn = asyncio.Lock()
        self._child = Child(begin_child, child.own_id, start_seconds=START_SECONDS)
        self._engine_version: str | None = None

    async def engine_version(self) -> str:
        """Which engine measures. Raises only when no process can be started."""
        if self._engine_version is None:
            async with self._turn:
                await self._child.start()
                try:
                    self._engine_version = await self._child.call(child.engine_version)
                except BrokenProcessPool:  # or it would be asked again and again
                    self.close()
                    raise
        return self._engine_version

    async def measure(self, job: Job, complete: Complete) -> Verdict:
        """Every check's verdict; or that the file can't be measured, when it has ended the process or its time `tries`
        times. `complete` is told what the file shows, and answers all that it is compared with.

        Raises what `complete` raises, and when no process can be started.
        """
        async with self._turn:
            for _ in range(self._tries):
                await self._child.start()
                try:
                    fingerprint = await self._in_time(child.read, job.data, job.filename, job.approved, job.thresholds)
                    cells = await self._in_time(child.subject_cells)
                except Exception as error:
                    if (verdict := self._ended_by(error, job.filename)) is not None:
                        return verdict
                    continue
                references = await complete(fingerprint)
                try:
                    measurements = await self._in_time(child.measure, job.spec, references)
                except Exception as error:
                    if (verdict := self._ended_by(error, job.filename)) is not None:
                        return verdict
                    continue
                return Verdict(measurements, fingerprint, references, await self._drawn(job, measurements), cells)
            return self._given_up(job.filename, _ENDS_THE_PROCESS)

    async def read_colours(
        self, data: bytes, filename: str, kind: ColourReferenceKind, thresholds: Thresholds
    ) -> ColourReading:
        """Of a colour reference; that it can't be measured, when it has ended the process or its time `tries` times.

        Raises when no process can be started.
        """
        async with self._turn:
            for _ in range(self._tries):
                await self._child.start()
                try:
                    return await self._in_time(child.read_colours, data, filename, kind, thresholds)
                except Exception as error:
                    if (verdict := self._ended_by(error, filename)) is not None:
                        return ColourReading(measurements=verdict.measurements)
            return ColourReading(measurements=self._given_up(filename, _ENDS_THE_PROCESS).measurements)

    async def _drawn(self, job: Job, measurements: list[Measurement]) -> list[Drawn] | None:
        """The verdict stands without."""
        if all(one.outcome in _NOTHING_TO_SHOW for one in measurements):
            return []
        try:
            return await self._in_time(child.draw, job.spec, measurements)
        except Exception as error:
            log.error("no overlays were drawn", filename=job.filename, exc_info=error)
            self.close()
            return None

    async def _in_time(self, function: Callable[..., T], *arguments: object) -> T:
        async with asyncio.timeout(self._seconds):
            return await self._child.call(function, *arguments)

    def _ended_by(self, error: Exception, filename: str) -> Verdict | None:
        """The verdict after an error; None for another try."""
        if isinstance(error, TimeoutError):  # a second try would take as long, and hold up those that wait
            self.close()
            return self._given_up(filename, f"it takes longer than {self._seconds:g} seconds")
        if isinstance(error, BrokenProcessPool):  # perhaps by another's need of memory: it gets another try
            self.close()
            return None
        log.error("the engine broke", filename=filename, exc_info=error)
        return Verdict(not_measurable(f"the engine broke ({type(error).__name__})"))

    def _given_up(self, filename: str, cause: str) -> Verdict:
        log.warning("a file is not measured", filename=filename, cause=cause)
        return Verdict(not_measurable(cause))

    def close(self) -> None:
        """End the process, whatever it is doing."""
        self._child.close()
