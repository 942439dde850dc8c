"""SQL of colour references: they are added and read, never changed."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, case, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.qc.colour_references.domain import IN_USE_FIRST, ReferenceState
from services.qc.colour_references.models import colour_reference
from services.qc.colour_references.schemas import MeasuredReference

_IN_JSON = ("reference", "refusals", "colours", "measurements", "engine")


async def add(session: AsyncSession, new: MeasuredReference) -> None:
    """Once: a second time changes nothing."""
    one = new.reference
    row = {name: getattr(one, name) for name in ("id", "sku", "colorway", "kind", "number")}
    content = new.model_dump(mode="json", include=set(_IN_JSON))
    await session.execute(
        insert(colour_reference)
        .values(**row, **content, state=new.state, measured_at=new.measured_at)
        .on_conflict_do_nothing()
    )


async def find(session: AsyncSession, reference_id: UUID) -> MeasuredReference | None:
    row = (await session.execute(select(colour_reference).where(colour_reference.c.id == reference_id))).first()
    return _measured(row) if row else None


async def in_use(session: AsyncSession, sku: str, colorway: str) -> MeasuredReference | None:
    """What shots of the product are compared with."""
    table = colour_reference.c
    rank = case({kind.value: place for place, kind in enumerate(IN_USE_FIRST)}, value=table.kind)
    query = (
        select(colour_reference)
        .where(table.sku == sku, table.colorway == colorway, table.state == ReferenceState.APPROVED)
        .order_by(rank, table.number.desc())
        .limit(1)
    )
    row = (await session.execute(query)).first()
    return _measured(row) if row else None


async def page(
    session: AsyncSession, sku: str, colorway: str, after: UUID | None, limit: int
) -> list[MeasuredReference]:
    """Newest first; `after`: those older than that one."""
    table = colour_reference.c
    query = select(colour_reference).where(table.sku == sku, table.colorway == colorway)
    if after is not None:
        query = query.where(table.id < after)
    return [_measured(row) for row in await session.execute(query.order_by(table.id.desc()).limit(limit))]


def _measured(row: Row[Any]) -> MeasuredReference:
    return MeasuredReference.model_validate(dict(row._mapping))
