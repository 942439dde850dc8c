"""SQL of colour references: they are added and read, never changed."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, select, text
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.assets import ColourReference
from services.assets.colour_references.domain import Product
from services.assets.colour_references.models import colour_reference

_FIELDS = [colour_reference.c[name] for name in ColourReference.model_fields]


def _reference(row: Row[*tuple[Any, ...]]) -> ColourReference:
    return ColourReference(**row._mapping)


async def lock_product(session: AsyncSession, sku: str) -> None:
    """Until the transaction ends, nobody else adds one to the SKU."""
    await session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended('colour references ' || :sku, 0))"), {"sku": sku}
    )


async def add(session: AsyncSession, new: ColourReference) -> None:
    await session.execute(insert(colour_reference).values(new.model_dump()))


async def newest_of_sku(session: AsyncSession, sku: str) -> list[ColourReference]:
    """The newest of each colorway and kind."""
    table = colour_reference.c
    query = (
        select(*_FIELDS)
        .where(table.sku == sku)
        .ext(distinct_on(table.colorway, table.kind))
        .order_by(table.colorway, table.kind, table.number.desc())
    )
    return [_reference(row) for row in await session.execute(query)]


async def find(session: AsyncSession, product: Product, number: int) -> ColourReference | None:
    table = colour_reference.c
    query = select(*_FIELDS).where(
        table.sku == product.sku,
        table.colorway == product.colorway,
        table.kind == product.kind,
        table.number == number,
    )
    row = (await session.execute(query)).first()
    return _reference(row) if row else None


async def page(session: AsyncSession, sku: str, colorway: str, after: UUID | None, limit: int) -> list[ColourReference]:
    """Every version of every kind, newest first; `after`: those older than that one."""
    table = colour_reference.c
    query = select(*_FIELDS).where(table.sku == sku, table.colorway == colorway).order_by(table.id.desc()).limit(limit)
    if after is not None:
        query = query.where(table.id < after)
    return [_reference(row) for row in await session.execute(query)]
