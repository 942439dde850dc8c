"""HTTP for a version's history."""

from uuid import UUID

from fastapi import APIRouter

from chassis.auth import AnyCaller
from chassis.database import Session
from chassis.problems import documented
from services.assets.history import service
from services.assets.history.schemas import History

router = APIRouter(prefix="/v1/versions", tags=["versions"])


@router.get(
    "/{version_id}/history",
    summary="What happened to a version",
    responses=documented({404: "There is no such version."}),
)
async def read_history(session: Session, caller: AnyCaller, version_id: UUID) -> History:
    """From its request on: stored, decided on at the gates, moved, each with who and why; the oldest first."""
    return await service.history_of(session, version_id)
