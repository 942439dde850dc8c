"""SQL of vendors' files and deliveries. Only `waiting_file` reads a URL."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.clock import now
from contracts.assets import DeliveredFile, FileState
from services.assets.deliveries.models import delivered_file, delivery, vendor_file
from services.assets.deliveries.schemas import Delivery, NamedFile, UploadedFile

_SHOWN = [delivery.c[name] for name in Delivery.model_fields if name != "files"]
_FILE = [vendor_file.c[name] for name in UploadedFile.model_fields]
_NAMED = [delivered_file.c[name] for name in NamedFile.model_fields]
_OUTCOME = [delivered_file.c[name] for name in DeliveredFile.model_fields if name != "accepted"]


async def keep_file(session: AsyncSession, file: UploadedFile) -> bool:
    """False when the vendor had uploaded it before."""
    row = file.model_dump() | {"uploaded_at": now()}
    added = await session.execute(
        upsert(vendor_file).values(row).on_conflict_do_nothing().returning(vendor_file.c.sha256)
    )
    return added.first() is not None


async def uploaded_files(session: AsyncSession, vendor: str, hashes: Collection[str]) -> dict[str, UploadedFile]:
    """The vendor's own files among these, by hash."""
    query = select(*_FILE).where(vendor_file.c.vendor == vendor, vendor_file.c.sha256.in_(hashes))
    return {row.sha256: UploadedFile(**row._mapping) for row in await session.execute(query)}


async def begin_delivery(session: AsyncSession, begun: Delivery, body_sha256: str) -> bool:
    """Take the webhook id. False when it is taken; another transaction that is taking it is waited for."""
    row = begun.model_dump(exclude={"files"}) | {"body_sha256": body_sha256, "repeats": 0}
    added = await session.execute(
        upsert(delivery).values(row).on_conflict_do_nothing(constraint="delivery_once").returning(delivery.c.id)
    )
    return added.first() is not None


async def add_files(
    session: AsyncSession, begun: Delivery, named: Sequence[NamedFile], outcomes: Sequence[DeliveredFile]
) -> None:
    """All files of a delivery, in their order; URLs of those only that wait."""
    rows = []
    for position, (file, outcome) in enumerate(zip(named, outcomes, strict=True)):
        row = file.model_dump() | outcome.model_dump(exclude={"accepted"})
        row |= {"delivery_id": begun.id, "position": position, "vendor": begun.vendor, "attempts": 0}
        waits = outcome.state is FileState.WAITING
        row |= {"url": file.url if waits else None, "decided_at": None if waits else begun.received_at}
        rows.append(row)
    await session.execute(insert(delivered_file), rows)


async def note_repeat(session: AsyncSession, delivery_id: UUID) -> None:
    await session.execute(update(delivery).where(delivery.c.id == delivery_id).values(repeats=delivery.c.repeats + 1))


async def find_delivery(session: AsyncSession, vendor: str, webhook_id: str) -> tuple[Delivery, str] | None:
    """With the hash of its body."""
    query = select(*_SHOWN, delivery.c.body_sha256).where(
        delivery.c.vendor == vendor, delivery.c.webhook_id == webhook_id
    )
    row = (await session.execute(query)).first()
    return ((await _deliveries(session, [row]))[0], row.body_sha256) if row else None


async def read_delivery(session: AsyncSession, delivery_id: UUID, *, lock: bool = False) -> Delivery | None:
    query = select(*_SHOWN).where(delivery.c.id == delivery_id)
    row = (await session.execute(query.with_for_update() if lock else query)).first()
    return (await _deliveries(session, [row]))[0] if row else None


async def page(session: AsyncSession, vendor: str | None, after: UUID | None, limit: int) -> list[Delivery]:
    """Newest first; `after`: those older than that one."""
    query = select(*_SHOWN).order_by(delivery.c.id.desc()).limit(limit)
    if vendor is not None:
        query = query.where(delivery.c.vendor == vendor)
    if after is not None:
        query = query.where(delivery.c.id < after)
    return await _deliveries(session, (await session.execute(query)).all())


async def _deliveries(session: AsyncSession, rows: Sequence[Row[*tuple[Any, ...]]]) -> list[Delivery]:
    """With their files."""
    table, files = delivered_file.c, dict[UUID, list[DeliveredFile]]()
    query = (
        select(*_OUTCOME, table.delivery_id)
        .where(table.delivery_id.in_([row.id for row in rows]))
        .order_by(table.delivery_id, table.position)
    )
    for row in await session.execute(query):
        values = dict(row._mapping)
        files.setdefault(values.pop("delivery_id"), []).append(
            DeliveredFile(**values, accepted=values["state"] == FileState.ACCEPTED)
        )
    return [Delivery(**row._mapping, files=files.get(row.id, [])) for row in rows]


@dataclass(frozen=True)
class WaitingFile:
    """A file that is to be fetched, of which so many tries have failed."""

    named: NamedFile
    attempts: int


async def waiting_file(session: AsyncSession, delivery_id: UUID, position: int) -> WaitingFile | None:
    """None when it doesn't wait any more."""
    table = delivered_file.c
    query = select(*_NAMED, table.attempts).where(
        table.delivery_id == delivery_id, table.position == position, table.state == FileState.WAITING
    )
    row = (await session.execute(query)).first()
    if row is None:
        return None
    values = dict(row._mapping)
    attempts = values.pop("attempts")
    return WaitingFile(NamedFile(**values), attempts)


async def change_file(session: AsyncSession, delivery_id: UUID, position: int, values: Mapping[str, Any]) -> None:
    table = delivered_file.c
    await session.execute(
        update(delivered_file).where(table.delivery_id == delivery_id, table.position == position).values(values)
    )


async def decide_file(session: AsyncSession, delivery_id: UUID, position: int, outcome: DeliveredFile) -> None:
    values = outcome.model_dump(exclude={"accepted"}) | {"url": None, "decided_at": now()}
    await change_file(session, delivery_id, position, values)


async def finish_delivery(session: AsyncSession, delivery_id: UUID, at: datetime) -> None:
    await session.execute(update(delivery).where(delivery.c.id == delivery_id).values(decided_at=at))
