"""Deciding at a gate."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.auth import Caller, require_role
from chassis.clock import now
from chassis.ids import new_id
from chassis.problems import Conflict, Invalid, NotFound
from contracts.qc import Decision, DecisionRecorded, GateResult
from contracts.values import Gate, Measurement, MeasurementOutcome, Outcome, Role, WorkItem, WorkState
from services.qc.decisions import repository
from services.qc.decisions.domain import Asked, AskedZoom, basis_of, consequences, escapes, what_is_missing
from services.qc.decisions.errors import AnotherReviewer, Changed, OpenFails, OwnWork
from services.qc.decisions.grace import announce
from services.qc.decisions.schemas import NewDecision, RecordedDecision
from services.qc.inspections import repository as inspections
from services.qc.inspections.schemas import Inspection
from services.qc.leases.domain import check_lease
from services.qc.reference import service as reference
from services.qc.reference.domain import questions
from services.qc.reviews import domain as reviews
from services.qc.reviews import repository as review_rows
from services.qc.reviews.domain import Review, ReviewState
from services.qc.work import repository as work_items
from services.qc.zoom import service as zoom
from services.qc.zoom.domain import Coverage
from services.qc.zoom.schemas import SeenAtZoom, address_of

BY_MEASUREMENT = "measurement"
NO_GRACE = timedelta(0)


async def decide(
    session: AsyncSession,
    caller: Caller,
    body: NewDecision,
    grace: timedelta,
    supersedes: UUID | None = None,
    told: UUID | None = None,
) -> RecordedDecision:
    """Count a person's decision and open what follows. The work item's row is locked: of two people who decide at once
    the second one sees what the first one did. The others hear of it after the grace. `supersedes`: the decision whose
    place it takes; the review stands where it stood before that. `told`: the one that the others know of in that
    place."""
    role = await reference.owner_of_gate(session, body.gate)
    require_role(caller, role)
    work = await work_items.load(session, body.work_item_id, lock=True)
    review = await review_rows.newest(session, body.work_item_id)
    if work is None or review is None:
        raise NotFound("No version of such a work item has been measured.")
    _check_nothing_changed(review, work, body)
    await _check_person(session, review, caller, supersedes)
    check_lease(review, caller.subject, body.lease_id, now())
    inspection = await inspections.of_version(session, review.version.id)
    assert inspection is not None  # recorded in the transaction that opened the review
    covered, seen = await zoom.seen_of(session, caller.subject, inspection)
    asked = await _asked(session, review, work, inspection.measurements, covered)
    if errors := what_is_missing(body, asked):
        raise Invalid("The decision is not complete; `errors` names what is missing or contradicts.", errors=errors)
    if body.outcome is Outcome.PASS:
        await _check_fails_are_overridden(session, caller, body, asked.fails)
    return await _record(
        session, review, work, body, inspection, decided_by=caller.subject, role=role, grace=grace,
        supersedes=supersedes, told=told, zoom_inspected=covered is not None and covered.suffices, seen=seen,
    )  # fmt: skip


async def record_automatic_pass(
    session: AsyncSession, review: Review, work: WorkItem, inspection: Inspection
) -> RecordedDecision:
    """The open gate passes by measurement alone. The work item's row is locked."""
    assert review.standing.gate is not None
    body = NewDecision(
        work_item_id=work.id,
        version_id=review.version.id,
        sha256=review.version.sha256,
        gate=review.standing.gate,
        outcome=Outcome.PASS,
        checklist_version=review.checklist_version,
        answers={},
    )
    return await _record(session, review, work, body, inspection, decided_by=BY_MEASUREMENT, role=None)


def _check_nothing_changed(review: Review, work: WorkItem, body: NewDecision) -> None:
    version, standing = review.version, review.standing
    if (body.version_id, body.sha256) != (version.id, version.sha256):
        raise Changed(
            f"At the gates is version {version.id} of round {version.round}, not the one that you name.",
            version_id=str(version.id),
            sha256=version.sha256,
        )
    if standing.state is not ReviewState.OPEN:
        raise Changed(f"Nothing is left to decide: the review is {standing.state}.", state=standing.state)
    if body.gate != standing.gate:
        raise Changed(f"The open gate is {standing.gate}, not {body.gate}.", open_gate=standing.gate)
    if work.state is WorkState.BLOCKED:
        raise Conflict("The work item is blocked: nothing is decided until it is unblocked.")
    if body.checklist_version != review.checklist_version:
        raise Changed(
            f"This review is decided by checklist version {review.checklist_version}, not {body.checklist_version}.",
            checklist_version=review.checklist_version,
        )


async def _check_person(session: AsyncSession, review: Review, caller: Caller, supersedes: UUID | None) -> None:
    if caller.subject == review.version.delivered_by:
        raise OwnWork("You delivered this version: another person decides on it.")
    gate = review.standing.gate
    assert gate is not None
    if (gate, caller.subject) in await repository.passes(session, review.id, but=supersedes):
        raise AnotherReviewer("You have passed this gate already: it needs different people.")


async def _asked(
    session: AsyncSession,
    review: Review,
    work: WorkItem,
    measurements: Sequence[Measurement],
    covered: Coverage | None,
) -> Asked:
    """`covered`: what the caller has seen at 100 % zoom."""
    gate = review.standing.gate
    assert gate is not None
    order = (await reference.current_gates(session)).in_order(Gate)
    passed = {one for one, _ in await repository.passes(session, review.id)}
    is_final = gate == (await _gates_of(session, work))[-1]
    address = address_of(work.id, review.version.id)
    return Asked(
        items=questions(await reference.checklists_of(session, review.checklist_version), gate, review.composition),
        reasons=(await reference.current_reasons(session)).by_id().keys(),
        flags=reviews.open_at(gate, order, measurements, passed, MeasurementOutcome.FLAG),
        fails=reviews.blocking_a_pass(gate, order, measurements, passed),
        size=reviews.pixel_size(measurements),
        zoom=AskedZoom(address, covered) if work.zoom_required and is_final else None,
    )


async def _check_fails_are_overridden(
    session: AsyncSession, caller: Caller, body: NewDecision, fails: Sequence[Measurement]
) -> None:
    """A variant may answer for a gate that it doesn't have: overriding is still for that gate's owner."""
    overridden = body.overrides or {}
    if blocking := [one for one in fails if one.check not in overridden]:
        names = ", ".join(f"{one.check} {one.name}" for one in blocking)
        told = {"check", "name", "gate", "threshold", "detail"}
        checks = [one.model_dump(mode="json", include=told) for one in blocking]
        raise OpenFails(
            f"It can't pass while these automatic checks fail and nobody overrides them: {names}.", checks=checks
        )
    for gate in {one.gate for one in fails}:
        require_role(caller, await reference.owner_of_gate(session, gate))


async def _gates_of(session: AsyncSession, work: WorkItem) -> list[Gate]:
    return (await reference.current_gates(session)).in_order(work.gates)


async def _record(
    session: AsyncSession,
    review: Review,
    work: WorkItem,
    body: NewDecision,
    inspection: Inspection,
    *,
    decided_by: str,
    role: Role | None,
    grace: timedelta = NO_GRACE,
    supersedes: UUID | None = None,
    told: UUID | None = None,
    zoom_inspected: bool = False,
    seen: SeenAtZoom | None = None,
) -> RecordedDecision:
    """Store the decision, move the review, and tell the others, after the grace."""
    reasons = await reference.current_reasons(session)
    said = consequences(body.reasons, reasons, ai=work.ai)
    if body.outcome is Outcome.PASS:
        standing = reviews.after_pass(review.standing, await _gates_of(session, work), work.final_reviewers)
    else:
        standing = reviews.after_fail(review.standing)
    is_same_gate = standing.gate == body.gate
    result = GateResult(
        state=("open" if is_same_gate else "passed") if body.outcome is Outcome.PASS else "failed",
        next_gate=None if is_same_gate else standing.gate,
        returns_to=said.returns_to,
    )
    at = now()
    decision = Decision(
        id=new_id(),
        round=review.version.round,
        automatic=role is None,
        decided_by=decided_by,
        role=role,
        decided_at=at,
        supersedes=supersedes,
        **body.model_dump(exclude={"lease_id"}),
    )
    number = await repository.next_number(session, work.id)
    recorded = RecordedDecision(
        **dict(decision),
        zoom_inspected=zoom_inspected,
        zoom=seen,
        result=result,
        basis=basis_of(review.id, inspection, number),
    )
    await repository.add(session, recorded)
    await review_rows.move(session, review.id, standing, None if standing.gate else at)
    order = (await reference.current_gates(session)).in_order(Gate)
    event = DecisionRecorded(
        decision=decision.model_copy(update={"supersedes": told}),
        gate=result,
        ai_facets=said.ai_facets,
        rework_facets=said.rework_facets,
        escapes=escapes(body.gate, body.reasons, reasons, order) or None,
    )
    await announce(session, event, number, grace)
    return recorded
