"""HTTP for category packs and the AI-shot extension."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from chassis.auth import AnyCaller
from chassis.database import Session
from chassis.etags import EDITED, IfMatch, set_etag
from chassis.packs import edit_of
from chassis.pagination import Page, Paging
from services.intake.categories import service
from services.intake.categories.schemas import (
    AiShotPack,
    Categories,
    CategoryContent,
    CategoryVersion,
    PublishedAiShot,
    PublishedCategory,
)
from services.intake.responses import NOT_FOUND

router = APIRouter(prefix="/v1/categories", tags=["categories"])

Name = Annotated[str, Path(pattern=r"^[a-z0-9_]{1,60}$", description="Such as `apparel`.")]
Version = Annotated[int, Path(ge=1, le=10**9, description="Such as a request's `category_version`.")]


@router.get("", summary="What each category asks for")
async def list_categories(caller: AnyCaller, session: Session) -> Categories:
    """Every category with its fields (type, and what to send), its materials and its recipe of shots."""
    return await service.current_categories(session)


# Before `{name}`: a category's name has no hyphen.
@router.get("/ai-shot", summary="What a brief for AI shots says besides")
async def read_ai_shot(caller: AnyCaller, session: Session, response: Response) -> PublishedAiShot:
    """The fields under `ai`, and the AI uses that need them."""
    pack = await service.current_ai_shot(session)
    set_etag(response, pack.version)
    return pack


@router.put("/ai-shot", summary="Publish the next version of the AI-shot extension", responses=EDITED)
async def publish_ai_shot(
    caller: AnyCaller,
    expected: IfMatch,
    session: Session,
    body: Annotated[AiShotPack, edit_of(AiShotPack)],
    response: Response,
) -> PublishedAiShot:
    """Only the owner of `intake_standard` may."""
    pack = await service.publish_ai_shot(session, body, caller, expected)
    set_etag(response, pack.version)
    return pack


@router.get("/{name}", summary="What one category asks for", responses=NOT_FOUND)
async def read_category(caller: AnyCaller, session: Session, name: Name, response: Response) -> PublishedCategory:
    """The newest version. The `ETag` is what an edit sends back as `If-Match`."""
    pack = await service.current_category(session, name)
    set_etag(response, pack.version)
    return pack


@router.get("/{name}/versions", summary="The versions of one category", responses=NOT_FOUND)
async def list_category_versions(
    caller: AnyCaller, session: Session, page: Paging, name: Name
) -> Page[CategoryVersion]:
    """Newest first: who published each, and when. None is ever changed."""
    return await service.category_versions(session, name, page)


@router.get("/{name}/versions/{version}", summary="One version of a category", responses=NOT_FOUND)
async def read_category_version(caller: AnyCaller, session: Session, name: Name, version: Version) -> PublishedCategory:
    """What a request was accepted under: its `category_version` names it."""
    return await service.category_version(session, name, version)


@router.put("/{name}", summary="Publish the next version of a category", responses=EDITED)
async def publish_category(
    caller: AnyCaller,
    expected: IfMatch,
    session: Session,
    name: Name,
    body: Annotated[CategoryContent, edit_of(CategoryContent, "name")],
    response: Response,
) -> PublishedCategory:
    """All of the pack anew; `If-Match: "0"` makes a new category. Only the owner of `intake_standard` may. Requests
    that were accepted before keep the version that they were accepted under."""
    pack = await service.publish_category(session, name, body, caller, expected)
    set_etag(response, pack.version)
    return pack
