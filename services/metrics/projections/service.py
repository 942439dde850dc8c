"""What each event changes in the read models."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from contracts.assets import DeliveryReceived, VersionStored
from contracts.envelope import Event
from contracts.intake import (
    RequestAccepted,
    RequestAmended,
    RequestAnswered,
    RequestCancelled,
    RequestClarified,
    RequestReturned,
)
from contracts.publication import (
    PublicationFailed,
    PublicationLive,
    PublicationRefused,
    PublicationSent,
    PublicationWithdrawn,
)
from contracts.qc import DecisionRecorded
from contracts.routing import WorkChanged, WorkEscalated, WorkPlanned, WorkRedone
from contracts.values import WorkItem
from services.metrics.projections import models
from services.metrics.projections.repository import keep_earliest, keep_new_work, keep_newest, keep_once


async def request_amended(session: AsyncSession, event: Event[RequestAmended]) -> None:
    """Other content is in force; where it stands is as before."""
    request = event.data.request
    row = {"id": request.id, "version": event.aggregateversion, "state": event.data.state}
    await keep_newest(session, models.request, {**row, "sku": request.sku, "category": request.category})


async def request_accepted(session: AsyncSession, event: Event[RequestAccepted]) -> None:
    request = event.data.request
    row = {"id": request.id, "version": event.aggregateversion, "state": "accepted"}
    await keep_newest(session, models.request, {**row, "sku": request.sku, "category": request.category})
    await _begun(session, request.id, event.time)


async def request_returned(session: AsyncSession, event: Event[RequestReturned]) -> None:
    said = event.data
    row = {"id": said.id, "version": event.aggregateversion, "state": "returned"}
    await keep_newest(session, models.request, {**row, "sku": said.sku, "category": said.category})
    await keep_once(session, models.request_return, [{"request_id": said.id, "version": event.aggregateversion}])
    await _begun(session, said.id, event.time)


async def _begun(session: AsyncSession, request_id: UUID, at: datetime) -> None:
    """Accepted or returned: the first that is told of a request."""
    await keep_earliest(session, models.request_begun, {"request_id": request_id, "at": at}, "at")


async def request_answered(session: AsyncSession, event: Event[RequestAnswered]) -> None:
    """With us again."""
    said = event.data
    row = {"id": said.id, "version": event.aggregateversion, "state": "answered"}
    await keep_newest(session, models.request, {**row, "sku": said.sku, "category": said.category})


async def request_clarified(session: AsyncSession, event: Event[RequestClarified]) -> None:
    """Accepted again."""
    said = event.data
    row = {"id": said.id, "version": event.aggregateversion, "state": "accepted"}
    await keep_newest(session, models.request, {**row, "sku": said.sku, "category": said.category})


async def request_cancelled(session: AsyncSession, event: Event[RequestCancelled]) -> None:
    row = {"id": event.data.id, "version": event.aggregateversion, "state": "cancelled"}
    await keep_newest(session, models.request, row)


async def work_planned(session: AsyncSession, events: list[Event[WorkPlanned]]) -> None:
    await keep_new_work(session, [_work(item, 1) for event in events for item in event.data.items])


async def work_changed(session: AsyncSession, event: Event[WorkChanged] | Event[WorkEscalated]) -> None:
    work = event.data.work
    await keep_newest(session, models.work, _work(work, event.aggregateversion))
    if isinstance(event.data, WorkRedone):
        await keep_once(session, models.redone_round, [{"work_item_id": work.id, "round": work.round}])


def _work(work: WorkItem, version: int) -> dict[str, Any]:
    return {
        "id": work.id,
        "version": version,
        "kind": work.kind,
        "category": work.category,
        "track": work.track,
        "channel": work.channel,
        "ai": work.ai,
        "state": work.state,
        "risk": work.risk,
        "round": work.round,
        "due_at": work.due_at,
        "approved_at": work.approved_at,
        "request_id": work.request_id,
    }


async def work_escalated(session: AsyncSession, event: Event[WorkEscalated]) -> None:
    said, work = event.data, event.data.work
    row = {"work_item_id": work.id, "version": event.aggregateversion, "rung": said.rung, "track": work.track}
    await keep_once(session, models.escalation, [{**row, "role": said.to}])
    await work_changed(session, event)


async def version_stored(session: AsyncSession, event: Event[VersionStored]) -> None:
    version = event.data.version
    row = {
        "id": version.id,
        "work_item_id": version.work_item_id,
        "source": version.source,
        "delivered_by": version.delivered_by,
    }
    await keep_once(session, models.version, [row])


async def delivery_received(session: AsyncSession, event: Event[DeliveryReceived]) -> None:
    delivery = event.data
    rows = [
        {"delivery_id": delivery.id, "position": position, "vendor": delivery.vendor, "accepted": file.accepted}
        for position, file in enumerate(delivery.files)
    ]
    await keep_once(session, models.delivered_file, rows)


async def decision_recorded(session: AsyncSession, event: Event[DecisionRecorded]) -> None:
    said, decision = event.data, event.data.decision
    row = {
        "id": decision.id,
        "work_item_id": decision.work_item_id,
        "gate": decision.gate,
        "outcome": decision.outcome,
        "automatic": decision.automatic,
    }
    await keep_once(session, models.decision, [row])
    facets = {
        "reason": decision.reasons,
        "rework": said.rework_facets,
        "ai": said.ai_facets,
        "escape": said.escapes or [],
    }
    causes = [
        {"decision_id": decision.id, "facet": facet, "cause": cause}
        for facet, named in facets.items()
        for cause in sorted(set(named))
    ]
    await keep_once(session, models.rejection_cause, causes)


PublicationEvent = (
    Event[PublicationSent]
    | Event[PublicationLive]
    | Event[PublicationWithdrawn]
    | Event[PublicationRefused]
    | Event[PublicationFailed]
)


async def publication_changed(session: AsyncSession, event: PublicationEvent) -> None:
    said = event.data.publication
    row = {"id": said.id, "version": event.aggregateversion, "destination": said.destination, "state": said.state}
    await keep_newest(session, models.publication, row)
    if said.sent_at or said.live_at:
        moments = {"sent_at": said.sent_at, "live_at": said.live_at}
        own = {"publication_id": said.id, "work_item_id": said.work_item_id}
        await keep_earliest(session, models.launch, own | moments, *moments)
