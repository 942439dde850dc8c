"""From request to now: what happened to a version."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from contracts.envelope import Event
from contracts.qc import DecisionRecorded
from services.assets.history import repository
from services.assets.history.schemas import Happening, History
from services.assets.versions.service import get_version
from services.assets.work import repository as work_repository


async def history_of(session: AsyncSession, version_id: UUID) -> History:
    """Raises `NotFound`."""
    version = await get_version(session, version_id)
    item = await work_repository.find(session, version.work_item_id)
    assert item is not None  # a version is only taken for a work item that is known
    asked: dict[str, str | int | list[str] | None] = {
        "request_id": str(item.request_id),
        "work_item_id": str(item.id),
    }
    requested = Happening(at=item.created_at, what="requested", by=None, reason=None, details=asked)
    happened = await repository.of_version(session, version_id)
    return History(version_id=version_id, request_id=item.request_id, zone=version.zone, items=[requested, *happened])


async def note_decision(session: AsyncSession, event: Event[DecisionRecorded]) -> None:
    """A decision about a version, once."""
    decision, gate = event.data.decision, event.data.gate
    await repository.note(
        session,
        decision.version_id,
        "decided",
        by=decision.decided_by,
        reason=decision.note or None,
        details={
            "decision_id": str(decision.id),
            "gate": decision.gate,
            "outcome": decision.outcome,
            "reasons": decision.reasons,
            "gate_state": gate.state,
        },
        at=decision.decided_at,
        note_id=decision.id,
    )
