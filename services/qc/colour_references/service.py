"""Measuring colour references, and showing what came of it."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.clock import now
from chassis.database import Database
from chassis.problems import NotFound
from contracts.assets import ColourReferenceStored
from contracts.envelope import Event
from services.qc.colour_references import repository
from services.qc.colour_references.domain import ReferenceState, refusals_of
from services.qc.colour_references.schemas import MeasuredReference, ReferenceInspection
from services.qc.comparison.domain import ColourReading, Engine
from services.qc.inspections.domain import not_measurable
from services.qc.inspections.files import Files
from services.qc.inspections.measuring import MeasuringProcess
from services.qc.thresholds.domain import digest_of
from services.qc.thresholds.service import current_thresholds


@dataclass(frozen=True)
class ColourReader:
    """The long part: outside of any transaction."""

    database: Database
    files: Files
    process: MeasuringProcess
    max_file_bytes: int

    async def read(self, event: Event[ColourReferenceStored]) -> tuple[ColourReading, Engine | None]:
        """Raises `Unreadable` when the store doesn't give the file."""
        reference = event.data.reference
        if reference.bytes > self.max_file_bytes:
            return ColourReading(measurements=not_measurable(f"it has more than {self.max_file_bytes} bytes")), None
        async with self.database.transaction() as session:
            published = await current_thresholds(session)
        engine = Engine(
            version=await self.process.engine_version(),
            thresholds=digest_of(published.bounds),
            thresholds_version=published.version,
        )
        data = await self.files.read(reference)
        read = await self.process.read_colours(data, reference.filename, reference.kind, published.bounds)
        return read, engine


async def keep(
    session: AsyncSession, event: Event[ColourReferenceStored], read: tuple[ColourReading, Engine | None]
) -> None:
    """With the verdict: from now on shots of the product may be compared with it."""
    reference, (reading, engine) = event.data.reference, read
    refusals = refusals_of(reference.kind, reading.measurements, reading.colours)
    measured = MeasuredReference(
        reference=reference,
        state=ReferenceState.REFUSED if refusals else ReferenceState.APPROVED,
        refusals=refusals,
        colours=list(reading.colours),
        measurements=list(reading.measurements),
        engine=engine,
        measured_at=now(),
    )
    await repository.add(session, measured)


async def get_inspection(session: AsyncSession, reference_id: UUID) -> ReferenceInspection:
    found = await repository.find(session, reference_id)
    if found is None:
        raise NotFound("No such colour reference has been measured (yet).")
    return _shown(found, await repository.in_use(session, found.reference.sku, found.reference.colorway))


async def list_inspections(
    session: AsyncSession, sku: str, colorway: str, after: UUID | None, limit: int
) -> list[ReferenceInspection]:
    in_use = await repository.in_use(session, sku, colorway)
    return [_shown(one, in_use) for one in await repository.page(session, sku, colorway, after, limit)]


def _shown(one: MeasuredReference, in_use: MeasuredReference | None) -> ReferenceInspection:
    is_in_use = in_use is not None and in_use.reference.id == one.reference.id
    return ReferenceInspection(**dict(one), in_use=is_in_use)
