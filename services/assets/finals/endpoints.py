"""HTTP for approved finals."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from chassis.auth import AnyCaller
from chassis.database import Lookup, Session
from chassis.problems import ProblemDetails
from contracts.assets import Version
from services.assets.finals import service
from services.assets.finals.schemas import Finals
from services.assets.work.domain import Slot

router = APIRouter(prefix="/v1/finals", tags=["finals"])

_WHY = "There is none. `reason` and `detail` say exactly why."
_PROBLEM = {"model": ProblemDetails, "content": {"application/problem+json": {}}, "description": _WHY}
_Name = Query(min_length=1, max_length=200)
Territory = Annotated[
    str | None,
    Query(min_length=1, max_length=20, description="Where it shall be shown, by ISO 3166-1. None: not asked."),
]


@router.get("", summary="The approved final of a SKU, colorway, view and channel", responses={404: _PROBLEM},
            response_model=Version)  # fmt: skip
async def find_final(
    session: Lookup,
    caller: AnyCaller,
    sku: Annotated[str, _Name],
    colorway: Annotated[str, _Name],
    view: Annotated[str, _Name],
    channel: Annotated[str | None, Query(min_length=1, max_length=200, description="None: the master.")] = None,
    territory: Territory = None,
) -> Response:
    """The one file that may be delivered. Its bytes: `GET /v1/versions/{id}/content`."""
    found = await service.find_final(session, Slot(sku, colorway, view, channel), territory)
    return Response(found.model_dump_json(), media_type="application/json")  # not checked a second time


@router.get(":list", summary="All finals of a SKU")
async def list_finals(
    session: Session, caller: AnyCaller, sku: Annotated[str, _Name], territory: Territory = None
) -> Finals:
    """For a PIM: in one call what may be delivered of each colorway, view and channel, and what is missing."""
    return await service.finals_of_sku(session, sku, territory)
