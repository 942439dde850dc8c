"""SQL of versions."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, literal_column, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.assets import Version
from contracts.values import Zone
from services.assets.versions.models import version
from services.assets.work.domain import Slot
from services.assets.work.models import work_item

_FIELDS = [version.c[name] for name in Version.model_fields]


def _version(row: Row[*tuple[Any, ...]]) -> Version:
    return Version(**{name: row._mapping[name] for name in Version.model_fields})


async def insert_version(session: AsyncSession, new: Version) -> bool:
    """False when the work item has a version of this round already."""
    added = await session.execute(
        insert(version)
        .values(new.model_dump() | {"change": 1})
        .on_conflict_do_nothing(constraint="version_one_a_round")
        .returning(version.c.id)
    )
    return added.first() is not None


async def count_of(session: AsyncSession, work_item_id: UUID) -> int:
    query = select(func.count()).select_from(version).where(version.c.work_item_id == work_item_id)
    return int((await session.execute(query)).scalar_one())


async def find(session: AsyncSession, version_id: UUID) -> Version | None:
    row = (await session.execute(select(*_FIELDS).where(version.c.id == version_id))).first()
    return _version(row) if row else None


async def of_round(session: AsyncSession, work_item_id: UUID, round_number: int) -> Version | None:
    query = select(*_FIELDS).where(version.c.work_item_id == work_item_id, version.c.round == round_number)
    row = (await session.execute(query)).first()
    return _version(row) if row else None


async def first_channel_pack(session: AsyncSession, work_item_id: UUID) -> int | None:
    """The version of the channel pack that a variant's first file was held to; None where none was."""
    query = (
        select(version.c.channel_pack)
        .where(version.c.work_item_id == work_item_id, version.c.channel_pack.is_not(None))
        .order_by(version.c.number)
        .limit(1)
    )
    return (await session.execute(query)).scalar_one_or_none()


async def delivered_rounds(session: AsyncSession, work_item_ids: Collection[UUID]) -> set[tuple[UUID, int]]:
    """Work items and rounds that have a version."""
    query = select(version.c.work_item_id, version.c.round).where(version.c.work_item_id.in_(work_item_ids))
    return {(row.work_item_id, row.round) for row in await session.execute(query)}


async def final_of_work(session: AsyncSession, work_item_id: UUID) -> Version | None:
    query = select(*_FIELDS).where(version.c.work_item_id == work_item_id, version.c.zone == Zone.FINAL)
    row = (await session.execute(query)).first()
    return _version(row) if row else None


async def final_of_slot(session: AsyncSession, slot: Slot) -> Version | None:
    """When several requests asked for the same, the one that was approved last."""
    query = (
        select(*_FIELDS)
        .join(work_item, work_item.c.id == version.c.work_item_id)
        .where(
            version.c.sku == slot.sku,
            version.c.colorway == slot.colorway,
            version.c.view == slot.view,
            version.c.channel == slot.channel,
            version.c.zone == literal_column("'final'"),  # no parameter: the partial index must be known to hold
        )
        .order_by(work_item.c.approved_at.desc().nulls_last(), version.c.id.desc())
        .limit(1)
    )
    row = (await session.execute(query)).first()
    return _version(row) if row else None


@dataclass(frozen=True)
class Filter:
    work_item_id: UUID | None = None
    sku: str | None = None
    zone: Zone | None = None


async def page(session: AsyncSession, wanted: Filter, after: UUID | None, limit: int) -> list[Version]:
    """Newest first; `after`: those older than that one."""
    query = select(*_FIELDS).order_by(version.c.id.desc()).limit(limit)
    if wanted.work_item_id is not None:
        query = query.where(version.c.work_item_id == wanted.work_item_id)
    if wanted.sku is not None:
        query = query.where(version.c.sku == wanted.sku)
    if wanted.zone is not None:
        query = query.where(version.c.zone == wanted.zone)
    if after is not None:
        query = query.where(version.c.id < after)
    return [_version(row) for row in await session.execute(query)]


async def of_work(session: AsyncSession, work_item_id: UUID) -> list[tuple[Version, int]]:
    """All versions of a work item, locked, each with its `change`."""
    query = (
        select(*_FIELDS, version.c.change)
        .where(version.c.work_item_id == work_item_id)
        .order_by(version.c.number)
        .with_for_update()
    )
    return [(_version(row), row.change) for row in await session.execute(query)]


async def move(session: AsyncSession, version_id: UUID, zone: Zone, change: int) -> None:
    await session.execute(update(version).where(version.c.id == version_id).values(zone=zone, change=change))
