"""HTTP for escalations."""

from typing import Annotated

from fastapi import APIRouter, Query

from chassis.auth import AnyCaller
from chassis.database import Session
from chassis.pagination import Page, Paging
from contracts.values import Role
from services.routing.sla import service
from services.routing.sla.schemas import Escalation

router = APIRouter(prefix="/v1/escalations", tags=["sla"])


@router.get("", summary="Work that was escalated, newest first")
async def list_escalations(
    session: Session,
    caller: AnyCaller,
    page: Paging,
    role: Annotated[Role | None, Query(description="Told to whom; default: to your own roles.")] = None,
) -> Page[Escalation]:
    """Each rung of its track's ladder that open work has climbed: at risk, breached, and so many business hours later.
    What is approved or cancelled is not in it any more."""
    return await service.list_escalations(session, caller, role, page)
