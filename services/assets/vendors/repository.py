"""SQL of the vendor registry. Only `secrets_of` and `current_secret` read secrets."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.clock import now
from services.assets.vendors.models import vendor
from services.assets.vendors.schemas import Vendor

_SECRETS = select(vendor.c.secret, vendor.c.old_secret, vendor.c.old_secret_until).where(
    vendor.c.id == bindparam("vendor"), vendor.c.active
)
_SHOWN = [vendor.c[name] for name in Vendor.model_fields]


async def add(session: AsyncSession, row: Mapping[str, Any]) -> bool:
    """False when there is one with this id."""
    added = await session.execute(insert(vendor).values(row).on_conflict_do_nothing().returning(vendor.c.id))
    return added.first() is not None


async def change(session: AsyncSession, vendor_id: str, values: Mapping[str, Any]) -> bool:
    """False when there is none with this id."""
    changed = await session.execute(
        update(vendor).where(vendor.c.id == vendor_id).values(values).returning(vendor.c.id)
    )
    return changed.first() is not None


async def find(session: AsyncSession, vendor_id: str) -> Vendor | None:
    row = (await session.execute(select(*_SHOWN).where(vendor.c.id == vendor_id))).first()
    return Vendor(**row._mapping) if row else None


async def every(session: AsyncSession) -> list[Vendor]:
    return [Vendor(**row._mapping) for row in await session.execute(select(*_SHOWN).order_by(vendor.c.id))]


async def is_active(session: AsyncSession, vendor_id: str, *, lock: bool = False) -> bool:
    """False also where there is none with this id. `lock`: it stays so until the transaction ends."""
    query = select(vendor.c.active).where(vendor.c.id == vendor_id)
    return bool((await session.execute(query.with_for_update(read=True) if lock else query)).scalar())


async def secrets_of(session: AsyncSession, vendor_id: str) -> list[str]:
    """Those that count now; none when the vendor is not known, or not active."""
    row = (await session.execute(_SECRETS, {"vendor": vendor_id})).first()
    if row is None:
        return []
    return [row.secret, row.old_secret] if row.old_secret and row.old_secret_until > now() else [row.secret]


async def current_secret(session: AsyncSession, vendor_id: str) -> str | None:
    """To keep it as the old one, with the vendor locked; None when there is no such vendor."""
    query = select(vendor.c.secret).where(vendor.c.id == vendor_id).with_for_update()
    secret: str | None = (await session.execute(query)).scalar()
    return secret
