"""HTTP for re-routing."""

from uuid import UUID

from fastapi import APIRouter, Response

from chassis.auth import AnyCaller
from chassis.database import Session
from chassis.etags import EDITED, IfMatch, set_etag
from services.routing.rerouting import service
from services.routing.rerouting.schemas import RerouteRequest
from services.routing.work.endpoints import CONFLICT
from services.routing.work.schemas import Work

router = APIRouter(prefix="/v1/work", tags=["work"])


@router.post("/{work_id}/reroute", summary="Send it another way", responses={**CONFLICT, **EDITED})
async def reroute_work(
    session: Session, caller: AnyCaller, expected: IfMatch, work_id: UUID, body: RerouteRequest, response: Response
) -> Work:
    """Another track, queue, team, level or priority, by the item's owner role or the owner of `schedule_and_vendors`.

    Waiting and ready work may change in all of these, held work in its priority alone, work in review in all but its
    track, and blocked work as in the state that it was blocked in; `changeable` says so in the 409. Another track
    brings its queue, owner, gates, reviewers and SLA: the due time counts from when the item's clock began, pauses stay
    out, and the request's deadline still caps it. No gate is lost on the way. The history keeps who, why, from and to.
    """
    item = await service.reroute_work(session, work_id, body, caller, expected)
    set_etag(response, item.version)
    return Work.of(item)
