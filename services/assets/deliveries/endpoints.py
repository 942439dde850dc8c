"""HTTP for vendors' signed messages, and the list of what they delivered."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response

from chassis.auth import AnyCaller
from chassis.database import Session
from chassis.pagination import Page, Paging, next_cursor
from chassis.problems import ProblemDetails
from contracts.values import Domain
from services.assets.deliveries import repository, service
from services.assets.deliveries.schemas import MOST_FILES, Delivery, DeliveryNote, UploadedFile
from services.assets.deliveries.webhook import Webhook
from services.assets.dependencies import FileStore, OurSettings, TheOutside, TransactionsHere
from services.assets.reference import require_owner
from services.assets.store.body import UploadBody
from services.assets.vendors.schemas import VENDOR_PATTERN, VendorId
from services.assets.versions.ranges import content_of

router = APIRouter(prefix="/v1/deliveries", tags=["deliveries"])
webhooks = APIRouter(prefix="/webhooks/vendors/{vendor}", tags=["vendor webhooks"])

Sha256Path = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$", description="SHA-256 of the file, lower-case hex.")]

_BINARY = {"schema": {"type": "string", "format": "binary"}}
_FILE_BODY = {"requestBody": {"required": True, "content": {"application/octet-stream": _BINARY}}}
_PROBLEM: dict[str, Any] = {"model": ProblemDetails, "content": {"application/problem+json": {}}}
_REFUSED: dict[int | str, dict[str, Any]] = {
    401: {**_PROBLEM, "description": "The signature is refused, or there is no such vendor."},
    413: {**_PROBLEM, "description": "The body is too large."},
}
_FILE_ANSWERS: dict[int | str, dict[str, Any]] = {
    **_REFUSED,
    200: {"model": UploadedFile, "description": "You have uploaded it before."},
    400: {**_PROBLEM, "description": "The body ended before its declared length."},
}
_DELIVERY_ANSWERS: dict[int | str, dict[str, Any]] = {
    **_REFUSED,
    202: {"model": Delivery, "description": "It is received; files of it wait to be fetched."},
    409: {**_PROBLEM, "description": "This `webhook-id` was used for another delivery."},
}

_NO_DELIVERY: dict[int | str, dict[str, Any]] = {404: {**_PROBLEM, "description": "There is no such delivery."}}
_CONTENT: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/octet-stream": _BINARY}, "description": "The file."},
    206: {"content": {"application/octet-stream": _BINARY}, "description": "The part that `Range` asked for."},
    304: {"description": "The file is the one that `If-None-Match` names."},
    404: {**_PROBLEM, "description": "There is no such file in this delivery, or its bytes never came."},
    416: {**_PROBLEM, "description": "The range lies beyond the file's end."},
}


def _note_body() -> dict[str, Any]:
    """The body is verified as bytes before it is parsed, so FastAPI can't see its schema by itself."""
    schema = DeliveryNote.model_json_schema()
    parts = schema.pop("$defs")
    file = parts["NamedFile"]
    file["properties"]["digital_source_type"]["anyOf"][0] = parts["DigitalSourceType"]
    schema["properties"]["files"]["items"] = file
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


async def _signature_headers(
    webhook_id: Annotated[str | None, Header(description="Unique a message; the same for a second try.")] = None,
    webhook_timestamp: Annotated[str | None, Header(description="Seconds since 1970.")] = None,
    webhook_signature: Annotated[str | None, Header(description="`v1,` and the HMAC-SHA256 in base64.")] = None,
) -> dict[str, str]:
    """Optional here: a message without them is refused like one whose signature is wrong."""
    given = {
        "webhook-id": webhook_id,
        "webhook-timestamp": webhook_timestamp,
        "webhook-signature": webhook_signature,
    }
    return {name: value for name, value in given.items() if value is not None}


SignatureHeaders = Annotated[dict[str, str], Depends(_signature_headers)]


@router.get("", summary="List deliveries")
async def list_deliveries(
    session: Session,
    caller: AnyCaller,
    paging: Paging,
    vendor: Annotated[str | None, Query(pattern=VENDOR_PATTERN)] = None,
) -> Page[Delivery]:
    """Newest first, with what became of each file."""
    found = await repository.page(session, vendor, paging.after, paging.limit + 1)
    cursor = next_cursor([delivery.id for delivery in found], paging.limit)
    return Page(items=found[: paging.limit], next_cursor=cursor)


@router.get("/{delivery_id}", summary="Read a delivery", responses=_NO_DELIVERY)
async def read_delivery(session: Session, caller: AnyCaller, delivery_id: UUID) -> Delivery:
    return await service.get_delivery(session, delivery_id)


@router.get("/{delivery_id}/files/{position}/content", summary="Read the bytes of a delivered file",
            response_class=Response, responses=_CONTENT)  # fmt: skip
async def read_delivered_content(
    caller: AnyCaller,
    transactions: TransactionsHere,
    store: FileStore,
    delivery_id: UUID,
    position: Annotated[int, Path(ge=0, le=MOST_FILES, description="In the order of `files`, from 0.")],
    range_wanted: Annotated[str | None, Header(alias="Range", description="One range: `bytes=0-1023`.")] = None,
    if_range: Annotated[str | None, Header()] = None,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """As they came, also of what is quarantined: to look at, with care. For the owner of `schedule_and_vendors`."""
    async with transactions.begin() as session:
        await require_owner(session, caller, Domain.SCHEDULE_AND_VENDORS)
        file = await service.bytes_of(session, delivery_id, position)
    return await content_of(store, file, range_wanted, if_range, if_none_match)


@webhooks.get("/deliveries/{message_id:path}", summary="Read what became of a delivery, signed",
              responses={**_NO_DELIVERY, 401: _REFUSED[401]})  # fmt: skip
async def read_own_delivery(
    vendor: VendorId,
    message_id: Annotated[str, Path(max_length=200, description="The `webhook-id` that it was sent with.")],
    headers: SignatureHeaders,
    transactions: TransactionsHere,
) -> Delivery:
    """For the vendor itself. No token: by the Standard Webhooks scheme, the signed payload is the path, from
    `/webhooks/` on."""
    return await Webhook(transactions, vendor, headers).read_delivery(message_id)


@webhooks.put("/files/{sha256}", status_code=201, summary="Upload a file, signed", responses=_FILE_ANSWERS,
              openapi_extra=_FILE_BODY)  # fmt: skip
async def upload_vendor_file(
    request: Request,
    response: Response,
    vendor: VendorId,
    sha256: Sha256Path,
    headers: SignatureHeaders,
    transactions: TransactionsHere,
    store: FileStore,
    settings: OurSettings,
) -> UploadedFile:
    """Before the delivery that names it. No token: by the Standard Webhooks scheme, the signed payload is the
    SHA-256 in the path, so that the file can stream."""
    body = UploadBody(request, max_bytes=settings.max_upload_bytes, stall_seconds=settings.stall_seconds)
    file, is_new = await Webhook(transactions, vendor, headers).take_in_file(store, sha256, body)
    response.status_code = 201 if is_new else 200
    return file


@webhooks.post("", summary="Deliver files, signed", responses=_DELIVERY_ANSWERS, openapi_extra=_note_body())
async def deliver_files(
    request: Request,
    response: Response,
    vendor: VendorId,
    headers: SignatureHeaders,
    transactions: TransactionsHere,
    outside: TheOutside,
    settings: OurSettings,
) -> Delivery:
    """Each file is accepted as the version of the shot that waits for it, or quarantined with its reasons: at once if
    it was uploaded before (200), else when it has been fetched from its `url` (202). What became of it is told by
    `GET …/deliveries/{webhook_id}`, and by a webhook to the vendor's callback.

    No token: the body is signed by the Standard Webhooks scheme. The same message again changes nothing and gets the
    delivery as it stands, with `Idempotency-Replayed: true`.
    """
    body = UploadBody(request, max_bytes=settings.max_body_bytes, stall_seconds=settings.stall_seconds)
    webhook = Webhook(transactions, vendor, headers)
    delivery, is_new = await webhook.take_in_delivery(await body.read(), outside, settings.claim_wait_seconds)
    if delivery.decided_at is None:
        response.status_code = 202
    if not is_new:
        response.headers["Idempotency-Replayed"] = "true"
    return delivery
