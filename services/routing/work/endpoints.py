"""HTTP for work."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from chassis.auth import AnyCaller, Caller, allow
from chassis.database import Session
from chassis.etags import set_etag
from chassis.pagination import Page, Paging, next_cursor
from chassis.problems import documented
from contracts.values import Risk, Step, WorkKind, WorkState
from services.routing.work import service
from services.routing.work.schemas import BlockRequest, Work, WorkWithHistory

router = APIRouter(prefix="/v1/work", tags=["work"])

Claimer = Annotated[Caller, allow(*service.MAY_CLAIM)]
Director = Annotated[Caller, allow(*service.MAY_DIRECT)]
Releaser = Annotated[Caller, allow(*service.MAY_CLAIM, *service.MAY_DIRECT)]

Text = Annotated[str | None, Query(max_length=200)]

NOT_FOUND = documented({404: "There is no such work item."})
CONFLICT = NOT_FOUND | documented({409: "Not in this state; `legal_actions` names what is possible."})


@router.get("", summary="Work, newest first")
async def list_work(
    session: Session,
    caller: AnyCaller,
    page: Paging,
    state: WorkState | None = None,
    risk: Risk | None = None,
    kind: WorkKind | None = None,
    step: Step | None = None,
    request_id: UUID | None = None,
    queue: Text = None,
    track: Text = None,
    team: Text = None,
    sku: Text = None,
    colorway: Text = None,
    view: Text = None,
    channel: Text = None,
    claimed_by: Annotated[
        str | None, Query(max_length=200, description="Who holds it: a person's subject, or `me`.")
    ] = None,
) -> Page[Work]:
    """Every work item that fits all filters."""
    filters = {
        "state": state, "risk": risk, "kind": kind, "step": step, "request_id": request_id, "queue": queue,
        "track": track, "team": team, "sku": sku, "colorway": colorway, "view": view, "channel": channel,
        "claimed_by": caller.subject if claimed_by == "me" else claimed_by,
    }  # fmt: skip
    where = {name: value for name, value in filters.items() if value is not None}
    found = await service.list_work(session, where, page)
    return Page[Work](
        items=[Work.of(item) for item in found[: page.limit]],
        next_cursor=next_cursor([item.work.id for item in found], page.limit),
    )


@router.get("/{work_id}", summary="One work item with its history", responses=NOT_FOUND)
async def read_work(session: Session, caller: AnyCaller, work_id: UUID, response: Response) -> WorkWithHistory:
    """Where it stands, the rules that chose its way, and every step since it was made."""
    item, history = await service.read_work(session, work_id)
    set_etag(response, item.version)
    return WorkWithHistory.told(item, history)


@router.post("/{work_id}/claim", summary="Hold it", responses=CONFLICT)
async def claim_work(session: Session, caller: Claimer, work_id: UUID) -> Work:
    """Of all who ask for ready work one gets it, until it hands in, gives back, or the lease runs out. Who holds it and
    claims it again gets a new lease."""
    return Work.of(await service.claim_work(session, work_id, caller))


@router.post("/{work_id}/release", summary="Give it back", responses=CONFLICT)
async def release_work(session: Session, caller: Releaser, work_id: UUID) -> Work:
    """Its holder puts it back into its queue; so does who directs the work, for a holder who can't. Blocked work stays
    blocked, and takes no place of the queue's WIP limit any more."""
    return Work.of(await service.release_work(session, work_id, caller))


@router.post("/{work_id}/block", summary="Stop its clock", responses=CONFLICT)
async def block_work(session: Session, caller: Director, work_id: UUID, body: BlockRequest) -> Work:
    """It can't go on: the SLA clock stands still until it is unblocked. Work whose request is with its requester stays
    blocked when they have answered."""
    return Work.of(await service.block_work(session, work_id, caller, body.cause))


@router.post("/{work_id}/unblock", summary="Let it go on", responses=CONFLICT)
async def unblock_work(session: Session, caller: Director, work_id: UUID) -> Work:
    """It goes on where it stopped; its due time has moved by the business time of the pause. Work whose request is with
    its requester goes on when they have answered, and not before."""
    return Work.of(await service.unblock_work(session, work_id, caller))
