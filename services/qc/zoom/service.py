"""Taking what a reviewer has seen at 100 % zoom, and saying what is left."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.auth import Caller, require_role
from chassis.clock import now
from chassis.problems import Conflict, FieldError, Invalid, NotFound
from contracts.values import WorkState
from services.qc.decisions.errors import Changed
from services.qc.inspections import repository as inspections
from services.qc.inspections.schemas import Inspection
from services.qc.reference import service as reference
from services.qc.reviews import repository as review_rows
from services.qc.reviews.domain import ReviewState
from services.qc.work import repository as work_items
from services.qc.zoom import repository
from services.qc.zoom.domain import Coverage, SubjectCells, coverage, subject_cells
from services.qc.zoom.errors import NothingToSee
from services.qc.zoom.schemas import SeenAtZoom, SeenCells, ZoomEvidence

_MOST_NAMED = 20


async def add_seen(
    session: AsyncSession, caller: Caller, work_item_id: UUID, version_id: UUID, body: SeenCells
) -> ZoomEvidence:
    """Join cells with those that the caller sent before, and answer what is left. Nothing is locked: cells that come
    after the caller's decision are seen too late, and change nothing of it."""
    subject = await _subject(session, work_item_id, version_id)
    work = await work_items.load(session, work_item_id)
    review = await review_rows.newest(session, work_item_id)
    assert work is not None  # known before anything of it is measured
    assert review is not None  # opened in the transaction that recorded the inspection
    owners = await reference.owners_of_gates(session)
    require_role(caller, *(owners[gate] for gate in work.gates))
    if review.version.id != version_id:
        raise Changed(
            f"At the gates is version {review.version.id} of round {review.version.round}, not the one that you name.",
            version_id=str(review.version.id),
        )
    if review.standing.state is not ReviewState.OPEN:
        raise Changed(f"Nothing is left to decide: the review is {review.standing.state}.", state=review.standing.state)
    if work.state is WorkState.BLOCKED:
        raise Conflict("The work item is blocked: nothing is decided until it is unblocked.")
    _check_it_is_this_image(subject, body)
    seen = await repository.join(session, version_id, caller.subject, subject.grid.map_of(body.cells), now())
    found = coverage(subject, seen, (await reference.current_gates(session)).zoom_share)
    return ZoomEvidence.told(work_item_id, version_id, subject, found)


async def read_seen(session: AsyncSession, reader: str, work_item_id: UUID, version_id: UUID) -> ZoomEvidence:
    """What this person has seen so far, and what is left."""
    subject = await _subject(session, work_item_id, version_id)
    seen = (await repository.seen_by(session, reader, [version_id])).get(version_id)
    found = coverage(subject, seen, (await reference.current_gates(session)).zoom_share)
    return ZoomEvidence.told(work_item_id, version_id, subject, found)


async def seen_of(
    session: AsyncSession, person: str, inspection: Inspection
) -> tuple[Coverage | None, SeenAtZoom | None]:
    """How much of a version's subject this person has seen (None: nobody can say, its size isn't known), and what is
    frozen with their decision (None: they never looked at 100 % zoom)."""
    subject = subject_cells(inspection.subject_cells, inspection.measurements)
    if subject is None:
        return None, None
    seen = (await repository.seen_by(session, person, [inspection.version_id])).get(inspection.version_id)
    found = coverage(subject, seen, (await reference.current_gates(session)).zoom_share)
    if seen is None:
        return found, None
    rows = subject.grid.by_rows(seen)
    return found, SeenAtZoom(cells=found.cells, seen=found.seen, needed=found.needed, rows=rows)


async def _subject(session: AsyncSession, work_item_id: UUID, version_id: UUID) -> SubjectCells:
    inspection = await inspections.of_version(session, version_id)
    if inspection is None or inspection.work_item_id != work_item_id:
        raise NotFound("No such version of this work item has been measured (yet).")
    subject = subject_cells(inspection.subject_cells, inspection.measurements)
    if subject is None:
        raise NothingToSee("The file couldn't be decoded, so its size isn't known: there is nothing to be seen of it.")
    return subject


def _check_it_is_this_image(subject: SubjectCells, body: SeenCells) -> None:
    if (body.width, body.height) != (subject.width, subject.height):
        remedy = f"It is {subject.width} × {subject.height} px: show the version itself, not a preview of it."
        wrong = [name for name in ("width", "height") if getattr(body, name) != getattr(subject, name)]
        errors = [FieldError(pointer=f"/{name}", detail="not that of the version", remedy=remedy) for name in wrong]
        raise Invalid("Another image was shown than this version.", errors=errors)
    grid = subject.grid
    outside = [place for place, cell in enumerate(body.cells) if not grid.has(cell)]
    if outside:
        remedy = f"Columns go from 0 to {grid.columns - 1}, rows from 0 to {grid.rows - 1}."
        errors = [
            FieldError(pointer=f"/cells/{place}", detail="outside of the image", remedy=remedy)
            for place in outside[:_MOST_NAMED]
        ]
        raise Invalid(f"{len(outside)} cells lie outside of the image.", errors=errors)
