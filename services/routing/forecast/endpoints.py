"""HTTP for the forecast."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from chassis.auth import AnyCaller
from chassis.database import Session
from chassis.etags import EDITED, IfMatch, set_etag
from chassis.packs import edit_of
from services.routing.forecast import service
from services.routing.forecast.schemas import CapacityPack, Forecast, PublishedCapacity

router = APIRouter(prefix="/v1/forecast", tags=["forecast"])


@router.get("", summary="Workload against capacity, week by week")
async def read_forecast(
    session: Session, caller: AnyCaller, weeks: Annotated[int, Query(ge=1, le=52, description="From this one on.")] = 8
) -> Forecast:
    """Unfinished work by the week that it is due in, by track and team, in items and in hours of labour still to
    come, against each team's capacity; late work is due in the current week."""
    return await service.read_forecast(session, weeks)


@router.get("/capacity", summary="The pack of capacity")
async def read_capacity(session: Session, caller: AnyCaller, response: Response) -> PublishedCapacity:
    """What each team does, its hours a week, and the weeks that are unlike the others. The `ETag` is what an edit sends
    back as `If-Match`. How much work an item is, `/v1/steps` says."""
    pack = await service.current_capacity(session)
    set_etag(response, pack.version)
    return pack


@router.put("/capacity", summary="Publish the next version of the capacity", responses=EDITED)
async def publish_capacity(
    session: Session,
    caller: AnyCaller,
    expected: IfMatch,
    body: Annotated[CapacityPack, edit_of(CapacityPack)],
    response: Response,
) -> PublishedCapacity:
    """All of the pack anew. Only the owner of `schedule_and_vendors` may."""
    pack = await service.publish_capacity(session, body, caller, expected)
    set_etag(response, pack.version)
    return pack
