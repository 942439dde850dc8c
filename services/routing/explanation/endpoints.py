"""HTTP for the explanation of work."""

from uuid import UUID

from fastapi import APIRouter, Response

from chassis.auth import AnyCaller
from chassis.database import Session
from chassis.etags import set_etag
from services.routing.explanation import service
from services.routing.explanation.schemas import Explanation
from services.routing.work.endpoints import NOT_FOUND

router = APIRouter(prefix="/v1/work", tags=["work"])


@router.get("/{work_id}/explanation", summary="Why it is where it is", responses=NOT_FOUND)
async def explain_work(session: Session, caller: AnyCaller, work_id: UUID, response: Response) -> Explanation:
    """Class, track, queue, owner, team, level, due time, gates, reviewers, zoom and priority: each with the rule that
    decided, the pack and version that hold it, the values that decided, and all of it in words. Where the requester
    proposed a class or track, it says what became of that; where a person re-routed it, who and why."""
    explanation = await service.explain_work(session, work_id)
    set_etag(response, explanation.version)
    return explanation
