"""HTTP for quotes, and for the rates that they are estimated by."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response

from chassis.auth import AnyCaller
from chassis.database import Session
from chassis.etags import EDITED, IfMatch, set_etag
from chassis.packs import edit_of
from chassis.pagination import Page, Paging, next_cursor
from chassis.problems import documented
from contracts.amendments import Effect
from services.routing.amendments import service
from services.routing.amendments.schemas import PublishedRates, QuoteItem, QuoteView, RatesPack

router = APIRouter(tags=["amendments"])

AmendmentId = Annotated[UUID, Path(description="Of the amendment, as intake has it.")]


NOT_FOUND = documented({404: "Nothing was quoted for such an amendment."})


@router.get("/v1/quotes/{amendment_id}", summary="What an amendment would do", responses=NOT_FOUND)
async def read_quote(caller: AnyCaller, session: Session, amendment_id: AmendmentId) -> QuoteView:
    """Its newest quote: totals, and the first items of each effect. `POST /v1/amendments/{id}/accept` accepts it."""
    return await service.read_quote(session, amendment_id)


@router.get("/v1/quotes/{amendment_id}/items", summary="Every item of a quote", responses=NOT_FOUND)
async def list_quote_items(
    caller: AnyCaller,
    session: Session,
    page: Paging,
    amendment_id: AmendmentId,
    effect: Effect | None = None,
    is_loss: Annotated[bool | None, Query(description="Past a gate or approved, and stopped or redone.")] = None,
) -> Page[QuoteItem]:
    """One line a work item, by effect, losses first; those that are kept come last."""
    filters = {"effect": effect, "is_loss": is_loss}
    where = {name: value for name, value in filters.items() if value is not None}
    found = await service.read_items(session, amendment_id, where, page)
    return Page[QuoteItem](
        items=found[: page.limit],
        next_cursor=next_cursor([one.id for one in found], page.limit),
    )


@router.get("/v1/rates", summary="The rates that quotes are estimated by")
async def read_rates(caller: AnyCaller, session: Session, response: Response) -> PublishedRates:
    """What an hour of labour costs, by step. How many hours work takes, `/v1/steps` says."""
    rates = await service.current_rates(session)
    set_etag(response, rates.version)
    return rates


@router.put("/v1/rates", summary="Publish the next version of the rates", responses=EDITED)
async def publish_rates(
    caller: AnyCaller,
    expected: IfMatch,
    session: Session,
    body: Annotated[RatesPack, edit_of(RatesPack)],
    response: Response,
) -> PublishedRates:
    """Only the owner of `sla_and_exceptions` may. Quotes keep the version that they were estimated by."""
    rates = await service.publish_rates(session, body, caller, expected)
    set_etag(response, rates.version)
    return rates
