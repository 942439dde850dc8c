"""What routing and qc tell of work items: kept, and their versions moved to the zone that follows."""

from sqlalchemy.ext.asyncio import AsyncSession

from contracts.envelope import Event
from contracts.qc import DecisionRecorded
from contracts.routing import WorkChanged, WorkPlanned
from services.assets.versions.service import move_versions
from services.assets.work import repository


async def work_planned(session: AsyncSession, events: list[Event[WorkPlanned]]) -> None:
    await repository.keep_new(session, [work for event in events for work in event.data.items])


async def work_changed(session: AsyncSession, event: Event[WorkChanged]) -> None:
    """Keep the newest state. Versions of it go where it sends them: final, or archive."""
    if await repository.keep_newest(session, event.data, event.aggregateversion):
        work = event.data.work
        await move_versions(session, work.id, work.state, work.round)


async def decision_recorded(session: AsyncSession, event: Event[DecisionRecorded]) -> None:
    """Remember which gates are passed, to say where a version is."""
    if event.data.gate.state == "passed":
        decision = event.data.decision
        await repository.keep_passed(session, decision.work_item_id, decision.round, decision.gate)
