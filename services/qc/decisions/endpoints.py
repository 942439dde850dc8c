"""HTTP for decisions."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from chassis.auth import AnyCaller
from chassis.database import Session
from chassis.idempotency import Idempotent
from chassis.pagination import Page, Paging, next_cursor
from chassis.problems import ProblemDetails, documented
from services.qc.decisions import batch, repository, service, superseding
from services.qc.decisions.schemas import (
    ChainPart,
    DecisionBatch,
    NewDecision,
    RecordedBatch,
    RecordedDecision,
    Supersession,
)

router = APIRouter(prefix="/v1/decisions", tags=["decisions"])


def _grace(request: Request) -> timedelta:
    return timedelta(seconds=request.app.state.service.settings.decision_grace_seconds)


Grace = Annotated[timedelta, Depends(_grace)]


@router.post(
    "",
    summary="Pass or fail the open gate",
    status_code=201,
    response_model=RecordedDecision,
    responses={
        404: {"model": ProblemDetails, "description": "No version of the work item has been measured."},
        409: {
            "model": ProblemDetails,
            "description": "The version, the gate, the checklist or your lease has changed; another person"
            " holds it; or automatic checks forbid a pass.",
        },
    },
)
async def decide(
    session: Session, caller: AnyCaller, idempotency: Idempotent, grace: Grace, body: NewDecision
) -> Response:
    """Only the role that owns the gate's decision domain may, and nobody on what they delivered. A pass opens the next
    gate, or approves after the last; a fail sends the work where its reasons say. A pass accepts every automatic flag,
    and overrides every automatic fail, with a cause."""
    decision = await service.decide(session, caller, body, grace)
    return await idempotency.answer(201, decision)


@router.post(
    ":batch",
    summary="Decide on several work items of one SKU",
    status_code=201,
    response_model=RecordedBatch,
    responses=documented({404: "One is not known.", 409: "One has changed, or can't pass; `decision` is its place."}),
)
async def decide_batch(
    session: Session, caller: AnyCaller, idempotency: Idempotent, grace: Grace, body: DecisionBatch
) -> Response:
    """A whole decision for each, with a checklist of its own. All of them count, or none: the problem says which one
    is in the way, and why."""
    items = await batch.decide_batch(session, caller, body.decisions, grace)
    return await idempotency.answer(201, RecordedBatch(items=items))


@router.post(
    "/{decision_id}/supersede",
    summary="Put another decision in the place of one",
    status_code=201,
    response_model=RecordedDecision,
    responses=documented(
        {404: "There is no such decision.", 409: "It was decided on since, or others have acted on it."}
    ),
)
async def supersede(
    session: Session, caller: AnyCaller, idempotency: Idempotent, grace: Grace, decision_id: UUID, body: Supersession
) -> Response:
    """By whoever decided, or the owner of the gate's domain. The review stands where it stood before; then the new
    decision counts, or, without one, the gate is open again. Within the grace nobody else hears of the old decision.
    After it that is possible only while the gate waits for other reviewers."""
    return await idempotency.answer(201, await superseding.supersede(session, caller, decision_id, body, grace))


@router.get("", summary="What was decided")
async def list_decisions(
    session: Session,
    caller: AnyCaller,
    paging: Paging,
    work_item_id: Annotated[UUID | None, Query(description="Only of this work item.")] = None,
    exceptions: Annotated[bool, Query(description="Only passes that override an automatic fail.")] = False,
) -> Page[RecordedDecision]:
    """Every pass and fail, newest first. Decisions are never changed. Others' decisions at a gate that is still open
    are not shown: its next reviewer decides without them."""
    found = await repository.page(
        session, caller.subject, work_item_id, paging.after, paging.limit + 1, exceptions=exceptions
    )
    return Page(
        items=found[: paging.limit],
        next_cursor=next_cursor([decision.id for decision in found], paging.limit),
    )


@router.get("/chain", summary="All decisions in the order of their chain")
async def read_chain(
    session: Session,
    caller: AnyCaller,
    after: Annotated[int, Query(ge=0, le=2**63 - 1, description="Position of the last one that you have.")] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 200,
) -> ChainPart:
    """For whoever checks that nothing was changed, removed or put in between: `packshot qc verify` does. Of others'
    decisions at a gate that is still open only the link is shown (`sealed`)."""
    head, _ = await repository.head(session)
    return ChainPart(items=await repository.in_chain(session, caller.subject, after, limit), head=head)
