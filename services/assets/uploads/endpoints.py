"""HTTP for resumable uploads: tus 1.0.0, and what became of an upload as JSON."""

from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Request, Response

from chassis.auth import AnyCaller
from chassis.clock import now
from chassis.database import Session
from chassis.pagination import Page, Paging, next_cursor
from chassis.problems import Problem, TooLarge, documented
from services.assets.dependencies import FileStore, OurSettings, TransactionsHere
from services.assets.settings import AssetsSettings
from services.assets.store.body import UploadBody
from services.assets.uploads import protocol, repository, service
from services.assets.uploads.domain import ResumableUpload, UploadState, check_there
from services.assets.uploads.schemas import ShownUpload, shown
from services.assets.uploads.writing import Uploads

router = APIRouter(prefix="/v1/uploads", tags=["uploads"])


async def _check_version(
    tus_resumable: Annotated[str | None, Header(description=f"`{protocol.VERSION}`.")] = None,
) -> None:
    protocol.check_version(tus_resumable)


async def _uploads(
    caller: AnyCaller, transactions: TransactionsHere, store: FileStore, settings: OurSettings
) -> Uploads:
    return Uploads(transactions, store, settings, caller)


_TUS = [Depends(_check_version)]
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_BODY = {"requestBody": {"content": {protocol.CONTENT_TYPE: _BINARY}}}
_OTHER_VERSION = {412: "Another version of tus was asked for; `Tus-Version` says which is spoken."}
_ENDED = {404: "You have no such upload.", 410: "It has ended without a version: expired, refused or terminated."}
_WRITE_PROBLEMS = documented(
    {
        400: "A header is wrong, or the body ended before its declared length: what came is kept.",
        408: "The body stopped coming: what came is kept.",
        409: "It goes on at another byte (`Upload-Offset`); or the work item takes no file now.",
        413: "More comes than the upload has.",
        415: "The body is not sent as a part of an upload.",
        460: "The bytes are not those of `Upload-Checksum`; nothing of them is kept.",
    }
    | _OTHER_VERSION
)
_CREATED: dict[int | str, dict[str, Any]] = {
    **_WRITE_PROBLEMS,
    **documented(
        {
            404: "There is no such work item.",
            409: "The work item takes no file now: not claimed, or this round has its version already.",
            413: "The file is too large: `Tus-Max-Size`.",
            429: "You have too many open uploads.",
        }
    ),
}
_PATCHED: dict[int | str, dict[str, Any]] = {
    **_WRITE_PROBLEMS,
    **documented(_ENDED | {423: "Another request writes to it at the moment."}),
    204: {"description": "All of the body is kept. `Content-Location` names the version, when this was the end."},
}

UploadsOfCaller = Annotated[Uploads, Depends(_uploads)]
Checksum = Annotated[
    str | None, Header(alias="Upload-Checksum", description="An algorithm and the body's digest: `sha1 2jmj7l5rSw0=`.")
]


@router.options("", status_code=204, summary="Read what of tus is spoken", operation_id="tus_options")
@router.options("/{upload_id}", status_code=204, include_in_schema=False)
async def tus_options(caller: AnyCaller, settings: OurSettings) -> Response:
    """Versions, extensions, checksums and the largest file, as headers."""
    headers = {
        "Tus-Version": protocol.VERSION,
        "Tus-Extension": protocol.EXTENSIONS,
        "Tus-Checksum-Algorithm": ",".join(protocol.ALGORITHMS),
        "Tus-Max-Size": str(settings.max_upload_bytes),
    }
    return Response(status_code=204, headers=headers)


@router.post("", status_code=201, summary="Create a resumable upload to a claimed work item", dependencies=_TUS,
             responses=_CREATED, openapi_extra=_BODY, response_class=Response)  # fmt: skip
async def create_upload(
    request: Request,
    uploads: UploadsOfCaller,
    settings: OurSettings,
    upload_length: Annotated[str | None, Header(description="Bytes of the whole file.")] = None,
    upload_metadata: Annotated[
        str | None,
        Header(
            description="`work_item_id`, `filename` and, if you like, `sha256` and `digital_source_type` (what AI did "
            "to it: needed where AI is on record for the work); each value in Base64."
        ),
    ] = None,
    upload_checksum: Checksum = None,
) -> Response:
    """For whoever holds the work item, as with `POST /v1/versions`. The first bytes may come as the body."""
    length = protocol.read_number("Upload-Length", upload_length)
    metadata = protocol.read_metadata(upload_metadata)
    checksum = protocol.read_checksum(upload_checksum)
    has_body = _has_body(request)
    if has_body:
        protocol.check_content_type(request.headers.get("content-type"))
    if length > settings.max_upload_bytes:
        problem = TooLarge(f"At most {settings.max_upload_bytes} bytes are taken.", max_bytes=settings.max_upload_bytes)
        problem.headers["Tus-Max-Size"] = str(settings.max_upload_bytes)
        raise problem
    upload = await uploads.create(metadata, length)
    location = {"Location": f"/v1/uploads/{upload.id}"}
    if has_body:
        try:
            upload = await uploads.write(upload.id, 0, checksum, _body_of(request, settings))
        except Problem as problem:  # the upload is there all the same
            problem.headers |= location
            raise
    return Response(status_code=201, headers=location | _progress(upload))


@router.get("", summary="List your uploads")
async def list_uploads(session: Session, caller: AnyCaller, paging: Paging) -> Page[ShownUpload]:
    """Newest first: open ones, and for a week those that have ended."""
    found = await repository.page(session, caller.subject, paging.after, paging.limit + 1)
    cursor = next_cursor([one.id for one in found], paging.limit)
    return Page(items=[shown(one, now()) for one in found[: paging.limit]], next_cursor=cursor)


@router.get("/{upload_id}", summary="Read what became of an upload", responses=documented({404: _ENDED[404]}))
async def read_upload(session: Session, caller: AnyCaller, upload_id: UUID) -> ShownUpload:
    """Only your own. `problem` says why it was refused."""
    return shown(await service.own_upload(session, upload_id, caller), now())


@router.head("/{upload_id}", summary="Read where an upload goes on", dependencies=_TUS,
             responses=documented(_ENDED | _OTHER_VERSION), response_class=Response)  # fmt: skip
async def head_upload(uploads: UploadsOfCaller, upload_id: UUID) -> Response:
    """`Upload-Offset` is the whole length only when the upload has become a version."""
    upload = await uploads.at_rest(upload_id)
    check_there(upload, now())
    headers = {"Upload-Length": str(upload.length), "Cache-Control": "no-store"}
    if upload.metadata:
        headers["Upload-Metadata"] = upload.metadata
    return Response(status_code=200, headers=headers | _progress(upload))


@router.patch("/{upload_id}", status_code=204, summary="Send the next bytes of an upload", dependencies=_TUS,
              responses=_PATCHED, openapi_extra=_BODY, response_class=Response)  # fmt: skip
async def write_upload(
    request: Request,
    uploads: UploadsOfCaller,
    settings: OurSettings,
    upload_id: UUID,
    upload_offset: Annotated[str | None, Header(description="Where these bytes belong: as HEAD said.")] = None,
    upload_checksum: Checksum = None,
) -> Response:
    """What comes is kept, also when the connection breaks off. With the last byte the upload becomes a version."""
    protocol.check_content_type(request.headers.get("content-type"))
    offset = protocol.read_number("Upload-Offset", upload_offset)
    checksum = protocol.read_checksum(upload_checksum)
    upload = await uploads.write(upload_id, offset, checksum, _body_of(request, settings))
    return Response(status_code=204, headers=_progress(upload))


@router.delete("/{upload_id}", status_code=204, summary="End an upload", dependencies=_TUS,
               responses=documented(_ENDED | _OTHER_VERSION))  # fmt: skip
async def terminate_upload(uploads: UploadsOfCaller, upload_id: UUID) -> None:
    """What came is removed. A version that it has become stays."""
    await uploads.terminate(upload_id)


def _has_body(request: Request) -> bool:
    return request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers


def _body_of(request: Request, settings: AssetsSettings) -> Callable[[int], UploadBody]:
    return lambda max_bytes: UploadBody(request, max_bytes=max_bytes, stall_seconds=settings.stall_seconds)


def _progress(upload: ResumableUpload) -> dict[str, str]:
    """What every answer that isn't a problem says of the upload."""
    headers = {"Upload-Offset": str(upload.received)}
    if upload.state is UploadState.OPEN:
        headers["Upload-Expires"] = protocol.http_date(upload.expires_at)
    if upload.version_id is not None:
        headers["Content-Location"] = f"/v1/versions/{upload.version_id}"
    return headers
