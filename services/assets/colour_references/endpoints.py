"""HTTP for colour references: store, list, and their bytes."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Query, Request, Response

from chassis.auth import AnyCaller
from chassis.database import Session
from chassis.pagination import Page, Paging, next_cursor
from chassis.problems import ProblemDetails
from contracts.assets import ColourReferenceKind
from services.assets.colour_references import repository, service
from services.assets.colour_references.domain import Product
from services.assets.colour_references.schemas import Colorway, KeptColourReference, Sku, shown
from services.assets.colour_references.upload import take_in
from services.assets.dependencies import FileStore, OurSettings, TransactionsHere
from services.assets.store.body import UploadBody
from services.assets.upkeep.ledger import require_whole
from services.assets.versions.ranges import content_of

router = APIRouter(prefix="/v1/colour-references", tags=["colour references"])

_BINARY = {"schema": {"type": "string", "format": "binary"}}
_BODY = {"requestBody": {"required": True, "content": {"application/octet-stream": _BINARY}}}
_PROBLEM: dict[str, Any] = {"model": ProblemDetails, "content": {"application/problem+json": {}}}
_STORED: dict[int | str, dict[str, Any]] = {
    200: {"model": KeptColourReference, "description": "The newest one is this very file already; nothing changed."},
    400: {**_PROBLEM, "description": "The body ended before its declared length."},
    404: {**_PROBLEM, "description": "No request has named this SKU and colorway; `reason` says which."},
    409: {**_PROBLEM, "description": "This file is the reference of another colorway of the SKU."},
    413: {**_PROBLEM, "description": "The file is too large."},
}
_CONTENT: dict[int | str, dict[str, Any]] = {
    200: {"content": {"image/*": _BINARY}, "description": "The file."},
    206: {"content": {"image/*": _BINARY}, "description": "The part that `Range` asked for."},
    304: {"description": "The file is the one that `If-None-Match` names."},
    404: {**_PROBLEM, "description": "There is no such version."},
    416: {**_PROBLEM, "description": "The range lies beyond the file's end."},
}


@router.put("/{sku}/{colorway}/{kind}", status_code=201, summary="Store what a product's colour is judged by",
            responses=_STORED, openapi_extra=_BODY)  # fmt: skip
async def store_colour_reference(
    request: Request,
    response: Response,
    caller: AnyCaller,
    transactions: TransactionsHere,
    store: FileStore,
    settings: OurSettings,
    sku: Sku,
    colorway: Colorway,
    kind: ColourReferenceKind,
    filename: Annotated[str, Query(min_length=1, max_length=1000, description="The file's name, without a path.")],
) -> KeptColourReference:
    """The body is the file itself, streamed: a `swatch` fills its frame with the product's cloth or material, by the
    owner of `pass_fail`; a `target_shot` shows the product beside a ColorChecker, by the owner of `capture`.

    It supersedes the one before. qc measures it at once: `inspection` says where it tells whether it can be one.
    """
    reference, is_new = await take_in(
        UploadBody(request, max_bytes=settings.max_upload_bytes, stall_seconds=settings.stall_seconds),
        Product(sku, colorway, kind),
        filename=filename,
        caller=caller,
        transactions=transactions,
        store=store,
        wait_seconds=settings.claim_wait_seconds,
    )
    response.status_code = 201 if is_new else 200
    response.headers["Location"] = f"/v1/colour-references/{sku}/{colorway}/{kind}/{reference.number}/content"
    return shown(reference)


@router.get("/{sku}/{colorway}", summary="List a product's colour references")
async def list_colour_references(
    session: Session, caller: AnyCaller, paging: Paging, sku: Sku, colorway: Colorway
) -> Page[KeptColourReference]:
    """Every version of each kind, newest first."""
    found = await repository.page(session, sku, colorway, paging.after, paging.limit + 1)
    cursor = next_cursor([one.id for one in found], paging.limit)
    return Page(items=[shown(one) for one in found[: paging.limit]], next_cursor=cursor)


@router.get("/{sku}/{colorway}/{kind}/{number}/content", summary="Read a colour reference's bytes",
            response_class=Response, responses=_CONTENT)  # fmt: skip
async def read_colour_reference_content(
    caller: AnyCaller,
    transactions: TransactionsHere,
    store: FileStore,
    sku: Sku,
    colorway: Colorway,
    kind: ColourReferenceKind,
    number: Annotated[int, Path(ge=1, le=2**31 - 1)],
    range_wanted: Annotated[str | None, Header(alias="Range", description="One range: `bytes=0-1023`.")] = None,
    if_range: Annotated[str | None, Header()] = None,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """Byte for byte what was stored. The `ETag` is its SHA-256."""
    async with transactions.begin() as session:
        reference = await service.get_reference(session, Product(sku, colorway, kind), number)
        await require_whole(session, reference.sha256)
    return await content_of(store, reference, range_wanted, if_range, if_none_match)
