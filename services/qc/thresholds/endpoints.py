"""HTTP for the thresholds."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from chassis.auth import AnyCaller
from chassis.database import Session
from chassis.etags import EDITED, IfMatch, set_etag
from chassis.packs import edit_of
from chassis.problems import documented
from services.qc.thresholds import service
from services.qc.thresholds.schemas import PublishedThresholds, ThresholdsPack

router = APIRouter(prefix="/v1/thresholds", tags=["thresholds"])

Number = Annotated[int, Path(ge=1, le=10**6, description="As an inspection's `engine.thresholds_version`.")]


@router.get("", summary="What the automatic checks measure against")
async def read_thresholds(session: Session, caller: AnyCaller, response: Response) -> PublishedThresholds:
    """The version that files are measured by from now on. The `ETag` is what an edit sends back as `If-Match`."""
    thresholds = await service.current_thresholds(session)
    set_etag(response, thresholds.version)
    return thresholds


@router.put("", summary="Publish the next version of the thresholds", responses=EDITED)
async def publish_thresholds(
    session: Session,
    caller: AnyCaller,
    expected: IfMatch,
    body: Annotated[ThresholdsPack, edit_of(ThresholdsPack)],
    response: Response,
) -> PublishedThresholds:
    """All bounds anew, by the owner of `pass_fail`. Refused, with every cause at once: bounds in the wrong order for
    their check, in other units, or of what is no threshold. What is measured already keeps its measurements."""
    thresholds = await service.publish_thresholds(session, body, caller, expected)
    set_etag(response, thresholds.version)
    return thresholds


@router.get(
    "/versions/{version}",
    summary="The thresholds as they were",
    responses=documented({404: "There is no such version."}),
)
async def read_thresholds_version(session: Session, caller: AnyCaller, version: Number) -> PublishedThresholds:
    """What an inspection was measured against: its `engine.thresholds_version` names it."""
    return await service.thresholds_of(session, version)
