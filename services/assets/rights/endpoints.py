"""HTTP for usage rights."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response

from chassis.auth import AnyCaller
from chassis.database import Session
from chassis.etags import EDITED, IfMatch, set_etag
from chassis.idempotency import Idempotent
from chassis.packs import edit_of
from chassis.pagination import Page, Paging, cursor_after, next_cursor
from chassis.problems import documented
from contracts.rights import Right, RightKind
from contracts.values import IntendedUse
from services.assets.rights import attaching, pack, recording, repository, service
from services.assets.rights.schemas import (
    Affected,
    Attach,
    Attachment,
    Changed,
    Day,
    Detach,
    Revocation,
    RightContent,
    RightEdit,
    RightsAnswer,
    RightsPack,
    RightsPackContent,
    RightState,
    RightVersions,
    RightView,
    Territory,
)
from services.assets.versions.service import get_version

router = APIRouter(prefix="/v1/rights", tags=["rights"])
of_versions = APIRouter(prefix="/v1/versions", tags=["rights"])

RightId = Annotated[UUID, Path(description="Of the right.")]
Number = Annotated[int | None, Query(ge=1, le=2**31 - 1, description="None: the newest.")]
_Holder = Annotated[str | None, Query(min_length=1, max_length=200, description="As it was recorded, in any case.")]
_Within = Annotated[
    str | None,
    Query(pattern=r"^[1-9]\d{0,3}d$", description="Days: those that end within, and have not ended.", examples=["30d"]),
]

_UNKNOWN = documented({404: "There is no such right."})
_REVOKED = documented({409: "It was revoked: a new right takes its place."})


@router.post("", status_code=201, response_model=RightView, summary="Record a licence or a release")
async def record_right(session: Session, caller: AnyCaller, idempotency: Idempotent, body: RightContent) -> Response:
    """What a contract or release says: who grants it, for which territories, channels, uses and days. It permits
    nothing until it is attached. By the owner of `files_and_rights`."""
    view = recording.shown(await recording.record_right(session, body, caller))
    return await idempotency.answer(201, view, {"Location": f"/v1/rights/{view.id}", "ETag": '"1"'})


@router.get("", summary="List rights")
async def list_rights(
    session: Session,
    caller: AnyCaller,
    paging: Paging,
    state: RightState | None = None,
    kind: RightKind | None = None,
    holder: _Holder = None,
    expiring_within: _Within = None,
) -> Page[RightView]:
    """Newest first, each in its newest version."""
    found = await recording.rights(
        session,
        kind=kind,
        holder=holder,
        state=state,
        within_days=int(expiring_within[:-1]) if expiring_within else None,
        after=paging.after,
        limit=paging.limit + 1,
    )
    cursor = next_cursor([one.id for one in found], paging.limit)
    return Page(items=found[: paging.limit], next_cursor=cursor)


@router.get("/pack", summary="Which rights which pictures need")
async def read_rights_pack(
    session: Session, caller: AnyCaller, response: Response, version: Number = None
) -> RightsPack:
    """What is needed, of which pictures, and what follows where it is missing; the warnings before an end; and the time
    zone of terms that name none."""
    found = await pack.get_pack(session, version)
    set_etag(response, found.version)
    return found


@router.put("/pack", summary="Publish the next version of which rights are needed", responses=EDITED)
async def publish_rights_pack(
    session: Session,
    caller: AnyCaller,
    expected: IfMatch,
    body: Annotated[RightsPackContent, edit_of(RightsPackContent)],
    response: Response,
) -> RightsPack:
    """All of the pack anew, by the owner of `files_and_rights`. It counts at once, for every picture."""
    found = await pack.publish_rights_pack(session, body, caller, expected)
    set_etag(response, found.version)
    return found


@router.get("/{right_id}", summary="Read a right", responses=_UNKNOWN)
async def read_right(session: Session, caller: AnyCaller, right_id: RightId, response: Response) -> RightView:
    """Its newest version. The `ETag` is what an edit sends back as `If-Match`."""
    stored = await recording.get_right(session, right_id)
    set_etag(response, stored.right.version)
    return recording.shown(stored.right)


@router.put("/{right_id}", summary="Change a right", responses=_UNKNOWN | _REVOKED | EDITED)
async def edit_right(
    session: Session, caller: AnyCaller, right_id: RightId, expected: IfMatch, body: RightEdit, response: Response
) -> RightView:
    """Its next version: all of it anew, and the cause. A longer term, or an earlier end, is such a change. The versions
    before are kept. By the owner of `files_and_rights`."""
    right = await recording.edit_right(session, right_id, body, caller, expected)
    set_etag(response, right.version)
    return recording.shown(right)


@router.post("/{right_id}/revoke", summary="Revoke a right", responses=_UNKNOWN | _REVOKED | EDITED)
async def revoke_right(
    session: Session, caller: AnyCaller, right_id: RightId, expected: IfMatch, body: Revocation, response: Response
) -> RightView:
    """It permits nothing from this moment on, whatever its term; `GET …/affected` lists what rests on it. It can't be
    taken back. By the owner of `files_and_rights`."""
    right = await recording.revoke_right(session, right_id, body.cause, caller, expected)
    set_etag(response, right.version)
    return recording.shown(right)


@router.get("/{right_id}/versions", summary="Every version of a right", responses=_UNKNOWN)
async def list_right_versions(
    session: Session,
    caller: AnyCaller,
    right_id: RightId,
    before: Annotated[int | None, Query(ge=1, le=2**31 - 1, description="`next_before` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=200, description="Items a page.")] = 50,
) -> RightVersions:
    """Who said what of it, when and why; newest first."""
    await recording.get_right(session, right_id)
    found: list[Right] = await repository.versions(session, right_id, before, limit + 1)
    return RightVersions(items=found[:limit], next_before=found[limit - 1].version if len(found) > limit else None)


@router.get("/{right_id}/attachments", summary="What a right is attached to", responses=_UNKNOWN)
async def list_attachments(session: Session, caller: AnyCaller, right_id: RightId, paging: Paging) -> Page[Attachment]:
    """Newest first; what it was detached from stays, with the cause."""
    await recording.get_right(session, right_id)
    found = await repository.attachments(session, right_id, paging.after, paging.limit + 1)
    cursor = next_cursor([one.id for one in found], paging.limit)
    return Page(items=found[: paging.limit], next_cursor=cursor)


@router.post("/{right_id}/attachments", response_model=Changed, summary="Attach a right", responses=_UNKNOWN)
async def attach_right(
    session: Session, caller: AnyCaller, idempotency: Idempotent, right_id: RightId, body: Attach
) -> Response:
    """To assets, products, requests (a shoot) or vendors. To an asset it holds for its variants too. To the others it
    holds for those pictures that need a right of its kind. What it is attached to already stays so. By the owner of
    `files_and_rights`."""
    targets = [target.told() for target in body.targets]
    changed = Changed(targets=await attaching.attach(session, right_id, targets, caller))
    return await idempotency.answer(200, changed)


@router.post("/{right_id}/detachments", response_model=Changed, summary="Detach a right", responses=_UNKNOWN)
async def detach_right(
    session: Session, caller: AnyCaller, idempotency: Idempotent, right_id: RightId, body: Detach
) -> Response:
    """From what it doesn't belong to, with the cause, which is kept. By the owner of `files_and_rights`."""
    targets = [target.told() for target in body.targets]
    changed = Changed(targets=await attaching.detach(session, right_id, targets, body.cause, caller))
    return await idempotency.answer(200, changed)


@router.get("/{right_id}/affected", summary="What rests on a right", responses=_UNKNOWN)
async def list_affected(session: Session, caller: AnyCaller, right_id: RightId, paging: Paging) -> Page[Affected]:
    """Approved finals, and what a destination has although it is no final any more, that no other right of the same
    holder covers in this one's place: what to take down when it is revoked or ends. A page may hold fewer than its
    limit, or none; go on while there is a `next_cursor`."""
    found, last = await service.affected(session, right_id, paging.after, paging.limit)
    return Page(items=found, next_cursor=cursor_after(last) if last else None)


@of_versions.get(
    "/{version_id}/rights",
    summary="Whether a version may be used",
    responses=documented({404: "There is no such version."}),
)
async def read_version_rights(
    session: Session,
    caller: AnyCaller,
    version_id: UUID,
    channel: Annotated[
        str | None, Query(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$", description="None: its own; a master has none.")
    ] = None,
    territory: Annotated[
        list[Territory], Query(max_length=249, description="Codes by ISO 3166-1, or `world`; may come several times.")
    ] = [],  # noqa: B006, FastAPI copies it
    use: Annotated[IntendedUse | None, Query(description="None: what its request was for.")] = None,
    on: Annotated[Day | None, Query(description="A day, in each right's zone. None: this moment.")] = None,
) -> RightsAnswer:
    """Allowed; or refused, with each cause in words and what would be right."""
    version = await get_version(session, version_id)
    return await service.ask(session, version, channel, territory, use, on)
