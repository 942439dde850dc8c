"""SQL of resumable uploads."""

import dataclasses
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.values import DigitalSourceType
from services.assets.uploads.domain import Piece, ResumableUpload, UploadState
from services.assets.uploads.models import upload, upload_piece

_FIELDS = [upload.c[field.name] for field in dataclasses.fields(ResumableUpload)]


def _upload(row: Row[*tuple[Any, ...]]) -> ResumableUpload:
    declared = DigitalSourceType(row.digital_source_type) if row.digital_source_type else None
    return ResumableUpload(**{**row._mapping, "state": UploadState(row.state), "digital_source_type": declared})


async def lock_caller(session: AsyncSession, caller: str) -> None:
    """Until the transaction ends, no other upload of this caller is added."""
    await session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended('uploads of ' || :it, 0))"), {"it": caller}
    )


async def count_open(session: AsyncSession, caller: str, at: datetime) -> int:
    query = select(func.count()).select_from(upload).where(
        upload.c.created_by == caller, upload.c.state == UploadState.OPEN, upload.c.expires_at > at
    )  # fmt: skip
    return int((await session.execute(query)).scalar_one())


async def add(session: AsyncSession, new: ResumableUpload) -> None:
    await session.execute(insert(upload).values(dataclasses.asdict(new)))


async def find(session: AsyncSession, upload_id: UUID, *, lock: bool = False) -> ResumableUpload | None:
    query = select(*_FIELDS).where(upload.c.id == upload_id)
    row = (await session.execute(query.with_for_update() if lock else query)).first()
    return _upload(row) if row else None


async def page(session: AsyncSession, caller: str, after: UUID | None, limit: int) -> list[ResumableUpload]:
    """A caller's own, newest first; `after`: those older than that one."""
    query = select(*_FIELDS).where(upload.c.created_by == caller).order_by(upload.c.id.desc()).limit(limit)
    if after is not None:
        query = query.where(upload.c.id < after)
    return [_upload(row) for row in await session.execute(query)]


async def hold(session: AsyncSession, upload_id: UUID, writer: UUID, until: datetime, expires_at: datetime) -> None:
    """The row is locked by the caller."""
    values = {"writer": writer, "writer_until": until, "expires_at": expires_at}
    await session.execute(update(upload).where(upload.c.id == upload_id).values(values))


async def renew(session: AsyncSession, upload_id: UUID, writer: UUID, until: datetime, expires_at: datetime) -> None:
    """Only for who holds it."""
    await session.execute(
        update(upload)
        .where(upload.c.id == upload_id, upload.c.writer == writer)
        .values(writer_until=until, expires_at=expires_at)
    )


async def release(session: AsyncSession, upload_id: UUID, writer: UUID) -> None:
    """Only for who holds it."""
    await session.execute(
        update(upload).where(upload.c.id == upload_id, upload.c.writer == writer).values(writer=None, writer_until=None)
    )


async def add_pieces(session: AsyncSession, upload_id: UUID, pieces: Sequence[Piece]) -> None:
    """At the upload's end, without a gap. The row is locked by the caller."""
    await session.execute(
        insert(upload_piece), [{"upload_id": upload_id, **dataclasses.asdict(piece)} for piece in pieces]
    )
    last = pieces[-1]
    await session.execute(
        update(upload)
        .where(upload.c.id == upload_id)
        .values(received=last.start + last.bytes, pieces=upload.c.pieces + len(pieces))
    )


async def pieces_of(session: AsyncSession, upload_id: UUID) -> list[Piece]:
    """In their order."""
    piece = upload_piece.c
    query = select(piece.start, piece.bytes, piece.location).where(piece.upload_id == upload_id).order_by(piece.start)
    return [Piece(*row) for row in await session.execute(query)]


async def end(session: AsyncSession, upload_id: UUID, state: UploadState, kept_until: datetime, **values: Any) -> None:
    """It is written to no more, and what is kept of it is not needed. The row is locked by the caller."""
    await session.execute(delete(upload_piece).where(upload_piece.c.upload_id == upload_id))
    ended = {"state": state, "expires_at": kept_until, "writer": None, "writer_until": None, **values}
    await session.execute(update(upload).where(upload.c.id == upload_id).values(ended))


async def remove(session: AsyncSession, upload_id: UUID) -> None:
    await session.execute(delete(upload).where(upload.c.id == upload_id))
