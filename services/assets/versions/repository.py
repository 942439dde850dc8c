"""SQL of versions."""

from collections.abc import Collection
from dataclasses import dataclass, fields
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, func, literal_column, select, text, update
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.assets import Version
from contracts.values import Zone
from services.assets.versions.models import version
from services.assets.work.domain import Slot
from services.assets.zones.domain import Held

FIELDS = [version.c[name] for name in Version.model_fields]
_MARKS = [version.c[name.name] for name in fields(Held) if name.name != "version"]


def version_of(row: Row[*tuple[Any, ...]]) -> Version:
    return Version(**{name: row._mapping[name] for name in Version.model_fields})


def _held(row: Row[*tuple[Any, ...]]) -> Held:
    return Held(version_of(row), **{column.name: row._mapping[column.name] for column in _MARKS})


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
    row = (await session.execute(select(*FIELDS).where(version.c.id == version_id))).first()
    return version_of(row) if row else None


async def of_round(session: AsyncSession, work_item_id: UUID, round_number: int) -> Version | None:
    query = select(*FIELDS).where(version.c.work_item_id == work_item_id, version.c.round == round_number)
    row = (await session.execute(query)).first()
    return version_of(row) if row else None


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


async def newest_of_work(session: AsyncSession, work_item_id: UUID) -> Version | None:
    query = select(*FIELDS).where(version.c.work_item_id == work_item_id).order_by(version.c.number.desc()).limit(1)
    row = (await session.execute(query)).first()
    return version_of(row) if row else None


# A literal, not a parameter: the partial index must be known to hold.
_FINAL = version.c.zone == literal_column("'final'")
LAST_FIRST = "coalesce(promoted_at, approved_at) DESC NULLS LAST, id DESC"
"""Of several finals, the one that was approved or promoted last counts."""
_LAST_FIRST = text(LAST_FIRST)


async def final_of_work(session: AsyncSession, work_item_id: UUID) -> Version | None:
    return (await finals_of_work(session, [work_item_id])).get(work_item_id)


async def finals_of_work(session: AsyncSession, work_item_ids: Collection[UUID]) -> dict[UUID, Version]:
    """Of each work item that has a final, by its id."""
    own = version.c.work_item_id
    query = select(*FIELDS).where(own.in_(work_item_ids), _FINAL).ext(distinct_on(own)).order_by(own, _LAST_FIRST)
    return {row.work_item_id: version_of(row) for row in await session.execute(query)}


def _in_slot(slot: Slot) -> ColumnElement[bool]:
    own = (version.c.sku == slot.sku, version.c.colorway == slot.colorway, version.c.view == slot.view)
    return and_(*own, version.c.channel == slot.channel)


async def final_of_slot(session: AsyncSession, slot: Slot) -> Version | None:
    """When several requests asked for the same, the one that was approved or promoted last."""
    query = select(*FIELDS).where(_in_slot(slot), _FINAL).order_by(_LAST_FIRST).limit(1)
    row = (await session.execute(query)).first()
    return version_of(row) if row else None


async def finals_of_slot(session: AsyncSession, slot: Slot) -> list[Held]:
    """All of them, the one that is delivered first."""
    query = select(*FIELDS, *_MARKS).where(_in_slot(slot), _FINAL).order_by(_LAST_FIRST)
    return [_held(row) for row in await session.execute(query)]


async def finals_of_sku(session: AsyncSession, sku: str) -> list[Version]:
    """Of each slot the one that is delivered."""
    slot = (version.c.colorway, version.c.view, version.c.channel)
    query = select(*FIELDS).where(version.c.sku == sku, _FINAL).ext(distinct_on(*slot))
    return [version_of(row) for row in await session.execute(query.order_by(*slot, _LAST_FIRST))]


async def taken_out_of_slot(session: AsyncSession, slot: Slot) -> Held | None:
    """What a person archived last."""
    query = select(*FIELDS, *_MARKS).where(_in_slot(slot), version.c.archived_by.is_not(None))
    row = (await session.execute(query.order_by(version.c.archived_at.desc()).limit(1))).first()
    return _held(row) if row else None


@dataclass(frozen=True)
class Filter:
    work_item_id: UUID | None = None
    sku: str | None = None
    zone: Zone | None = None


async def page(session: AsyncSession, wanted: Filter, after: UUID | None, limit: int) -> list[Version]:
    """Newest first; `after`: those older than that one."""
    query = select(*FIELDS).order_by(version.c.id.desc()).limit(limit)
    if wanted.work_item_id is not None:
        query = query.where(version.c.work_item_id == wanted.work_item_id)
    if wanted.sku is not None:
        query = query.where(version.c.sku == wanted.sku)
    if wanted.zone is not None:
        query = query.where(version.c.zone == wanted.zone)
    if after is not None:
        query = query.where(version.c.id < after)
    return [version_of(row) for row in await session.execute(query)]


async def find_held(session: AsyncSession, version_id: UUID) -> Held | None:
    row = (await session.execute(select(*FIELDS, *_MARKS).where(version.c.id == version_id))).first()
    return _held(row) if row else None


async def of_work(session: AsyncSession, work_item_id: UUID) -> list[Held]:
    """All versions of a work item, locked, the oldest first."""
    query = (
        select(*FIELDS, *_MARKS)
        .where(version.c.work_item_id == work_item_id)
        .order_by(version.c.number)
        .with_for_update()
    )
    return [_held(row) for row in await session.execute(query)]


async def keep(session: AsyncSession, held: Held) -> None:
    """Its zone, and what decides it."""
    marks = {column.name: getattr(held, column.name) for column in _MARKS}
    kept = update(version).where(version.c.id == held.version.id).values(zone=held.version.zone, **marks)
    await session.execute(kept)
