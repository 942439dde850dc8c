"""What is kept of other services' events. A consumer of its own, so that it hears them from the first one on."""

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.handlers import Handlers
from contracts.envelope import Event
from contracts.intake import RequestAccepted, RequestAmended
from contracts.qc import DecisionRecorded, InspectionCompleted
from contracts.routing import WorkApproved
from services.assets.dossiers import repository


async def keep_request(session: AsyncSession, event: Event[RequestAccepted] | Event[RequestAmended]) -> None:
    request = event.data.request
    content = request.model_dump(mode="json")
    await repository.keep(session, "request", request.id, event.aggregateversion, event.time, content)


async def keep_work(session: AsyncSession, event: Event[WorkApproved]) -> None:
    work = event.data.work
    content = work.model_dump(mode="json")
    await repository.keep(session, "work", work.id, event.aggregateversion, event.time, content)


async def keep_inspection(session: AsyncSession, event: Event[InspectionCompleted]) -> None:
    done = event.data
    content = done.model_dump(mode="json")
    # One version is measured by several inspections only where its engine changed: the last one counts.
    number = int(done.completed_at.timestamp() * 1000)
    await repository.keep(session, "inspection", done.version_id, number, done.completed_at, content)


async def keep_decision(session: AsyncSession, event: Event[DecisionRecorded]) -> None:
    decision = event.data.decision
    content = event.data.model_dump(mode="json")
    await repository.keep(
        session, "decision", decision.id, event.aggregateversion, decision.decided_at, content, decision.work_item_id
    )


HANDLERS: Handlers = {
    RequestAccepted: keep_request,
    RequestAmended: keep_request,
    WorkApproved: keep_work,
    InspectionCompleted: keep_inspection,
    DecisionRecorded: keep_decision,
}
