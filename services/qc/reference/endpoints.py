"""HTTP for checklists and reasons."""

from typing import Annotated

from fastapi import APIRouter, Response

from chassis.auth import AnyCaller
from chassis.database import Session
from chassis.etags import IfMatch, set_etag
from chassis.packs import edit_of
from services.qc.reference import service
from services.qc.reference.schemas import Checklists, PublishedChecklists, PublishedReasons, Reasons

router = APIRouter(tags=["checklists and reasons"])


@router.get("/v1/checklists", summary="What is answered at each gate")
async def read_checklists(session: Session, caller: AnyCaller, response: Response) -> PublishedChecklists:
    """The version that reviews open with from now on. The `ETag` is what an edit sends back as `If-Match`."""
    checklists = await service.current_checklists(session)
    set_etag(response, checklists.version)
    return checklists


@router.put("/v1/checklists", summary="Publish the next version of the checklists")
async def publish_checklists(
    session: Session,
    caller: AnyCaller,
    expected: IfMatch,
    body: Annotated[Checklists, edit_of(Checklists)],
    response: Response,
) -> PublishedChecklists:
    """All checklists anew. Only the owner of `pass_fail` may. Open reviews keep the version they began with."""
    version = await service.publish_checklists(session, body, caller, expected)
    set_etag(response, version)
    return PublishedChecklists(version=version, checklists=body.checklists)


@router.get("/v1/reasons", summary="Why work is sent back, and where to")
async def read_reasons(session: Session, caller: AnyCaller, response: Response) -> PublishedReasons:
    """The whole taxonomy. The `ETag` is what an edit sends back as `If-Match`."""
    reasons = await service.current_reasons(session)
    set_etag(response, reasons.version)
    return reasons


@router.put("/v1/reasons", summary="Publish the next version of the reasons")
async def publish_reasons(
    session: Session,
    caller: AnyCaller,
    expected: IfMatch,
    body: Annotated[Reasons, edit_of(Reasons)],
    response: Response,
) -> PublishedReasons:
    """All reasons anew. Only the owner of `pass_fail` may."""
    version = await service.publish_reasons(session, body, caller, expected)
    set_etag(response, version)
    return PublishedReasons(version=version, **dict(body))
