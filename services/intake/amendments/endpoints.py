"""HTTP for amendments."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response

from chassis.auth import AnyCaller
from chassis.database import Session
from chassis.etags import EDITED, IfMatch, set_etag
from chassis.idempotency import Idempotent
from chassis.pagination import Page, Paging
from services.intake.amendments import service
from services.intake.amendments.schemas import Acceptance, AmendmentProposal, AmendmentState, AmendmentView, Closing
from services.intake.requests.endpoints import Requester, RequestId
from services.intake.responses import NOT_FOUND, WRONG_STATE

router = APIRouter(tags=["amendments"])

AmendmentId = Annotated[UUID, Path(description="Of the amendment.")]
DECIDED = NOT_FOUND | WRONG_STATE | EDITED


@router.post(
    "/v1/requests/{request_id}/amendments",
    status_code=201,
    response_model=AmendmentView,
    summary="Propose a change to an accepted request",
    responses=NOT_FOUND | WRONG_STATE,
)
async def propose_amendment(
    caller: Requester, session: Session, idempotency: Idempotent, request_id: RequestId, body: AmendmentProposal
) -> Response:
    """Nothing changes yet: a moment later the amendment is `quoted`, and says what it would add, stop, redo and change,
    which due times move, what comes at risk, and what it costs. It takes effect when the request's owner accepts.

    The changed brief is checked like any brief, by the version of the category pack that the request was accepted
    under, unless it changes the category. A request has one open amendment at a time."""
    view = await service.propose(session, request_id, body, caller)
    return await idempotency.answer(201, view, headers_of(view))


@router.get("/v1/requests/{request_id}/amendments", summary="A request's amendments, newest first", responses=NOT_FOUND)
async def list_amendments_of_request(
    caller: AnyCaller, session: Session, page: Paging, request_id: RequestId
) -> Page[AmendmentView]:
    """Open and closed, each with its newest quote."""
    return await service.listed_of_request(session, page, request_id)


@router.get("/v1/amendments", summary="Amendments, newest first")
async def list_amendments(
    caller: AnyCaller, session: Session, page: Paging, state: Annotated[AmendmentState | None, Query()] = None
) -> Page[AmendmentView]:
    """`state=quoted` lists those that wait for their owners."""
    return await service.listed(session, page, state, None)


@router.get("/v1/amendments/{amendment_id}", summary="One amendment", responses=NOT_FOUND)
async def read_amendment(
    caller: AnyCaller, session: Session, amendment_id: AmendmentId, response: Response
) -> AmendmentView:
    """With its newest quote. The `ETag` is what an acceptance sends back: a person accepts this quote, no other."""
    return _shown(response, await service.read(session, amendment_id))


@router.post("/v1/amendments/{amendment_id}/accept", summary="Accept a quote", responses=DECIDED)
async def accept_amendment(
    caller: Requester,
    expected: IfMatch,
    session: Session,
    amendment_id: AmendmentId,
    response: Response,
    body: Acceptance | None = None,
) -> AmendmentView:
    """By the request's approval owner or requester, a producer or a creative_ops_manager. Work past a gate that would
    be stopped or redone must be acknowledged.

    It is in force when its state is `applied`. When work has moved on since it was quoted, nothing is applied: it is
    `quoted` again, with the new quote and the reason."""
    acknowledged = body is not None and body.acknowledge_losses
    return _shown(response, await service.accept(session, amendment_id, expected, acknowledged, caller))


@router.post("/v1/amendments/{amendment_id}/reject", summary="Reject a quote", responses=DECIDED)
async def reject_amendment(
    caller: Requester,
    expected: IfMatch,
    session: Session,
    amendment_id: AmendmentId,
    response: Response,
    body: Closing | None = None,
) -> AmendmentView:
    """By those who may accept it. The request stays as it is."""
    cause = body.cause if body else None
    return _shown(response, await service.reject(session, amendment_id, expected, cause, caller))


@router.post("/v1/amendments/{amendment_id}/withdraw", summary="Take an amendment back", responses=DECIDED)
async def withdraw_amendment(
    caller: Requester,
    expected: IfMatch,
    session: Session,
    amendment_id: AmendmentId,
    response: Response,
    body: Closing | None = None,
) -> AmendmentView:
    """By who proposed it, or those who may accept it; before it is accepted."""
    cause = body.cause if body else None
    return _shown(response, await service.withdraw(session, amendment_id, expected, cause, caller))


def headers_of(view: AmendmentView) -> dict[str, str]:
    """Where a new amendment is, and its version."""
    return {"Location": f"/v1/amendments/{view.id}", "ETag": f'"{view.version}"'}


def _shown(response: Response, view: AmendmentView) -> AmendmentView:
    set_etag(response, view.version)
    return view
