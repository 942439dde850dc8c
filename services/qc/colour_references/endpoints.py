"""HTTP for what was measured of colour references. Assets stores them."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from chassis.auth import AnyCaller
from chassis.database import Session
from chassis.pagination import Page, Paging, next_cursor
from services.qc.colour_references import service
from services.qc.colour_references.schemas import ReferenceInspection

router = APIRouter(prefix="/v1/reference-inspections", tags=["colour references"])

_Name = Query(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f]+$")


@router.get("", summary="What was measured of a product's colour references")
async def list_reference_inspections(
    session: Session,
    caller: AnyCaller,
    paging: Paging,
    sku: Annotated[str, _Name],
    colorway: Annotated[str, _Name],
) -> Page[ReferenceInspection]:
    """Every version of each kind, newest first; `in_use`: what its shots are compared with."""
    found = await service.list_inspections(session, sku, colorway, paging.after, paging.limit + 1)
    cursor = next_cursor([one.reference.id for one in found], paging.limit)
    return Page(items=found[: paging.limit], next_cursor=cursor)


@router.get("/{reference_id}", summary="What was measured of a colour reference")
async def read_reference_inspection(session: Session, caller: AnyCaller, reference_id: UUID) -> ReferenceInspection:
    """Whether it can be the norm of its product's colour, or why not; the colours that were read from it, and for a
    target shot how neutral its grey patches are (T12)."""
    return await service.get_inspection(session, reference_id)
