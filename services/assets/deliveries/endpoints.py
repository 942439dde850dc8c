"""HTTP for vendors' signed messages, and the list of what they delivered."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response

from chassis.auth import AnyCaller
from chassis.database import Session
from chassis.pagination import Page, Paging, next_cursor
from chassis.problems import ProblemDetails
from services.assets.deliveries import repository
from services.assets.deliveries.schemas import Delivery, DeliveryNote, UploadedFile
from services.assets.deliveries.webhook import Webhook
from services.assets.dependencies import FileStore, OurSettings, TransactionsHere
from services.assets.store.body import UploadBody
from services.assets.vendors.schemas import VENDOR_PATTERN, VendorId

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
    409: {**_PROBLEM, "description": "This `webhook-id` was used for another delivery."},
}


def _note_body() -> dict[str, Any]:
    """The body is verified as bytes before it is parsed, so FastAPI can't see its schema by itself."""
    schema = DeliveryNote.model_json_schema()
    parts = schema.pop("$defs")
    file = parts["NamedFile"]
    file["properties"]["digital_source_type"]["anyOf"][0] = parts["DigitalSourceType"]
    schema["properties"]["files"]["items"] = file
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def _signature_headers(
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


@webhooks.post("", summary="Deliver uploaded files, signed", responses=_DELIVERY_ANSWERS, openapi_extra=_note_body())
async def deliver_files(
    request: Request,
    response: Response,
    vendor: VendorId,
    headers: SignatureHeaders,
    transactions: TransactionsHere,
    settings: OurSettings,
) -> Delivery:
    """Each file is accepted as the version of the shot that waits for it, or quarantined with its reasons.

    No token: the body is signed by the Standard Webhooks scheme. The same message again changes nothing and gets the
    same answer, with `Idempotency-Replayed: true`.
    """
    body = UploadBody(request, max_bytes=settings.max_body_bytes, stall_seconds=settings.stall_seconds)
    webhook = Webhook(transactions, vendor, headers)
    delivery, is_new = await webhook.take_in_delivery(await body.read(), settings.claim_wait_seconds)
    if not is_new:
        response.headers["Idempotency-Replayed"] = "true"
    return delivery
