"""HTTP for the store's upkeep: what is damaged, mending it, and collecting orphans."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request

from chassis.auth import AnyCaller
from chassis.database import Session
from chassis.pagination import Page, Paging, next_cursor
from chassis.problems import documented
from contracts.values import Domain
from services.assets.dependencies import FileStore, OurSettings, TransactionsHere
from services.assets.reference import require_owner
from services.assets.store.body import UploadBody
from services.assets.upkeep import repository
from services.assets.upkeep.collecting import Collector
from services.assets.upkeep.mending import mend
from services.assets.upkeep.schemas import Collection, DamagedFile

COLLECTING_SECONDS = 5

router = APIRouter(prefix="/v1/store", tags=["store"])

_BINARY = {"schema": {"type": "string", "format": "binary"}}
_BODY = {"requestBody": {"required": True, "content": {"application/octet-stream": _BINARY}}}
_MENDING: dict[int | str, dict[str, Any]] = documented(
    {
        400: "The body ended before its declared length.",
        404: "No file with this hash is damaged.",
        413: "The body is larger than the file.",
        507: "The store is full.",
    }
)


def _collector(request: Request) -> Collector:
    collector: Collector = request.app.state.collector
    return collector


@router.get("/damaged", summary="List damaged files")
async def list_damaged_files(
    session: Session,
    caller: AnyCaller,
    paging: Paging,
    mended: Annotated[bool, Query(description="Those that are mended as well.")] = False,
) -> Page[DamagedFile]:
    """Files whose bytes are not those that were stored, as scrubbing found them; newest first, with what needs each."""
    found = await repository.damages(session, paging.after, paging.limit + 1, mended=mended)
    cursor = next_cursor([one.id for one in found], paging.limit)
    return Page(items=found[: paging.limit], next_cursor=cursor)


@router.put("/damaged/{sha256}", summary="Mend a damaged file", responses=_MENDING, openapi_extra=_BODY)
async def mend_damaged_file(
    request: Request,
    caller: AnyCaller,
    transactions: TransactionsHere,
    store: FileStore,
    settings: OurSettings,
    sha256: Annotated[str, Path(pattern=r"^[0-9a-f]{64}$", description="Of the bytes that it should have.")],
) -> DamagedFile:
    """The body is the very file that was stored once, from a backup or from whoever made it; other bytes are refused.
    Any other upload of the same bytes mends it too. By the owner of `files_and_rights`."""
    body = UploadBody(request, max_bytes=settings.max_upload_bytes, stall_seconds=settings.stall_seconds)
    return await mend(body, sha256, caller=caller, transactions=transactions, store=store)


@router.post("/orphans:collect", summary="Delete files that nothing refers to")
async def collect_orphans(
    caller: AnyCaller,
    transactions: TransactionsHere,
    collector: Annotated[Collector, Depends(_collector)],
    shelf: Annotated[
        str, Query(pattern=r"^[0-9a-f]{2}$", description="The first of the 256 shelves to look at.")
    ] = "00",
) -> Collection:
    """Those that nothing has referred to for the time of grace, on this shelf (files whose hashes begin alike) and the
    ones after it, for a few seconds: `next_shelf` says where to go on. A timer does the same, a shelf at a time. By the
    owner of `files_and_rights`."""
    async with transactions.begin() as session:
        await require_owner(session, caller, Domain.FILES_AND_RIGHTS)
    done, next_shelf = await collector.tidy_from(shelf, COLLECTING_SECONDS)
    return Collection(files=done.files, bytes=done.bytes, next_shelf=next_shelf)
