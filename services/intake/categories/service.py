"""Category packs and the AI-shot extension: read, publish. Requests keep the version that they were accepted under."""

from pathlib import Path
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.auth import Caller
from chassis.packs import load_pack, load_packs, publish_default, publish_pack, read_toml
from chassis.pagination import Page, PageRequest, next_cursor
from chassis.problems import FieldError, Invalid, NotFound, Unavailable
from contracts.values import Domain
from services.intake.categories import repository
from services.intake.categories.schemas import (
    AiShotPack,
    Categories,
    CategoryContent,
    CategoryPack,
    CategoryVersion,
    PublishedAiShot,
    PublishedCategory,
)
from services.intake.reference import AI_SHOT, CATEGORY, OTHER_PACKS, require_owner

_LAST_VERSION = 10**9


def default_categories(folder: Path) -> list[CategoryPack]:
    """Each file that is no other pack is a category of its name."""
    files = sorted(path for path in folder.glob("*.toml") if path.stem not in OTHER_PACKS)
    return [CategoryPack.model_validate(read_toml(path) | {"name": path.stem}) for path in files]


def default_ai_shot(folder: Path) -> AiShotPack:
    return AiShotPack.model_validate(read_toml(folder / f"{AI_SHOT}.toml"))


async def publish_default_packs(session: AsyncSession, folder: Path) -> None:
    """Version 1 of each pack, on the first start."""
    for pack in default_categories(folder):
        await publish_default(session, CATEGORY + pack.name, pack)
    await publish_default(session, AI_SHOT, default_ai_shot(folder))


async def current_categories(session: AsyncSession) -> Categories:
    packs = await load_packs(session, CATEGORY, CategoryPack)
    return Categories(items=[PublishedCategory(**dict(pack), version=version) for pack, version in packs])


async def current_category(session: AsyncSession, name: str) -> PublishedCategory:
    found = await load_pack(session, CATEGORY + name, CategoryPack)
    if found is None:
        known = ", ".join(pack.name for pack in (await current_categories(session)).items)
        raise NotFound(f"There is no category {name}. There are: {known}.")
    return PublishedCategory(**dict(found[0]), version=found[1])


async def category_version(session: AsyncSession, name: str, version: int) -> PublishedCategory:
    """One version, whether it is still in force or not."""
    found = await load_pack(session, CATEGORY + name, CategoryPack, version)
    if found is None:
        newest = (await current_category(session, name)).version
        raise NotFound(f"The category {name} has no version {version}; its newest is {newest}.")
    return PublishedCategory(**dict(found[0]), version=found[1])


async def category_versions(session: AsyncSession, name: str, page: PageRequest) -> Page[CategoryVersion]:
    """Newest first. The cursor holds a version's number where others hold an id."""
    below = page.after.int if page.after else None
    if below is not None and below > _LAST_VERSION:
        remedy = "Send a `next_cursor` as you got it."
        raise Invalid(
            "The cursor is not one of ours.",
            errors=[FieldError(pointer="query/cursor", detail="unknown", remedy=remedy)],
        )
    found = await repository.versions(session, CATEGORY + name, below=below, limit=page.limit + 1)
    if not found and below is None:
        await current_category(session, name)  # says that there is none, and which there are
    return Page[CategoryVersion](
        items=found[: page.limit],
        next_cursor=next_cursor([UUID(int=one.version) for one in found], page.limit),
    )


async def publish_category(
    session: AsyncSession, name: str, content: CategoryContent, caller: Caller, expected: int
) -> PublishedCategory:
    """The next version, by the owner of `intake_standard`; `expected` 0 makes a new category."""
    await require_owner(session, caller, Domain.INTAKE_STANDARD)
    pack = CategoryPack(**dict(content), name=name)
    version = await publish_pack(session, CATEGORY + name, pack, by=caller.subject, expected=expected)
    return PublishedCategory(**dict(pack), version=version)


async def current_ai_shot(session: AsyncSession) -> PublishedAiShot:
    found = await load_pack(session, AI_SHOT, AiShotPack)
    if found is None:
        raise Unavailable("The packs are not loaded yet.")
    return PublishedAiShot(**dict(found[0]), version=found[1])


async def publish_ai_shot(session: AsyncSession, content: AiShotPack, caller: Caller, expected: int) -> PublishedAiShot:
    """The next version, by the owner of `intake_standard`."""
    await require_owner(session, caller, Domain.INTAKE_STANDARD)
    version = await publish_pack(session, AI_SHOT, content, by=caller.subject, expected=expected)
    return PublishedAiShot(**dict(content), version=version)
