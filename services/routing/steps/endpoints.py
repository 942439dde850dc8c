"""HTTP for how long steps take."""

from typing import Annotated

from fastapi import APIRouter, Response

from chassis.auth import AnyCaller
from chassis.database import Session
from chassis.etags import EDITED, IfMatch, set_etag
from chassis.packs import edit_of
from services.routing.steps import publishing, service
from services.routing.steps.schemas import PublishedSteps, StepsPack
from services.routing.tracks.endpoints import NO_VERSION, Before, Limit, Number
from services.routing.tracks.publishing import read_version, versions_of
from services.routing.tracks.schemas import Versions

router = APIRouter(prefix="/v1/steps", tags=["steps"])


@router.get("", summary="How long steps take")
async def read_steps(session: Session, caller: AnyCaller, response: Response) -> PublishedSteps:
    """Hours of labour an item, by kind, class and step: the forecast and the cost of amendments count them. And the
    business hours that each step lasts, by track: at risk counts them while too few were measured."""
    steps = await service.current_steps(session)
    set_etag(response, steps.version)
    return steps


@router.put("", summary="Publish the next version of the steps", responses=EDITED)
async def publish_steps(
    session: Session,
    caller: AnyCaller,
    expected: IfMatch,
    body: Annotated[StepsPack, edit_of(StepsPack)],
    response: Response,
) -> PublishedSteps:
    """All of the pack anew, by the owner of `schedule_and_vendors`. The forecast and new quotes count by it at once,
    at risk within ten minutes; quotes that there are stay as they were estimated."""
    steps = await publishing.publish_steps(session, body, caller, expected)
    set_etag(response, steps.version)
    return steps


@router.get("/versions", summary="Every version of the steps")
async def list_step_versions(session: Session, caller: AnyCaller, before: Before = None, limit: Limit = 50) -> Versions:
    """Who published each, and when; newest first."""
    return await versions_of(session, service.STEPS, before, limit)


@router.get("/versions/{version}", summary="The steps as they were", responses=NO_VERSION)
async def read_step_version(session: Session, caller: AnyCaller, version: Number) -> PublishedSteps:
    """The version that a quote or a forecast names."""
    pack = await read_version(session, service.STEPS, StepsPack, version)
    return PublishedSteps(version=version, **dict(pack))
