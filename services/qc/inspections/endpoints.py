"""HTTP for inspections."""

from uuid import UUID

from fastapi import APIRouter

from chassis.auth import AnyCaller
from chassis.database import Session
from chassis.problems import NotFound
from services.qc.inspections import repository
from services.qc.inspections.schemas import Inspection

router = APIRouter(prefix="/v1/inspections", tags=["inspections"])


@router.get("/{version_id}", summary="What was measured of a version")
async def read_inspection(session: Session, caller: AnyCaller, version_id: UUID) -> Inspection:
    """Every automatic check with its value, threshold and what it means; and the spec that it was measured against."""
    inspection = await repository.of_version(session, version_id)
    if inspection is None:
        raise NotFound("No such version has been measured (yet).")
    return inspection
