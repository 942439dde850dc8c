"""HTTP for clarification."""

from typing import Annotated

from fastapi import APIRouter, Response

from chassis.auth import AnyCaller, Caller, allow
from chassis.database import Session
from chassis.etags import EDITED, IfMatch, set_etag
from chassis.idempotency import Idempotent
from chassis.packs import edit_of
from chassis.pagination import Page, Paging
from contracts.values import Role
from services.intake.clarification import service
from services.intake.clarification.schemas import (
    Answers,
    ClarificationPack,
    Message,
    Note,
    PublishedClarification,
    Return,
)
from services.intake.requests.endpoints import MAY_REQUEST, Requester, RequestId, etag_of
from services.intake.requests.schemas import RequestView
from services.intake.responses import NOT_FOUND, WRONG_STATE

router = APIRouter(tags=["clarification"])

# They answer for the intake standard and for the schedule: they ask, and judge the answers.
Asker = Annotated[Caller, allow(Role.PRODUCER, Role.CREATIVE_OPS_MANAGER)]
# Who asks for images, and who leads making them.
Speaker = Annotated[
    Caller, allow(*MAY_REQUEST, Role.STUDIO_MANAGER, Role.RETOUCHING_LEAD, Role.QC_LEAD, Role.ASSET_MANAGER)
]

REQUEST = "/v1/requests/{request_id}"


@router.get(f"{REQUEST}/messages", summary="The conversation about a request", responses=NOT_FOUND)
async def list_messages(caller: AnyCaller, session: Session, page: Paging, request_id: RequestId) -> Page[Message]:
    """Oldest first: questions, answers and notes, and what happened to the request in between. Nothing is ever changed
    or taken out."""
    return await service.conversation(session, request_id, page)


@router.post(
    f"{REQUEST}/messages",
    status_code=201,
    response_model=Message,
    summary="Say something about a request",
    responses=NOT_FOUND | WRONG_STATE,
)
async def add_message(
    caller: Speaker, session: Session, idempotency: Idempotent, request_id: RequestId, body: Note
) -> Response:
    """A note, in any state of the request; `pointer` names the field that it is about. It stops no clock: questions
    that must be answered are asked by `return`."""
    return await idempotency.answer(201, await service.say(session, request_id, body, caller))


@router.post(
    f"{REQUEST}/return",
    response_model=RequestView,
    summary="Ask the requester before going on",
    responses=NOT_FOUND | WRONG_STATE,
)
async def return_request(
    caller: Asker, session: Session, idempotency: Idempotent, request_id: RequestId, body: Return
) -> Response:
    """An accepted request goes back to its requester with `questions`: it is `returned`, its unfinished work pauses and
    the SLA clock stands still until every question is answered. One that is `answered` can be asked about again."""
    view = await service.send_back(session, request_id, body, caller)
    return await idempotency.answer(200, view, etag_of(view))


@router.post(
    f"{REQUEST}/answer",
    response_model=RequestView,
    summary="Answer the open questions",
    responses=NOT_FOUND | WRONG_STATE,
)
async def answer_request(
    caller: Requester, session: Session, idempotency: Idempotent, request_id: RequestId, body: Answers
) -> Response:
    """One answer to each of the request's `questions`, all at once: it is `answered`, its work goes on and so does the
    SLA clock."""
    view = await service.answer(session, request_id, body, caller)
    return await idempotency.answer(200, view, etag_of(view))


@router.post(
    f"{REQUEST}/accept",
    response_model=RequestView,
    summary="Accept the answers",
    responses=NOT_FOUND | WRONG_STATE,
)
async def accept_request(caller: Asker, session: Session, idempotency: Idempotent, request_id: RequestId) -> Response:
    """They are enough: the request is `accepted` again, with the content that it had."""
    view = await service.accept(session, request_id, caller)
    return await idempotency.answer(200, view, etag_of(view))


@router.get("/v1/clarification", summary="When requesters are reminded")
async def read_clarification(caller: AnyCaller, session: Session, response: Response) -> PublishedClarification:
    """Hours by the wall clock after each return of a request. The `ETag` is what an edit sends back as `If-Match`."""
    pack = await service.current_pack(session)
    set_etag(response, pack.version)
    return pack


@router.put("/v1/clarification", summary="Publish the next version of the reminders", responses=EDITED)
async def publish_clarification(
    caller: AnyCaller,
    expected: IfMatch,
    session: Session,
    body: Annotated[ClarificationPack, edit_of(ClarificationPack)],
    response: Response,
) -> PublishedClarification:
    """For the returns after it. Only the owner of `intake_standard` may."""
    pack = await service.edit_pack(session, body, caller, expected)
    set_etag(response, pack.version)
    return pack
