"""What routing and qc tell of work items: kept, and their versions moved to the zone that follows."""

from sqlalchemy.ext.asyncio import AsyncSession

from contracts.envelope import Event
from contracts.qc import DecisionRecorded
from contracts.routing import WorkChanged, WorkPlanned, WorkRedone
from services.assets.history.service import note_decision
from services.assets.work import repository
from services.assets.work.domain import SETTLED
from services.assets.zones.service import follow_status


async def work_planned(session: AsyncSession, events: list[Event[WorkPlanned]]) -> None:
    await repository.keep_new(session, [work for event in events for work in event.data.items])


async def work_changed(session: AsyncSession, event: Event[WorkChanged]) -> None:
    """Keep the newest state. Versions of it go where it sends them: final, or archive."""
    said = event.data
    if not await repository.keep_newest(session, said, event.aggregateversion):
        return
    if said.work.round == 0 and said.work.state not in SETTLED:
        return  # all are where they were put
    item = await repository.find(session, said.work.id)
    assert item is not None
    await follow_status(session, item, said.by, said.cause, redone=isinstance(said, WorkRedone))


async def decision_recorded(session: AsyncSession, event: Event[DecisionRecorded]) -> None:
    """Keep it in the version's history, and remember which gates are passed: they say where a version is, and the first
    one makes a capture a select."""
    await note_decision(session, event)
    if event.data.gate.state != "passed":
        return
    decision = event.data.decision
    await repository.keep_passed(session, decision.work_item_id, decision.round, decision.gate)
    item = await repository.find(session, decision.work_item_id, lock=True)
    if item is not None and item.round == decision.round and item.gates[:1] == [decision.gate]:
        await follow_status(session, item, decision.decided_by, f"the gate {decision.gate} is passed")
