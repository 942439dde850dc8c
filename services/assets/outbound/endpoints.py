"""HTTP for signed webhooks that go out: how their endpoints do, what was sent, and sending again."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from chassis.auth import AnyCaller
from chassis.database import Session
from chassis.idempotency import Idempotent
from chassis.pagination import Page, Paging, next_cursor
from chassis.problems import documented
from services.assets.outbound import repository, service
from services.assets.outbound.domain import MessageState
from services.assets.outbound.schemas import Endpoint, Endpoints, Message, MessageWithAttempts

router = APIRouter(prefix="/v1/outbound", tags=["outbound webhooks"])

_NO_ENDPOINT = documented({404: "There is no such endpoint."})
_NO_MESSAGE = documented({404: "There is no such message."})


@router.get("/endpoints", summary="List whom webhooks are sent to")
async def list_outbound_endpoints(session: Session, caller: AnyCaller) -> Endpoints:
    """With how each does: what fails since when, and what was disabled why. They are registered where their owner is:
    a vendor's at `/v1/vendors/{vendor}/callback`."""
    return Endpoints(items=await repository.every_endpoint(session))


@router.post("/endpoints/{endpoint_id}/enable", summary="Send to an endpoint again", responses=_NO_ENDPOINT)
async def enable_outbound_endpoint(session: Session, caller: AnyCaller, endpoint_id: UUID) -> Endpoint:
    """What waits is sent at once. For the owner of its decision domain."""
    return await service.enable(session, endpoint_id, caller)


@router.get("/messages", summary="List what is and was sent")
async def list_outbound_messages(
    session: Session,
    caller: AnyCaller,
    paging: Paging,
    endpoint_id: UUID | None = None,
    state: MessageState | None = None,
    subject: Annotated[str | None, Query(max_length=200, description="What it tells of: a delivery's id.")] = None,
) -> Page[Message]:
    """Newest first."""
    wanted = repository.Filter(endpoint_id, state, subject)
    found = await repository.page(session, wanted, paging.after, paging.limit + 1)
    cursor = next_cursor([message.id for message in found], paging.limit)
    return Page(items=found[: paging.limit], next_cursor=cursor)


@router.get("/messages/{message_id}", summary="Read a message's tries", responses=_NO_MESSAGE)
async def read_outbound_message(session: Session, caller: AnyCaller, message_id: UUID) -> MessageWithAttempts:
    return await service.read_message(session, message_id)


@router.post("/messages/{message_id}/redeliver", summary="Send a message again", status_code=202,
             response_model=Message,
             responses=documented({404: "There is no such message.", 409: "Its endpoint is disabled or not active."}),
             )  # fmt: skip
async def redeliver_outbound_message(
    session: Session, caller: AnyCaller, idempotency: Idempotent, message_id: UUID
) -> Response:
    """Now, whatever became of it, with the same `webhook-id`. For the owner of its endpoint's decision domain."""
    return await idempotency.answer(202, await service.redeliver(session, message_id, caller))
