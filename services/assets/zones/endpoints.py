"""HTTP for what people do with approved versions. Not below `/v1/versions`, whose bodies have no limit."""

from typing import Annotated

from fastapi import APIRouter, Body, Response

from chassis.auth import AnyCaller
from chassis.database import Session
from chassis.etags import EDITED, IfMatch, set_etag
from chassis.problems import documented
from contracts.assets import Version
from services.assets.zones import service
from services.assets.zones.domain import Move
from services.assets.zones.schemas import Moving

router = APIRouter(tags=["finals"])

_ANSWERS = EDITED | documented(
    {
        403: "Only for the owner of `files_and_rights`.",
        404: "There is no such version.",
        409: "Not in this state; `legal` names what is possible.",
    }
)
Why = Annotated[Moving, Body()]


@router.post("/v1/finals:archive", summary="Take a final out", responses=_ANSWERS)
async def archive_version(
    session: Session, caller: AnyCaller, expected: IfMatch, body: Why, response: Response
) -> Version:
    """It is no final any more, whatever its work item's status says, until it is restored or promoted."""
    return await _move(session, caller, Move.ARCHIVE, expected, body, response)


@router.post("/v1/finals:restore", summary="Bring back what was taken out", responses=_ANSWERS)
async def restore_version(
    session: Session, caller: AnyCaller, expected: IfMatch, body: Why, response: Response
) -> Version:
    """It is a final again, as old as its approval: another one that was approved or promoted since stays the one that
    is delivered."""
    return await _move(session, caller, Move.RESTORE, expected, body, response)


@router.post("/v1/finals:promote", summary="Make an approved version the final again", responses=_ANSWERS)
async def promote_version(
    session: Session, caller: AnyCaller, expected: IfMatch, body: Why, response: Response
) -> Version:
    """Only one that passed all of its gates. What was its slot's final is archived. It stays the final until its work
    is redone by an amendment, or something newer is approved."""
    return await _move(session, caller, Move.PROMOTE, expected, body, response)


async def _move(
    session: Session, caller: AnyCaller, move: Move, expected: int, body: Moving, response: Response
) -> Version:
    held = await service.move(session, body.version_id, move, caller, body.reason, expected)
    set_etag(response, held.change)
    return held.version
