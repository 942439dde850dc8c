"""HTTP for requests."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response

from chassis.auth import AnyCaller, Caller, allow
from chassis.database import Session
from chassis.etags import EDITED, IfMatch, set_etag
from chassis.idempotency import Idempotent
from chassis.pagination import Page, Paging
from contracts.values import Role
from services.intake.amendments import service as amendments
from services.intake.amendments.schemas import AmendmentView
from services.intake.fields import Sku, Word
from services.intake.requests import service
from services.intake.requests.schemas import (
    Brief,
    Cancellation,
    RequestState,
    RequestSummary,
    RequestView,
    Validation,
    WaitingFor,
)
from services.intake.responses import NOT_FOUND, WRONG_STATE

router = APIRouter(prefix="/v1/requests", tags=["requests"])

MAY_REQUEST = (
    Role.PRODUCER,
    Role.MERCHANDISER,
    Role.CREATIVE_OPS_MANAGER,
    Role.APPROVAL_OWNER,
    Role.CREATIVE_DIRECTOR,
    Role.AI_WORKFLOW_OWNER,
)
Requester = Annotated[Caller, allow(*MAY_REQUEST)]
RequestId = Annotated[UUID, Path(description="Of the request.")]


def etag_of(view: RequestView) -> dict[str, str]:
    return {"ETag": f'"{view.version}"'}


@router.post("", status_code=201, response_model=RequestView, summary="Request images of a product")
async def create_request(caller: Requester, session: Session, idempotency: Idempotent, body: Brief) -> Response:
    """A complete brief is `accepted` and goes into production. An incomplete one is stored as `returned`: `problems`
    names every missing or wrong field and what would make it right. A use of AI that the policy forbids is refused
    (`ai-use-forbidden`, with the rule), and nothing is stored."""
    view = await service.create(session, body, caller)
    return await idempotency.answer(201, view, {"Location": f"/v1/requests/{view.id}", **etag_of(view)})


@router.post(":validate", summary="Try a brief without sending it")
async def validate_request(caller: Requester, session: Session, body: Brief) -> Validation:
    """What would become of it: `accepted`, `returned` with what is missing, or `refused` by the AI policy; and the
    shots that it would make. Nothing is stored, nobody is told. What is no brief at all is a 422, as at creation."""
    return await service.validate(session, body)


@router.get("", summary="Requests, newest first")
async def list_requests(
    caller: AnyCaller,
    session: Session,
    page: Paging,
    state: Annotated[RequestState | None, Query()] = None,
    waiting_for: Annotated[WaitingFor | None, Query(description="Whose turn it is in the conversation.")] = None,
    sku: Annotated[Sku | None, Query()] = None,
    category: Annotated[Word | None, Query()] = None,
) -> Page[RequestSummary]:
    """`waiting_for=requester`: returned ones, that its requester completes or answers; `us`: answered ones."""
    return await service.listed(session, page, state, waiting_for, sku, category)


@router.get("/{request_id}", summary="One request", responses=NOT_FOUND)
async def read_request(caller: AnyCaller, session: Session, request_id: RequestId, response: Response) -> RequestView:
    """What was said, what keeps it from being accepted, and the shots of an accepted one."""
    view = await service.read(session, request_id)
    set_etag(response, view.version)
    return view


@router.patch("/{request_id}", summary="Complete a returned request", responses=NOT_FOUND | WRONG_STATE | EDITED)
async def amend_request(
    caller: Requester, expected: IfMatch, session: Session, request_id: RequestId, body: Brief, response: Response
) -> RequestView:
    """Each top-level field that is sent replaces the one before (null takes it out); then all is checked anew. Only
    while it was never accepted: what changes the content of a request in production is an amendment
    (`POST /v1/requests/{id}/amendments`)."""
    view = await service.amend(session, request_id, body, expected, caller.subject)
    set_etag(response, view.version)
    return view


@router.post(
    "/{request_id}/cancel",
    response_model=RequestView,
    summary="Withdraw a request",
    responses=NOT_FOUND
    | WRONG_STATE
    | {202: {"model": AmendmentView, "description": "It is accepted: its cancellation is quoted first."}},
)
async def cancel_request(
    caller: Requester, session: Session, idempotency: Idempotent, request_id: RequestId, body: Cancellation
) -> Response:
    """A returned request is cancelled at once. Of an accepted one the cancellation is an amendment (202): its quote
    says what would be lost, and it takes effect when it is accepted. Then the unfinished work stops; what is approved
    stays."""
    pending = await amendments.propose_cancellation(session, request_id, body.cause, caller)
    if pending is not None:
        headers = {"Location": f"/v1/amendments/{pending.id}", "ETag": f'"{pending.version}"'}
        return await idempotency.answer(202, pending, headers)
    view = await service.cancel(session, request_id, body.cause, caller)
    return await idempotency.answer(200, view, etag_of(view))
