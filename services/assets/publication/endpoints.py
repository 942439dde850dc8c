"""HTTP for destinations and publications."""

from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from chassis.auth import AnyCaller
from chassis.database import Session
from chassis.idempotency import Idempotent
from chassis.pagination import Page, Paging, next_cursor
from chassis.problems import documented
from contracts.publication import Publication, PublicationState
from services.assets.deliveries.endpoints import SignatureHeaders
from services.assets.dependencies import OurSettings, TheOutside
from services.assets.outbound.schemas import OVERLAP_HOURS
from services.assets.publication import destinations, repository, service
from services.assets.publication.schemas import (
    ChannelName,
    Destination,
    DestinationEntry,
    DestinationName,
    Destinations,
    DestinationWithSecret,
    LiveReport,
    PublicationWish,
    SignedLiveReport,
    Withdrawal,
)
from services.assets.vendors.schemas import OverlapHours

router = APIRouter(prefix="/v1/destinations", tags=["publication"])
publications = APIRouter(prefix="/v1/publications", tags=["publication"])
webhooks = APIRouter(prefix="/webhooks/destinations/{destination}", tags=["publication"])

_NO_DESTINATION = documented({404: "There is no such destination."})
_NO_PUBLICATION = documented({404: "There is no such publication."})
_NOT_NOW = documented({409: "Not in this state; `legal` names what is possible."})
_KEPT: dict[int | str, dict[str, Any]] = {
    200: {"model": DestinationWithSecret, "description": "It was known; it is changed, its secret is not."},
    **documented({409: "Its channel, kind and folder stay as they are; another destination has this folder."}),
}
_ASKED: dict[int | str, dict[str, Any]] = {
    200: {"model": Publication, "description": "It is there already, or on its way: nothing changed."},
    **documented(
        {404: "There is no such destination or version.", 409: "It is no final, or its rights don't allow it."}
    ),
}
_SIGNED_BODY = {
    "requestBody": {"required": True, "content": {"application/json": {"schema": SignedLiveReport.model_json_schema()}}}
}
_Sku = Annotated[str | None, Query(max_length=200)]


@router.get("", summary="List where finals go")
async def list_destinations(session: Session, caller: AnyCaller) -> Destinations:
    return Destinations(items=await repository.every_destination(session))


@router.get("/{destination}", summary="Read a destination", responses=_NO_DESTINATION)
async def read_destination(session: Session, caller: AnyCaller, destination: DestinationName) -> Destination:
    return await destinations.get(session, destination)


@router.put("/{destination}", status_code=201, summary="Register or change a destination", responses=_KEPT)
async def keep_destination(
    session: Session,
    caller: AnyCaller,
    outside: TheOutside,
    settings: OurSettings,
    destination: DestinationName,
    entry: DestinationEntry,
    response: Response,
) -> DestinationWithSecret:
    """A new webhook's answer has its secret, this once. For the owner of `files_and_rights`."""
    kept, is_new = await destinations.keep(session, destination, entry, caller, outside, settings.export_roots)
    response.status_code = 201 if is_new else 200
    response.headers["Cache-Control"] = "no-store"
    return kept


@router.post("/{destination}/secret", status_code=201, response_model=DestinationWithSecret,
             summary="Make a new secret for a webhook", responses=_NO_DESTINATION)  # fmt: skip
async def renew_destination_secret(
    session: Session,
    caller: AnyCaller,
    idempotency: Idempotent,
    destination: DestinationName,
    overlap_hours: OverlapHours = OVERLAP_HOURS,
) -> Response:
    """The old one counts too for a day, or for `overlap_hours`. For the owner of `files_and_rights`."""
    renewed = await destinations.renew_secret(session, destination, timedelta(hours=overlap_hours), caller)
    return await idempotency.answer(201, renewed, {"Cache-Control": "no-store"})


@publications.get("", summary="List what is published where")
async def list_publications(
    session: Session,
    caller: AnyCaller,
    paging: Paging,
    state: PublicationState | None = None,
    channel: ChannelName | None = None,
    sku: _Sku = None,
    destination: DestinationName | None = None,
    version_id: UUID | None = None,
) -> Page[Publication]:
    """Newest first."""
    wanted = repository.Filter(state, channel, sku, destination, version_id)
    found = await repository.page(session, wanted, paging.after, paging.limit + 1)
    cursor = next_cursor([one.id for one in found], paging.limit)
    return Page(items=found[: paging.limit], next_cursor=cursor)


@publications.get("/{publication_id}", summary="Read a publication", responses=_NO_PUBLICATION)
async def read_publication(session: Session, caller: AnyCaller, publication_id: UUID) -> Publication:
    return await service.get(session, publication_id)


@publications.post("", status_code=201, response_model=Publication, summary="Publish a final", responses=_ASKED)
async def publish(session: Session, caller: AnyCaller, idempotency: Idempotent, wish: PublicationWish) -> Response:
    """A version, or the final of a slot (of the destination's channel), to one destination; what was refused, failed or
    withdrawn once more. For the owner of `files_and_rights`."""
    publication, is_new = await service.publish(session, wish, caller)
    location = {"Location": f"/v1/publications/{publication.id}"}
    return await idempotency.answer(201 if is_new else 200, publication, location)


@publications.post("/{publication_id}/live", summary="Report that it is live", responses=_NO_PUBLICATION | _NOT_NOW)
async def report_live(session: Session, caller: AnyCaller, publication_id: UUID, report: LiveReport) -> Publication:
    """The first report counts. For the owner of `files_and_rights`; a webhook's destination says it itself at
    `/webhooks/destinations/{destination}`."""
    return await service.report_live(session, publication_id, report, caller)


@publications.post("/{publication_id}/withdraw", summary="Take it down", responses=_NO_PUBLICATION | _NOT_NOW)
async def withdraw_publication(
    session: Session, caller: AnyCaller, publication_id: UUID, body: Withdrawal
) -> Publication:
    """Its link is dead at once, and the destination is told; from a folder its files are removed. For the owner of
    `files_and_rights`."""
    return await service.take_down(session, publication_id, body.cause, caller)


@webhooks.post(
    "",
    summary="Report that it is live, signed",
    responses=_NO_PUBLICATION | _NOT_NOW | documented({401: "The signature is refused, or there is no such webhook."}),
    openapi_extra=_SIGNED_BODY,
)
async def hear_live(
    request: Request, session: Session, destination: DestinationName, headers: SignatureHeaders
) -> Publication:
    """From the destination itself. No token: signed over the body by the Standard Webhooks scheme, with the secret that
    verifies what it is sent."""
    return await service.hear_live(session, destination, headers, await request.body())
