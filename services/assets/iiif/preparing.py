"""The worker's part: a pyramid of every file that is stored, before anybody looks at it."""

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.handlers import Job
from chassis.logs import get_logger
from contracts.assets import ColourReferenceStored, VersionStored
from contracts.envelope import Event
from services.assets.iiif.keeping import Build, Pyramids
from services.assets.rendering import CannotRender

log = get_logger(__name__)


class Preparing:
    """One event after the other. A file that can't be shown is nobody's dead letter: qc fails it for what it is."""

    def __init__(self, pyramids: Pyramids, run: Build) -> None:
        self._pyramids = pyramids
        self._run = run

    def job(self) -> Job:
        return Job(prepare=self.prepare, apply=self.apply)

    async def prepare(self, event: Event[VersionStored] | Event[ColourReferenceStored]) -> None:
        data = event.data
        file = data.version if isinstance(data, VersionStored) else data.reference
        if await self._pyramids.find(file.sha256) is not None:
            return
        try:
            await self._pyramids.make(file.sha256, file.location, self._run)
        except CannotRender as error:
            log.warning("a file can't be shown", sha256=file.sha256, error=str(error))

    async def apply(self, session: AsyncSession, event: object, prepared: None) -> None:
        """All that it leaves is in the store."""
