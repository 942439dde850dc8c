"""HTTP for links: made, listed and revoked by people with a token; opened without one."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Header, Query, Response

from chassis.auth import AnyCaller
from chassis.database import Session
from chassis.idempotency import Idempotent
from chassis.pagination import Page, Paging, next_cursor
from chassis.problems import documented
from services.assets.dependencies import FileStore, TransactionsHere
from services.assets.links import repository, service
from services.assets.links.errors import NoSuchLink
from services.assets.links.schemas import Link, LinkWish, NewLink
from services.assets.versions.ranges import content_headers, content_of
from services.assets.versions.service import get_version

router = APIRouter(prefix="/v1/versions/{version_id}/links", tags=["links"])
public = APIRouter(prefix="/v1/links", tags=["links"])

_NO_VERSION = documented({404: "There is no such version."})
_MAKING = {**_NO_VERSION, **documented({409: "Its rights don't allow it; `causes` says why."})}
_NO_LINK = documented({404: "There is no such version, or it has no such link."})
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_CONTENT: dict[int | str, dict[str, Any]] = {
    200: {"content": {"image/*": _BINARY}, "description": "The file."},
    206: {"content": {"image/*": _BINARY}, "description": "The part that `Range` asked for."},
    304: {"description": "The file is the one that `If-None-Match` names."},
    **documented(
        {
            404: "There is no such link.",
            410: "The link has expired or was revoked, or its picture's rights have ended.",
            416: "The range lies beyond the file's end.",
        }
    ),
}
# What was read may be kept, but is asked for anew each time: a link is over sooner than a cache. Its address is a
# secret that neither the page that it is opened from nor a search engine is told.
_PRIVATE = {"Cache-Control": "private, no-cache", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}

Signature = Annotated[str | None, Query(alias="sig", description="As the address of the link has it.")]


@router.post("", status_code=201, response_model=NewLink, summary="Make a link for someone without an account",
             responses=_MAKING)  # fmt: skip
async def make_link(
    session: Session, caller: AnyCaller, idempotency: Idempotent, version_id: UUID, wish: LinkWish
) -> Response:
    """Whoever has the address in the answer reads this version's bytes until it expires, is revoked, or its rights end.
    By the owner of `files_and_rights`."""
    link = await service.make_link(session, version_id, wish, caller)
    return await idempotency.answer(201, link, {"Cache-Control": "no-store"})


@router.get("", summary="List a version's links", responses=_NO_VERSION)
async def list_links(session: Session, caller: AnyCaller, paging: Paging, version_id: UUID) -> Page[Link]:
    """Newest first, without their signatures."""
    await get_version(session, version_id)
    found = await repository.page(session, version_id, paging.after, paging.limit + 1)
    cursor = next_cursor([link.id for link in found], paging.limit)
    return Page(items=found[: paging.limit], next_cursor=cursor)


@router.delete("/{link_id}", status_code=204, summary="Revoke a link", responses=_NO_LINK)
async def revoke_link(session: Session, caller: AnyCaller, version_id: UUID, link_id: UUID) -> None:
    """From now on it opens for nobody. Revoking it again changes nothing. By the owner of `files_and_rights`."""
    await service.revoke_link(session, version_id, link_id, caller)


@public.get("/{link_id}", summary="Open a link", response_class=Response, responses=_CONTENT)
async def open_link(
    transactions: TransactionsHere,
    store: FileStore,
    link_id: str,
    sig: Signature = None,
    range_wanted: Annotated[str | None, Header(alias="Range", description="One range: `bytes=0-1023`.")] = None,
    if_range: Annotated[str | None, Header()] = None,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """The bytes of the one version that it was made for. No token: the signature in its address is the permission."""
    async with transactions.begin() as session:
        version = await service.open_link(session, *_parted(link_id, sig))
    answer = await content_of(store, version, range_wanted, if_range, if_none_match)
    answer.headers.update(_PRIVATE)
    return answer


@public.head("/{link_id}", include_in_schema=False)
async def head_link(session: Session, link_id: str, sig: Signature = None) -> Response:
    version = await service.open_link(session, *_parted(link_id, sig))
    headers = content_headers(version) | _PRIVATE | {"Content-Length": str(version.bytes)}
    return Response(headers=headers, media_type=version.media_type)


def _parted(link_id: str, signature: str | None) -> tuple[UUID, str]:
    """Raises `NoSuchLink`: what has not the form of a link is told no more than what is none."""
    try:
        return UUID(link_id), signature or ""
    except ValueError:
        raise NoSuchLink from None
