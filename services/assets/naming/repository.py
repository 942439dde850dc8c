"""SQL of names that are taken. The primary key is what makes a collision impossible."""

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.clock import now
from services.assets.naming.domain import key_of, numbered
from services.assets.naming.models import taken_name
from services.assets.work.domain import Slot

_table = taken_name.c


async def name_of(session: AsyncSession, scope: str, slot: Slot, base: str, max_length: int) -> str:
    """The slot's name for this base, the same each time: the base itself, or the next number that is free."""
    if found := await _own(session, scope, slot, key_of(base)):
        return found
    # Whoever wants this base takes turns, so that a slot gets one name for it.
    lock = "SELECT pg_advisory_xact_lock(hashtext('name ' || :scope || '/' || :base))"
    await session.execute(text(lock), {"scope": scope, "base": key_of(base)})
    if found := await _own(session, scope, slot, key_of(base)):
        return found
    number = await _next_number(session, scope, key_of(base))
    while True:
        name = numbered(base, number, max_length)
        if await _take(session, scope, slot, base, number, name):
            return name
        if await owner_of(session, scope, name) == slot:
            return name
        number += 1  # it is what another slot is called by itself


async def owner_of(session: AsyncSession, scope: str, name: str) -> Slot | None:
    """Whose name this is; None: nobody's."""
    query = select(_table.sku, _table.colorway, _table.view).where(
        _table.channel == scope, _table.name_key == key_of(name)
    )
    row = (await session.execute(query)).first()
    return Slot(row.sku, row.colorway, row.view, scope or None) if row else None


async def _own(session: AsyncSession, scope: str, slot: Slot, base_key: str) -> str | None:
    query = (
        select(_table.name)
        .where(
            _table.channel == scope,
            _table.base_key == base_key,
            _table.sku == slot.sku,
            _table.colorway == slot.colorway,
            _table.view == slot.view,
        )
        .order_by(_table.number)
        .limit(1)
    )
    return (await session.execute(query)).scalar_one_or_none()


async def _next_number(session: AsyncSession, scope: str, base_key: str) -> int:
    query = select(func.coalesce(func.max(_table.number), 0) + 1).where(
        _table.channel == scope, _table.base_key == base_key
    )
    return int((await session.execute(query)).scalar_one())


async def _take(session: AsyncSession, scope: str, slot: Slot, base: str, number: int, name: str) -> bool:
    """False when the name is taken."""
    row = {
        "channel": scope,
        "name_key": key_of(name),
        "name": name,
        "base_key": key_of(base),
        "number": number,
        "sku": slot.sku,
        "colorway": slot.colorway,
        "view": slot.view,
        "taken_at": now(),
    }
    taken = await session.execute(
        insert(taken_name).values(row).on_conflict_do_nothing().returning(taken_name.c.number)
    )
    return taken.first() is not None
