"""Opening reviews, withdrawing them, and showing them."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.clock import now
from chassis.handlers import NotYet
from chassis.ids import new_id
from chassis.problems import NotFound
from contracts.assets import Version
from contracts.values import Gate, Measurement, MeasurementOutcome, WorkItem, WorkState
from services.qc.decisions import repository as decisions
from services.qc.decisions.service import record_automatic_pass
from services.qc.inspections import repository as inspections
from services.qc.inspections.schemas import Inspection
from services.qc.reference import service as reference
from services.qc.reviews import domain, repository
from services.qc.reviews.domain import Review
from services.qc.reviews.schemas import OpenGate, ReviewPacket
from services.qc.work import repository as work_items


async def open_review(session: AsyncSession, version: Version, inspection: Inspection) -> None:
    """Open a measured version's review at the first gate of its work item, and pass that by measurement if allowed.

    Raises `NotYet` until the work item is known.
    """
    work = await work_items.load(session, version.work_item_id, lock=True)
    if work is None:
        raise NotYet(f"work item {version.work_item_id} is not known yet")
    gates = await reference.current_gates(session)
    standing = domain.opened(gates.in_order(work.gates))
    if work.state is WorkState.CANCELLED or version.round < work.round:  # nothing of that round is decided any more
        standing = domain.after_cancellation(standing)
    opened_at = now()
    review = Review(
        id=new_id(),
        work_item_id=work.id,
        version=version,
        checklist_version=(await reference.current_checklists(session)).version,
        standing=standing,
        opened_at=opened_at,
        closed_at=None if standing.gate else opened_at,
    )
    await repository.add(session, review)
    if standing.gate and domain.passes_by_measurement(
        work, standing.gate, inspection.measurements, gates.rule(standing.gate).by_measurement
    ):
        await record_automatic_pass(session, review, work, inspection.id)


async def withdraw(session: AsyncSession, work_item_id: UUID, before_round: int | None = None) -> None:
    """The work was cancelled, or begins again in a later round: nothing of it, or of the rounds before that, is decided
    any more. The work item's row is locked already."""
    for review in await repository.open_ones(session, work_item_id):
        if before_round is not None and review.version.round >= before_round:
            continue
        await repository.move(session, review.id, domain.after_cancellation(review.standing), now())


async def read_packet(session: AsyncSession, work_item_id: UUID) -> ReviewPacket:
    """The newest review of a work item with all that is needed to decide it. Raises `NotFound`."""
    work = await work_items.load(session, work_item_id)
    review = await repository.newest(session, work_item_id)
    if work is None or review is None:
        raise NotFound("No version of such a work item has been measured.")
    inspection = await inspections.of_version(session, review.version.id)
    assert inspection is not None  # recorded in the transaction that opened the review
    gate = review.standing.gate
    return ReviewPacket(
        id=review.id,
        state=review.standing.state,
        open_gate=await _open_gate(session, review, work, gate, inspection.measurements) if gate else None,
        work=work,
        version=review.version,
        measurements=inspection.measurements,
        decisions=await decisions.of_work_item(session, work_item_id),
        opened_at=review.opened_at,
        closed_at=review.closed_at,
    )


async def _open_gate(
    session: AsyncSession, review: Review, work: WorkItem, gate: Gate, measurements: Sequence[Measurement]
) -> OpenGate:
    gates = await reference.current_gates(session)
    is_final = gate == gates.in_order(work.gates)[-1]
    order, passed = gates.in_order(Gate), {one for one, _ in await decisions.passes(session, review.id)}
    blocking = domain.blocking_a_pass(gate, order, measurements, passed)
    flags = domain.open_at(gate, order, measurements, passed, MeasurementOutcome.FLAG)
    return OpenGate(
        gate=gate,
        decided_by_role=await reference.owner_of_gate(session, gate),
        passes=review.standing.passes,
        passes_needed=work.final_reviewers if is_final else 1,
        zoom_required=work.zoom_required and is_final,
        blocked_by=[measured.check for measured in blocking],
        flags=[measured.check for measured in flags],
        checklist_version=review.checklist_version,
        checklist=(await reference.checklists_of(session, review.checklist_version)).at(gate),
        reasons=(await reference.current_reasons(session)).reasons,
    )
