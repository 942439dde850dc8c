"""Measuring a stored version, and what follows from it."""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.clock import now
from chassis.database import Database
from chassis.events import Happened, record
from chassis.handlers import NotYet
from chassis.ids import new_id
from contracts.assets import Version, VersionStored
from contracts.envelope import Event
from contracts.qc import InspectionCompleted
from contracts.values import ImageSpec, Measurement, WorkKind
from services.qc.inspections import repository
from services.qc.inspections.domain import not_measurable, worst
from services.qc.inspections.files import Files
from services.qc.inspections.measuring import MeasuringProcess
from services.qc.inspections.schemas import Inspection
from services.qc.reference import service as reference
from services.qc.reviews.service import open_review
from services.qc.work import repository as work_items


@dataclass(frozen=True)
class Measured:
    spec: ImageSpec
    measurements: list[Measurement]


@dataclass(frozen=True)
class Inspector:
    """The long part: outside of any transaction that changes something."""

    database: Database
    files: Files
    process: MeasuringProcess
    max_file_bytes: int

    async def measure(self, event: Event[VersionStored]) -> Measured:
        """Raises `NotYet` until the work item and, for a variant, the channel pack are known; `Unreadable` when the
        store doesn't give the file."""
        version = event.data.version
        async with self.database.transaction() as session:
            spec = await spec_of(session, version)
        if version.bytes > self.max_file_bytes:
            return Measured(spec, not_measurable(f"it has more than {self.max_file_bytes} bytes"))
        data = await self.files.read(version)
        return Measured(spec, await self.process.measure(data, version.filename, spec))


async def spec_of(session: AsyncSession, version: Version) -> ImageSpec:
    """What the version must be: its shot's spec, and for a variant what the channel makes of it. Raises `NotYet`."""
    work = await work_items.load(session, version.work_item_id)
    if work is None:
        raise NotYet(f"work item {version.work_item_id} is not known yet")
    if version.kind is not WorkKind.VARIANT or version.channel is None:
        return work.spec
    pack = await reference.channel_pack(session, version.channel, version.channel_pack)
    if pack is None:
        raise NotYet(f"the channel pack {version.channel} is not known yet")
    return pack.spec_for(work.spec)


async def complete_inspection(session: AsyncSession, event: Event[VersionStored], measured: Measured) -> None:
    """Keep what was measured, say so, and open the review."""
    version = event.data.version
    if await repository.of_version(session, version.id) is not None:
        return
    inspection = Inspection(
        id=new_id(),
        version_id=version.id,
        work_item_id=version.work_item_id,
        sha256=version.sha256,
        spec=measured.spec,
        outcome=worst(measured.measurements),
        measurements=measured.measurements,
        completed_at=now(),
    )
    await repository.add(session, inspection)
    completed = InspectionCompleted(**inspection.model_dump(exclude={"spec"}))
    await record(session, Happened(completed, inspection.id, 1))
    await open_review(session, version, inspection)
