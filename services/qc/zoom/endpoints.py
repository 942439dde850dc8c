"""HTTP for the evidence of 100 % zoom."""

from uuid import UUID

from fastapi import APIRouter

from chassis.auth import AnyCaller
from chassis.database import Session
from chassis.problems import documented
from services.qc.zoom import service
from services.qc.zoom.schemas import SeenCells, ZoomEvidence

router = APIRouter(prefix="/v1/inspections", tags=["inspections"])

NOT_FOUND = {404: "No such version of this work item has been measured."}


@router.put(
    "/{work_item_id}/{version_id}",
    summary="Say which parts of the image you have seen at 100 % zoom",
    responses=documented({**NOT_FOUND, 409: "It isn't decided on any more, or not now; or it couldn't be measured."}),
)
async def add_seen_cells(
    session: Session, caller: AnyCaller, work_item_id: UUID, version_id: UUID, body: SeenCells
) -> ZoomEvidence:
    """By who decides at one of its gates. Send the cells that were in view at one image pixel a screen pixel, as often
    as you like and in any order: they are joined with those that you sent before. The answer is what is left of the
    subject. It counts for you and this version alone, and your decision keeps it."""
    return await service.add_seen(session, caller, work_item_id, version_id, body)


@router.get(
    "/{work_item_id}/{version_id}",
    summary="What you have seen at 100 % zoom",
    responses=documented({**NOT_FOUND, 409: "It couldn't be measured: there is nothing to be seen."}),
)
async def read_seen_cells(session: Session, caller: AnyCaller, work_item_id: UUID, version_id: UUID) -> ZoomEvidence:
    """Of one version, and what is left of its subject. What others have seen is shown with their decisions."""
    return await service.read_seen(session, caller.subject, work_item_id, version_id)
