"""HTTP for versions: upload, read, list, and their bytes."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Header, Query, Request, Response

from chassis.auth import AnyCaller
from chassis.database import Session
from chassis.etags import set_etag
from chassis.pagination import Page, Paging, next_cursor
from chassis.problems import ProblemDetails
from contracts.assets import Version
from contracts.values import DigitalSourceType, Zone
from services.assets.dependencies import FileStore, OurSettings, TransactionsHere
from services.assets.store.body import UploadBody
from services.assets.upkeep.ledger import require_whole
from services.assets.versions import repository, service
from services.assets.versions.ranges import content_headers, content_of
from services.assets.versions.upload import Upload

router = APIRouter(prefix="/v1/versions", tags=["versions"])

_BINARY = {"schema": {"type": "string", "format": "binary"}}
_BODY = {"requestBody": {"required": True, "content": {"application/octet-stream": _BINARY}}}
_PROBLEM: dict[str, Any] = {"model": ProblemDetails, "content": {"application/problem+json": {}}}
_UPLOAD_PROBLEMS: dict[int | str, dict[str, Any]] = {
    400: {**_PROBLEM, "description": "The body ended before its declared length."},
    404: {**_PROBLEM, "description": "There is no such work item."},
    409: {**_PROBLEM, "description": "It takes no file now: not claimed, or this round has its version already."},
    413: {**_PROBLEM, "description": "The file is too large."},
}
_NO_VERSION: dict[int | str, dict[str, Any]] = {404: {**_PROBLEM, "description": "There is no such version."}}
_CONTENT: dict[int | str, dict[str, Any]] = {
    **_NO_VERSION,
    200: {"content": {"image/*": _BINARY}, "description": "The file."},
    206: {"content": {"image/*": _BINARY}, "description": "The part that `Range` asked for."},
    304: {"description": "The file is the one that `If-None-Match` names."},
    416: {**_PROBLEM, "description": "The range lies beyond the file's end."},
}


@router.post("", status_code=201, summary="Upload a file to a claimed work item", responses=_UPLOAD_PROBLEMS,
             openapi_extra=_BODY)  # fmt: skip
async def upload_version(
    request: Request,
    response: Response,
    caller: AnyCaller,
    transactions: TransactionsHere,
    store: FileStore,
    settings: OurSettings,
    work_item_id: Annotated[UUID, Query(description="The shot or variant that you have claimed.")],
    filename: Annotated[str, Query(min_length=1, max_length=1000, description="The file's name, without a path.")],
    parents: Annotated[
        list[UUID], Query(max_length=50, description="Versions that it was made from: an AI output's inputs.")
    ] = [],  # noqa: B006, FastAPI copies it
    digital_source_type: Annotated[
        DigitalSourceType | None,
        Query(description="What AI did to it. Needed where AI is on record for the work; a variant has its master's."),
    ] = None,
) -> Version:
    """The body is the file itself, streamed: an image, as a photographer or retoucher made it.

    One version a work item and round. The answer is the version that the gates now look at.
    """
    upload = Upload(transactions, store, caller, work_item_id, filename, parents, digital_source_type)
    body = UploadBody(request, max_bytes=settings.max_upload_bytes, stall_seconds=settings.stall_seconds)
    version = await upload.take_in(body, settings.claim_wait_seconds)
    response.headers["Location"] = f"/v1/versions/{version.id}"
    return version


@router.get("", summary="List versions")
async def list_versions(
    session: Session,
    caller: AnyCaller,
    paging: Paging,
    work_item_id: UUID | None = None,
    sku: Annotated[str | None, Query(max_length=200)] = None,
    zone: Zone | None = None,
) -> Page[Version]:
    """Newest first."""
    wanted = repository.Filter(work_item_id, sku, zone)
    found = await repository.page(session, wanted, paging.after, paging.limit + 1)
    cursor = next_cursor([version.id for version in found], paging.limit)
    return Page(items=found[: paging.limit], next_cursor=cursor)


@router.get("/{version_id}", summary="Read a version", responses=_NO_VERSION)
async def read_version(session: Session, caller: AnyCaller, version_id: UUID, response: Response) -> Version:
    """The `ETag` is what a move sends back as `If-Match`."""
    held = await service.get_held(session, version_id)
    set_etag(response, held.change)
    return held.version


@router.get("/{version_id}/content", summary="Read a version's bytes", response_class=Response, responses=_CONTENT)
async def read_version_content(
    caller: AnyCaller,
    transactions: TransactionsHere,
    store: FileStore,
    version_id: UUID,
    range_wanted: Annotated[str | None, Header(alias="Range", description="One range: `bytes=0-1023`.")] = None,
    if_range: Annotated[str | None, Header()] = None,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """Byte for byte what was delivered. The `ETag` is its SHA-256."""
    async with transactions.begin() as session:
        version = await service.get_version(session, version_id)
        await require_whole(session, version.sha256)
    return await content_of(store, version, range_wanted, if_range, if_none_match)


@router.head("/{version_id}/content", include_in_schema=False)
async def head_version_content(session: Session, caller: AnyCaller, version_id: UUID) -> Response:
    version = await service.get_version(session, version_id)
    await require_whole(session, version.sha256)
    headers = content_headers(version) | {"Content-Length": str(version.bytes)}
    return Response(headers=headers, media_type=version.media_type)
