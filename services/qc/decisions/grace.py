"""The grace of a person's decision: it counts at once, and the others hear of it when a timer rings, so that within it
another decision can take its place and nobody has acted on a slip.

What is to be told is a row. Whoever tells or takes back has locked the work item and removes the row in the same
transaction, so a decision that stands is told exactly once, and one that was taken back never, whichever process dies
or rings late. A work item's decisions are told in their order.
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis import context
from chassis.crash import crash_point
from chassis.events import Happened, record
from chassis.ids import new_id
from chassis.timers import Timer, TimerHandler, set_timer
from contracts.qc import Decision, DecisionRecorded, OverrideGranted
from services.qc.decisions import repository
from services.qc.work import repository as work_items

TIMER = "decision_grace"


async def announce(session: AsyncSession, event: DecisionRecorded, number: int, grace: timedelta) -> None:
    """Tell the others of a decision that was just recorded: when its grace is over, or now where it has none. The work
    item's row is locked."""
    decision = event.decision
    due_at = decision.decided_at + grace
    correlation_id = context.correlation_id.get() or str(new_id())
    await repository.add_untold(session, event, number, due_at, correlation_id)
    if grace and not decision.automatic:
        await set_timer(session, TIMER, decision.id, due_at)
    else:
        await _tell(session, decision.work_item_id, number)


async def ring(session: AsyncSession, timer: Timer) -> None:
    """The grace of a decision is over. One that was taken back, or was told already, has no row."""
    work_item_id = await repository.work_item_of_untold(session, UUID(timer.key))
    if work_item_id is None:
        return
    await work_items.load(session, work_item_id, lock=True)
    untold = await repository.untold_number(session, UUID(timer.key))
    if untold is not None:  # else it was taken back while this waited for the lock
        await _tell(session, work_item_id, untold)
        crash_point("grace.told")


async def taken_back(session: AsyncSession, decision_id: UUID, at: datetime) -> DecisionRecorded | None:
    """What would have been told of a decision that is still in its grace: now it never will. None: its grace is over.
    The work item's row is locked. Its timer stays, and finds nothing: whoever rings holds it while waiting for the work
    item."""
    content = await repository.remove_untold(session, decision_id, due_after=at)
    return None if content is None else DecisionRecorded.model_validate(content)


async def _tell(session: AsyncSession, work_item_id: UUID, up_to: int) -> None:
    """This decision, and before it those of the work item that have not been told yet."""
    for number, content, correlation_id in await repository.take_untold(session, work_item_id, up_to):
        event = DecisionRecorded.model_validate(content)
        with context.caused_by(correlation_id, context.causation_id.get()):
            await record(session, Happened(event, work_item_id, number), *_exception(event.decision))


def _exception(decision: Decision) -> list[Happened]:
    if not decision.overrides or decision.role is None:
        return []
    granted = OverrideGranted(
        decision_id=decision.id,
        work_item_id=decision.work_item_id,
        version_id=decision.version_id,
        gate=decision.gate,
        overrides=decision.overrides,
        granted_by=decision.decided_by,
        role=decision.role,
        granted_at=decision.decided_at,
    )
    return [Happened(granted, decision.id, 1)]


TIMERS: dict[str, TimerHandler] = {TIMER: ring}
