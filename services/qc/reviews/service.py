"""Opening reviews, withdrawing them, and showing them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.clock import now
from chassis.handlers import NotYet
from chassis.ids import new_id
from chassis.problems import NotFound
from contracts.assets import Version
from contracts.values import Gate, MeasurementOutcome, Outcome, Role, WorkItem, WorkState
from services.qc.decisions import repository as decisions
from services.qc.decisions.schemas import RecordedDecision
from services.qc.decisions.service import record_automatic_pass
from services.qc.inspections import repository as inspections
from services.qc.inspections.schemas import Inspection
from services.qc.reference import service as reference
from services.qc.reference.conditions import facts_of
from services.qc.reference.domain import compose, questions
from services.qc.reference.schemas import Checklists, Gates, Reason
from services.qc.reviews import domain, repository
from services.qc.reviews.domain import Review
from services.qc.reviews.schemas import OpenGate, ReviewPacket, ReviewPackets
from services.qc.work import repository as work_items
from services.qc.zoom import repository as zoom_rows
from services.qc.zoom.domain import coverage, subject_cells
from services.qc.zoom.schemas import Covered


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
    checklists = await reference.current_checklists(session)
    opened_at = now()
    review = Review(
        id=new_id(),
        work_item_id=work.id,
        version=version,
        checklist_version=checklists.version,
        standing=standing,
        opened_at=opened_at,
        closed_at=None if standing.gate else opened_at,
        composition=compose(checklists, facts_of(work)),
    )
    await repository.add(session, review)
    if standing.gate and domain.passes_by_measurement(
        work, standing.gate, gates.in_order(Gate), inspection.measurements, gates.rule(standing.gate).by_measurement
    ):
        await record_automatic_pass(session, review, work, inspection)


async def withdraw(session: AsyncSession, work_item_id: UUID, before_round: int | None = None) -> None:
    """The work was cancelled, or begins again in a later round: nothing of it, or of the rounds before that, is decided
    any more. The work item's row is locked already."""
    for review in await repository.open_ones(session, work_item_id):
        if before_round is not None and review.version.round >= before_round:
            continue
        await repository.move(session, review.id, domain.after_cancellation(review.standing), now())


async def read_packet(session: AsyncSession, reader: str, work_item_id: UUID) -> ReviewPacket:
    """The newest review of a work item with all that this person needs to decide it. Raises `NotFound`."""
    found = await read_packets(session, reader, [work_item_id])
    if not found.items:
        raise NotFound("No version of such a work item has been measured.")
    return found.items[0]


async def read_packets(session: AsyncSession, reader: str, work_item_ids: Sequence[UUID]) -> ReviewPackets:
    """The same of several work items, in their order; those without a measured version are named."""
    ids = list(dict.fromkeys(work_item_ids))
    works, newest = await work_items.load_many(session, ids), await repository.newest_of(session, ids)
    known = [one for one in ids if one in works and one in newest]
    if not known:  # what people and programs ask again and again while it is measured
        return ReviewPackets(items=[], unknown=ids)
    reviews = [newest[one] for one in known]
    packs = await _packs(session, [review for review in reviews if review.standing.gate])
    measured = await inspections.of_versions(session, [review.version.id for review in reviews])
    made = await decisions.of_work_items(session, reader, known)
    standing = await decisions.of_reviews(session, [review.id for review in reviews])
    who = _Reader(reader, now(), await zoom_rows.seen_by(session, reader, list(measured)))
    items = [
        _packet(works[one], review, measured[review.version.id], made[one], standing[review.id], packs, who)
        for one, review in zip(known, reviews, strict=True)
    ]
    return ReviewPackets(items=items, unknown=[one for one in ids if one not in known])


async def gates_of(session: AsyncSession, role: Role) -> list[Gate]:
    """Where a role decides."""
    return [gate for gate, owner in (await reference.owners_of_gates(session)).items() if owner is role]


@dataclass(frozen=True)
class _Packs:
    """What all open gates of a call need."""

    gates: Gates
    owners: Mapping[Gate, Role]
    reasons: list[Reason]
    checklists: Mapping[int, Checklists]


async def _packs(session: AsyncSession, open_reviews: Sequence[Review]) -> _Packs:
    versions = {review.checklist_version for review in open_reviews}
    return _Packs(
        gates=await reference.current_gates(session),
        owners=await reference.owners_of_gates(session) if open_reviews else {},
        reasons=(await reference.current_reasons(session)).reasons,
        checklists={version: await reference.checklists_of(session, version) for version in versions},
    )


@dataclass(frozen=True)
class _Reader:
    """Whom a packet is for. `seen`: version → the map of what they have seen of it at 100 % zoom."""

    subject: str
    at: datetime
    seen: Mapping[UUID, str]


def _packet(
    work: WorkItem,
    review: Review,
    inspection: Inspection,
    made: Sequence[RecordedDecision],
    standing: Sequence[RecordedDecision],
    packs: _Packs,
    reader: _Reader,
) -> ReviewPacket:
    """`made`: what the reader may see of the work item's decisions; `standing`: those of the review that count."""
    size = domain.pixel_size(inspection.measurements)
    lease = review.lease_at(reader.at)
    passed = {one.gate for one in standing if one.outcome is Outcome.PASS}
    return ReviewPacket(
        id=review.id,
        state=review.standing.state,
        open_gate=_open_gate(review, work, inspection, packs, passed, reader.seen.get(review.version.id)),
        work=work,
        version=review.version,
        image=f"/v1/versions/{review.version.id}/content",
        width=size.width if size else None,
        height=size.height if size else None,
        measurements=inspection.measurements,
        evidence=inspection.evidence,
        sent_back=_sent_back(made, review.version.round),
        decisions=list(made),
        opened_at=review.opened_at,
        closed_at=review.closed_at,
        claimed_by=lease.claimed_by if lease else None,
        lease_until=lease.until if lease else None,
        lease_id=lease.id if lease and lease.claimed_by == reader.subject else None,
    )


def _sent_back(made: Sequence[RecordedDecision], round_: int) -> RecordedDecision | None:
    """The last fail of an earlier round that nothing took the place of."""
    superseded = {one.supersedes for one in made}
    standing = [one for one in made if one.id not in superseded and not one.withdrawn and one.round < round_]
    return next((one for one in reversed(standing) if one.outcome is Outcome.FAIL), None)


def _open_gate(
    review: Review, work: WorkItem, inspection: Inspection, packs: _Packs, passed: Collection[Gate], seen: str | None
) -> OpenGate | None:
    gate, measurements = review.standing.gate, inspection.measurements
    if gate is None:
        return None
    is_final = gate == packs.gates.in_order(work.gates)[-1]
    order = packs.gates.in_order(Gate)
    blocking = domain.blocking_a_pass(gate, order, measurements, passed)
    flags = domain.open_at(gate, order, measurements, passed, MeasurementOutcome.FLAG)
    zoom_required = work.zoom_required and is_final
    return OpenGate(
        gate=gate,
        decided_by_role=packs.owners[gate],
        passes=review.standing.passes,
        passes_needed=work.final_reviewers if is_final else 1,
        zoom_required=zoom_required,
        zoom=_zoom(review, inspection, packs.gates.zoom_share, seen) if zoom_required else None,
        blocked_by=[measured.check for measured in blocking],
        flags=[measured.check for measured in flags],
        checklist_version=review.checklist_version,
        checklist=questions(packs.checklists[review.checklist_version], gate, review.composition),
        reasons=packs.reasons,
    )


def _zoom(review: Review, inspection: Inspection, share: float, seen: str | None) -> Covered | None:
    subject = subject_cells(inspection.subject_cells, inspection.measurements)
    if subject is None:
        return None
    return Covered.of(review.work_item_id, review.version.id, coverage(subject, seen, share))
