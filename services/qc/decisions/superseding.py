"""Another decision in the place of one: a slip within its grace, or a reviewer who thinks again while the gate still
waits for others."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.auth import Caller, require_role
from chassis.clock import now
from chassis.ids import new_id
from chassis.problems import FieldError, Invalid, NotFound
from contracts.qc import GateResult
from contracts.values import Gate, WorkItem, WorkState
from services.qc.decisions import grace as graces
from services.qc.decisions import repository
from services.qc.decisions.domain import basis_of
from services.qc.decisions.errors import Changed, OwnWork, Standing
from services.qc.decisions.repository import StoredDecision
from services.qc.decisions.schemas import NewDecision, RecordedDecision, Supersession
from services.qc.decisions.service import decide
from services.qc.inspections import repository as inspections
from services.qc.reference import service as reference
from services.qc.reviews import domain as reviews
from services.qc.reviews import repository as review_rows
from services.qc.reviews.domain import Review, ReviewState
from services.qc.work import repository as work_items


async def supersede(
    session: AsyncSession, caller: Caller, decision_id: UUID, body: Supersession, grace: timedelta
) -> RecordedDecision:
    """Put the review back to where it stood before a decision, and record what takes its place. Within the grace nobody
    else ever hears of the decision. After it that is legal only while its gate still waits for others."""
    stored = await repository.by_id(session, decision_id)
    if stored is None:
        raise NotFound("There is no such decision.")
    old = stored.decision
    require_role(caller, await reference.owner_of_gate(session, old.gate))
    _check_same(body.decision, old)
    work = await work_items.load(session, old.work_item_id, lock=True)
    review = await review_rows.newest(session, old.work_item_id)
    assert work is not None
    assert review is not None
    if caller.subject == review.version.delivered_by:
        raise OwnWork("You delivered this version: another person decides on it.")
    if caller.subject != old.decided_by and (review.id, review.standing.gate) == (stored.review_id, old.gate):
        raise NotFound("There is no such decision.")  # at an open gate only whoever decided sees it
    await _check_it_is_the_last(session, stored, review, work)
    untold = await graces.taken_back(session, old.id, now())
    told = old.id if untold is None else untold.decision.supersedes
    if untold is None:
        _check_it_still_changes_nothing(old, review)
    if told is not None and body.decision is None:
        raise Standing("The others know of a decision here: say by another decision what is right instead.")
    passes = [gate for gate, _ in await repository.passes(session, review.id, but=old.id)].count(old.gate)
    await review_rows.move(session, review.id, reviews.taken_back(review.standing, old.gate, passes), None)
    if body.decision is not None:
        return await decide(session, caller, body.decision, grace, supersedes=old.id, told=told)
    return await _withdraw(session, caller, stored, body.note)


def _check_same(new: NewDecision | None, old: RecordedDecision) -> None:
    if new is None:
        return
    for name in ("work_item_id", "gate"):
        if getattr(new, name) != (expected := getattr(old, name)):
            error = FieldError(pointer=f"/decision/{name}", detail="not that of the decision", remedy=f"{expected}")
            raise Invalid("It is not a decision on the same thing.", errors=[error])


async def _check_it_is_the_last(session: AsyncSession, stored: StoredDecision, review: Review, work: WorkItem) -> None:
    if review.id != stored.review_id or work.round > review.version.round:
        raise Standing("The work has gone into a later round since.")
    if review.standing.state is ReviewState.WITHDRAWN or work.state is WorkState.CANCELLED:
        raise Standing("The work was cancelled, or its round ended, since.")
    if await repository.newest_standing(session, work.id) != stored.decision.id:
        raise Changed("It was superseded already, or decided on since: only the last decision can be superseded.")
    if stored.decision.automatic:
        raise Standing("It passed by measurement, which has no grace.")


def _check_it_still_changes_nothing(old: RecordedDecision, review: Review) -> None:
    standing = review.standing
    if standing.state is not ReviewState.OPEN or standing.gate != old.gate:
        raise Standing(f"Its grace is over, and the others have acted on it: {_acted(old.gate, review)}.")


def _acted(gate: Gate, review: Review) -> str:
    now_at = f"{review.standing.gate} is open" if review.standing.gate else f"the review is {review.standing.state}"
    return f"{gate} is decided, {now_at}"


async def _withdraw(session: AsyncSession, caller: Caller, stored: StoredDecision, note: str) -> RecordedDecision:
    """A link of the chain that says so; no event, for nobody had heard of the decision."""
    old = stored.decision
    number = await repository.next_number(session, old.work_item_id)
    inspection = await inspections.of_version(session, old.version_id)
    assert inspection is not None  # recorded in the transaction that opened the review
    taken_back = old.model_copy(
        update={
            "id": new_id(),
            "decided_by": caller.subject,
            "decided_at": now(),
            "note": note,
            "supersedes": old.id,
            "withdrawn": True,
            "result": GateResult(state="open", next_gate=None, returns_to=None),
            "zoom_inspected": False,
            "basis": basis_of(stored.review_id, inspection, number),
            **dict.fromkeys(("flags", "marks", "causes", "overrides", "zoom")),
        }
    )
    await repository.add(session, taken_back)
    return taken_back
