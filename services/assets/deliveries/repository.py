"""SQL of vendors' files and deliveries."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.clock import now
from contracts.assets import DeliveredFile
from services.assets.deliveries.models import delivery, vendor_file
from services.assets.deliveries.schemas import Delivery, UploadedFile

_SHOWN = [delivery.c[name] for name in Delivery.model_fields]
_FILE = [vendor_file.c[name] for name in UploadedFile.model_fields]


def _delivery(row: Row[*tuple[Any, ...]]) -> Delivery:
    return Delivery(**{name: row._mapping[name] for name in Delivery.model_fields})


async def keep_file(session: AsyncSession, file: UploadedFile) -> bool:
    """False when the vendor had uploaded it before."""
    row = file.model_dump() | {"uploaded_at": now()}
    added = await session.execute(
        insert(vendor_file).values(row).on_conflict_do_nothing().returning(vendor_file.c.sha256)
    )
    return added.first() is not None


async def uploaded_files(session: AsyncSession, vendor: str, hashes: Collection[str]) -> dict[str, UploadedFile]:
    """The vendor's own files among these, by hash."""
    query = select(*_FILE).where(vendor_file.c.vendor == vendor, vendor_file.c.sha256.in_(hashes))
    return {row.sha256: UploadedFile(**row._mapping) for row in await session.execute(query)}


async def begin_delivery(session: AsyncSession, begun: Delivery, body_sha256: str) -> bool:
    """Take the webhook id. False when it is taken; another transaction that is taking it is waited for."""
    added = await session.execute(
        insert(delivery)
        .values(begun.model_dump() | {"body_sha256": body_sha256})
        .on_conflict_do_nothing(constraint="delivery_once")
        .returning(delivery.c.id)
    )
    return added.first() is not None


async def finish_delivery(session: AsyncSession, delivery_id: UUID, files: list[DeliveredFile]) -> None:
    outcome = [file.model_dump(mode="json") for file in files]
    await session.execute(update(delivery).where(delivery.c.id == delivery_id).values(files=outcome))


async def find_delivery(session: AsyncSession, vendor: str, webhook_id: str) -> tuple[Delivery, str] | None:
    """With the hash of its body."""
    query = select(*_SHOWN, delivery.c.body_sha256).where(
        delivery.c.vendor == vendor, delivery.c.webhook_id == webhook_id
    )
    row = (await session.execute(query)).first()
    return (_delivery(row), row.body_sha256) if row else None


async def page(session: AsyncSession, vendor: str | None, after: UUID | None, limit: int) -> list[Delivery]:
    """Newest first; `after`: those older than that one."""
    query = select(*_SHOWN).order_by(delivery.c.id.desc()).limit(limit)
    if vendor is not None:
        query = query.where(delivery.c.vendor == vendor)
    if after is not None:
        query = query.where(delivery.c.id < after)
    return [_delivery(row) for row in await session.execute(query)]
