"""HTTP for handoffs."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from chassis.auth import AnyCaller, Caller, allow
from chassis.database import Session
from chassis.moment import Moment
from contracts.values import Step
from services.routing.handoffs import service
from services.routing.handoffs.schemas import Handoffs, HandoffSummary, HandOver
from services.routing.work import service as work
from services.routing.work.endpoints import CONFLICT, NOT_FOUND
from services.routing.work.schemas import Work

router = APIRouter(tags=["handoffs"])


Holder = Annotated[Caller, allow(*work.MAY_CLAIM)]


@router.post("/v1/work/{work_id}/hand-over", summary="Hand it to the next step", responses=CONFLICT)
async def hand_over_work(session: Session, caller: Holder, work_id: UUID, body: HandOver) -> Work:
    """Its holder is done, before any gate: from the studio it goes to retouching, and is ready there for another
    person. To the gates it goes by a stored version, and back only by a failed gate. `legal_steps` of a refusal names
    where it can go."""
    return Work.of(await work.hand_over_work(session, work_id, caller, body.to, body.note))


@router.get("/v1/work/{work_id}/handoffs", summary="Who had it, and for how long", responses=NOT_FOUND)
async def read_handoffs(session: Session, caller: AnyCaller, work_id: UUID) -> Handoffs:
    """Each step that is over, oldest first, and the one that it is in: who held it, who handed it on and when, and how
    long it waited and was worked on. Pauses are left out."""
    item, packs = await work.item_with_packs(session, work_id)
    return await service.handoffs_of(session, item, packs)


@router.get("/v1/handoffs", summary="Where time goes, by track and step")
async def summarize_handoffs(
    session: Session,
    caller: AnyCaller,
    since: Annotated[Moment | None, Query(description="Default: 30 days before `until`.")] = None,
    until: Annotated[Moment | None, Query(description="Default: now. At most 366 days after `since`.")] = None,
    track: Annotated[str | None, Query(max_length=60)] = None,
    step: Step | None = None,
) -> HandoffSummary:
    """For each step of each track that work left in the period: how many, and the median and the ninth decile of the
    business hours that it waited in its queue and was worked on."""
    return await service.summary(session, since, until, track, step)
