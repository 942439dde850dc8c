"""What routing says of a work item, and what that means for its reviews."""

from sqlalchemy.ext.asyncio import AsyncSession

from contracts.envelope import Event
from contracts.routing import WorkChanged, WorkPlanned
from contracts.values import WorkState
from services.qc.reviews.service import withdraw
from services.qc.work import repository


async def work_planned(session: AsyncSession, events: list[Event[WorkPlanned]]) -> None:
    await repository.keep_new(session, [work for event in events for work in event.data.items])


async def work_changed(session: AsyncSession, events: list[Event[WorkChanged]]) -> None:
    """In the order of their ids, in which a batch of decisions locks work items too: of two who lock the same rows in
    other orders PostgreSQL ends one."""
    for event in sorted(events, key=lambda one: (one.data.work.id, one.aggregateversion)):
        await _changed(session, event)


async def _changed(session: AsyncSession, event: Event[WorkChanged]) -> None:
    work = event.data.work
    if not await repository.keep(session, work, event.aggregateversion):
        return
    if work.state is WorkState.CANCELLED:
        await withdraw(session, work.id)
    else:
        await withdraw(session, work.id, before_round=work.round)
