"""HTTP for the AI usage policy."""

from typing import Annotated

from fastapi import APIRouter, Response

from chassis.auth import AnyCaller
from chassis.database import Session
from chassis.etags import IfMatch, set_etag
from chassis.packs import edit_of
from services.governance.ai_policy import service
from services.governance.ai_policy.schemas import AiPolicy, PublishedPolicy

router = APIRouter(prefix="/v1/ai-policy", tags=["AI policy"])


@router.get("", summary="What AI may do")
async def read_ai_policy(session: Session, caller: AnyCaller, response: Response) -> PublishedPolicy:
    """Every rule in force. The `ETag` is what an edit sends back as `If-Match`."""
    policy = await service.current_policy(session)
    set_etag(response, policy.version)
    return policy


@router.put("", summary="Publish the next version")
async def publish_ai_policy(
    session: Session,
    caller: AnyCaller,
    expected: IfMatch,
    body: Annotated[AiPolicy, edit_of(AiPolicy)],
    response: Response,
) -> PublishedPolicy:
    """All rules anew. Only the owner of `ai_use` may. Requests that were accepted before keep their verdict."""
    version = await service.publish_policy(session, body, caller, expected)
    set_etag(response, version)
    return PublishedPolicy(version=version, rules=body.rules)
