"""Measuring a stored version, and what follows from it."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.clock import now
from chassis.database import Database
from chassis.events import Happened, record
from chassis.handlers import NotYet
from chassis.ids import new_id
from contracts.assets import Version, VersionStored
from contracts.envelope import Event
from contracts.qc import InspectionCompleted
from contracts.values import ImageSpec, Measurement, WorkItem, WorkKind
from services.qc.comparison import repository as fingerprints
from services.qc.comparison import service as comparison
from services.qc.comparison.domain import Engine, Fingerprint, References, key_of
from services.qc.evidence import repository as evidence
from services.qc.evidence.domain import Kept
from services.qc.evidence.service import keep
from services.qc.inspections import repository
from services.qc.inspections.domain import not_measurable, worst
from services.qc.inspections.files import Files
from services.qc.inspections.measuring import Job, MeasuringProcess
from services.qc.inspections.schemas import Inspection
from services.qc.reference import service as reference
from services.qc.reviews.service import open_review
from services.qc.thresholds.domain import Thresholds, digest_of
from services.qc.thresholds.service import current_thresholds
from services.qc.work import repository as work_items
from services.qc.zoom.domain import SubjectCells


@dataclass(frozen=True)
class Measured:
    """`references`: all that it was compared with. Without an engine nothing could be measured. `evidence`: None where
    its overlays couldn't be made: the next version of the same bytes is measured anew."""

    spec: ImageSpec
    measurements: list[Measurement]
    engine: Engine | None = None
    references: References | None = None
    fingerprint: Fingerprint | None = None
    measured_as: UUID | None = None
    evidence: Sequence[Kept] | None = ()
    cells: SubjectCells | None = None


@dataclass(frozen=True)
class Inspector:
    """The long part: outside of any transaction that changes something."""

    database: Database
    files: Files
    process: MeasuringProcess
    max_file_bytes: int

    async def measure(self, event: Event[VersionStored]) -> Measured:
        """Raises `NotYet` until the work item and, for a variant, the channel pack are known; `Unreadable` when the
        store doesn't give the file, or one that it is compared with; `Unwritable` when it doesn't take an overlay."""
        version = event.data.version
        async with self.database.transaction() as session:
            work = await _known_work(session, version)
            spec = await spec_of(session, work, version)
            references = await comparison.choose(session, work, version)
            published = await current_thresholds(session)
        if version.bytes > self.max_file_bytes:
            return Measured(spec, not_measurable(f"it has more than {self.max_file_bytes} bytes"))
        thresholds = published.of(work.category)
        engine = Engine(
            version=await self.process.engine_version(),
            thresholds=digest_of(thresholds),
            thresholds_version=published.version,
        )
        kept = await self._measured_before(version, spec, engine, references, thresholds)
        return kept or await self._measured_now(version, spec, engine, references, thresholds)

    async def _measured_before(
        self, version: Version, spec: ImageSpec, engine: Engine, references: References, thresholds: Thresholds
    ) -> Measured | None:
        """The results of the same bytes, spec and references by the same engine and thresholds, where there are such:
        the file isn't even read."""
        async with self.database.transaction() as session:
            own = await fingerprints.of_bytes(session, version.sha256, engine.version)
            if own is None:
                return None
            completed = await comparison.completed(session, version, references, own, thresholds.near_duplicate_bits)
            found = await repository.of_key(session, key_of(version, spec, engine, completed))
            if found is None:
                return None
            kept = await evidence.of_inspections(session, [found.id])
        return Measured(spec, found.measurements, engine, completed, own, found.id, kept[found.id], found.subject_cells)

    async def _measured_now(
        self, version: Version, spec: ImageSpec, engine: Engine, references: References, thresholds: Thresholds
    ) -> Measured:
        async def complete(own: Fingerprint | None) -> References:
            async with self.database.transaction() as session:
                return await comparison.completed(session, version, references, own, thresholds.near_duplicate_bits)

        data = await self.files.read(version)
        # One that is too large is missing, and can't be compared with.
        named = {"capture": references.capture, "colour": references.colour}
        files = {name: one for name, one in named.items() if one is not None and one.bytes <= self.max_file_bytes}
        once = {one.id: one for one in files.values()}
        read = {version_id: (await self.files.read(one), one.filename) for version_id, one in once.items()}
        approved = {name: read[one.id] for name, one in files.items()}
        verdict = await self.process.measure(Job(data, version.filename, spec, approved, thresholds), complete)
        if verdict.references is None:
            return Measured(spec, verdict.measurements)
        kept = None if verdict.drawn is None else await keep(self.files, verdict.drawn)
        return Measured(
            spec,
            verdict.measurements,
            engine,
            verdict.references,
            verdict.fingerprint,
            evidence=kept,
            cells=verdict.cells,
        )


async def _known_work(session: AsyncSession, version: Version) -> WorkItem:
    work = await work_items.load(session, version.work_item_id)
    if work is None:
        raise NotYet(f"work item {version.work_item_id} is not known yet")
    return work


async def spec_of(session: AsyncSession, work: WorkItem, version: Version) -> ImageSpec:
    """What the version must be: its shot's spec, and for a variant what the channel makes of it. Raises `NotYet`."""
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
    engine, references = measured.engine, measured.references
    inspection = Inspection(
        id=new_id(),
        version_id=version.id,
        work_item_id=version.work_item_id,
        sha256=version.sha256,
        spec=measured.spec,
        outcome=worst(measured.measurements),
        measurements=measured.measurements,
        completed_at=now(),
        engine=engine,
        compared_with=references.used() if references else [],
        measured_as=measured.measured_as,
        subject_cells=measured.cells,
    )
    key = None
    if engine and references and measured.evidence is not None:
        key = key_of(version, measured.spec, engine, references)
    await repository.add(session, inspection, key)
    await evidence.add(session, inspection.id, measured.evidence or ())
    if engine and measured.fingerprint:
        await fingerprints.add(session, version, measured.fingerprint, engine.version)
    completed = InspectionCompleted(**inspection.model_dump(include=set(InspectionCompleted.model_fields)))
    await record(session, Happened(completed, inspection.id, 1))
    await open_review(session, version, inspection)
