"""HTTP for inspections."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from chassis.auth import AnyCaller
from chassis.database import Session
from chassis.problems import NotFound
from services.qc.inspections import repository
from services.qc.inspections.schemas import Inspection, Inspections

MOST = 100  # at a time

router = APIRouter(prefix="/v1/inspections", tags=["inspections"])


@router.get("", summary="What was measured of several versions")
async def list_inspections(
    session: Session,
    caller: AnyCaller,
    version_id: Annotated[list[UUID], Query(min_length=1, max_length=MOST, description="Once for each.")],
) -> Inspections:
    """In their order; versions that haven't been measured (yet) are left out."""
    found = await repository.of_versions(session, version_id)
    return Inspections(items=[found[one] for one in dict.fromkeys(version_id) if one in found])


@router.get("/{version_id}", summary="What was measured of a version")
async def read_inspection(session: Session, caller: AnyCaller, version_id: UUID) -> Inspection:
    """Every automatic check with its value, threshold and what it means; and the spec that it was measured against."""
    inspection = await repository.of_version(session, version_id)
    if inspection is None:
        raise NotFound("No such version has been measured (yet).")
    return inspection
