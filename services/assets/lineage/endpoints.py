"""HTTP for lineage."""

from uuid import UUID

from fastapi import APIRouter

from chassis.auth import AnyCaller
from chassis.database import Session
from chassis.problems import documented
from services.assets.lineage import service
from services.assets.lineage.schemas import Lineage

router = APIRouter(prefix="/v1/versions", tags=["versions"])


@router.get(
    "/{version_id}/lineage",
    summary="What a version was made from, and what was made from it",
    responses=documented({404: "There is no such version."}),
)
async def read_lineage(session: Session, caller: AnyCaller, version_id: UUID) -> Lineage:
    """At most 20 steps and 200 versions each way; the nearest first."""
    return await service.lineage_of(session, version_id)
