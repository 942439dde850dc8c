"""qc's worker: measures what assets has stored, and opens its review; of colour references, whether they can be such.
Workers share one consumer; add processes to scale."""

from fastapi import FastAPI

from chassis.app import create_service_app
from chassis.handlers import Handlers, Job
from chassis.service import Service
from contracts.assets import ColourReferenceStored, VersionStored
from services.qc.colour_references.service import ColourReader, keep
from services.qc.inspections.files import Files
from services.qc.inspections.measuring import MeasuringProcess
from services.qc.inspections.service import Inspector, complete_inspection
from services.qc.reference.service import publish_default_packs
from services.qc.settings import QcSettings


class Worker(Service):
    """A service process with a measuring process beside it."""

    def __init__(self, settings: QcSettings) -> None:
        super().__init__(settings, on_start=publish_default_packs)
        self._process = MeasuringProcess(seconds=settings.measure_seconds, tries=settings.measure_tries)
        files = Files(settings.store_url)
        inspector = Inspector(self.database, files, self._process, settings.max_file_bytes)
        reader = ColourReader(self.database, files, self._process, settings.max_file_bytes)
        jobs: Handlers = {
            VersionStored: Job(inspector.measure, complete_inspection),
            ColourReferenceStored: Job(reader.read, keep),
        }
        # Two at a time: while one is measured, the other is read or its review is opened.
        self.consume("qc-worker", jobs, batch=1, parallel=2)

    async def stop(self) -> None:
        """Finishes what was begun; what takes too long is left to the next start."""
        await super().stop()
        self._process.close()


def create_app(settings: QcSettings | None = None) -> FastAPI:
    return create_service_app(
        Worker(settings or QcSettings(process="worker")),
        title="QC worker",
        description="Measures stored versions, and opens their reviews.",
    )
