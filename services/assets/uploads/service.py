"""Resumable uploads: created, written to by one request at a time, ended once.

An open upload has less than its length: its last bytes are kept together with what becomes of it. So whoever is told
that all has come may believe it, and after a crash the sender sends the last bytes again, and with them the end.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.auth import Caller
from chassis.clock import now
from chassis.ids import new_id
from chassis.timers import set_timer
from contracts.assets import Version
from services.assets.uploads import repository
from services.assets.uploads.domain import (
    KEPT,
    LEASE,
    Piece,
    ResumableUpload,
    UploadState,
    check_held,
    check_may_write,
    check_own,
    check_pieces,
    check_there,
)
from services.assets.uploads.errors import TooManyUploads
from services.assets.uploads.protocol import Metadata
from services.assets.versions.errors import UnknownWork
from services.assets.work import repository as work_repository
from services.assets.work.domain import WorkCopy

EXPIRY = "upload expires"


async def create(
    session: AsyncSession,
    item: WorkCopy,
    metadata: Metadata,
    length: int,
    caller: Caller,
    *,
    lasts: timedelta,
    limit: int,
) -> ResumableUpload:
    """An upload to the item's round. `limit`: so many a caller may have open. Raises `TooManyUploads`."""
    at = now()
    await repository.lock_caller(session, caller.subject)
    if (count := await repository.count_open(session, caller.subject, at)) >= limit:
        raise TooManyUploads(f"You have {count} open uploads (GET /v1/uploads). Finish them, or end some.")
    upload = ResumableUpload(
        id=new_id(),
        created_by=caller.subject,
        work_item_id=item.id,
        round=item.round,
        filename=metadata.filename,
        sha256=metadata.sha256,
        digital_source_type=metadata.digital_source_type,
        metadata=metadata.raw,
        length=length,
        received=0,
        pieces=0,
        state=UploadState.OPEN,
        writer=None,
        writer_until=None,
        version_id=None,
        problem=None,
        created_at=at,
        expires_at=at + lasts,
    )
    await repository.add(session, upload)
    await set_timer(session, EXPIRY, upload.id, upload.expires_at)
    return upload


async def own_upload(session: AsyncSession, upload_id: UUID, caller: Caller) -> ResumableUpload:
    """In whatever state. Raises `NotFound`."""
    return check_own(await repository.find(session, upload_id), caller.subject)


async def begin_writing(
    session: AsyncSession, upload_id: UUID, offset: int, caller: Caller, writer: UUID, lasts: timedelta
) -> ResumableUpload:
    """The upload, held for this writer unless it is finished. Raises `NotFound`, `Gone`, `InUse` or `WrongOffset`."""
    upload = check_own(await repository.find(session, upload_id, lock=True), caller.subject)
    at = now()
    check_may_write(upload, offset, at)
    if upload.state is UploadState.OPEN:
        await repository.hold(session, upload_id, writer, at + LEASE, at + lasts)
        return replace(upload, expires_at=at + lasts)
    return upload


async def renew(session: AsyncSession, upload_id: UUID, writer: UUID, lasts: timedelta) -> None:
    """The writer still writes."""
    at = now()
    await repository.renew(session, upload_id, writer, at + LEASE, at + lasts)


async def keep_pieces(session: AsyncSession, upload_id: UUID, writer: UUID, pieces: Sequence[Piece]) -> None:
    """These are in the store. Raises `TooManyPieces`; `NotFound`, `Gone` or `InUse` when the writer has lost it."""
    upload = await held(session, upload_id, writer)
    check_pieces(upload.pieces + len(pieces))
    await repository.add_pieces(session, upload_id, pieces)


async def begun_item(session: AsyncSession, upload: ResumableUpload) -> WorkCopy:
    """The upload's work item, in the round in which it began. Raises `UnknownWork`."""
    item = await work_repository.find(session, upload.work_item_id)
    if item is None:
        raise UnknownWork("There is no such work item.")
    return replace(item, round=upload.round)


async def held(session: AsyncSession, upload_id: UUID, writer: UUID) -> ResumableUpload:
    """The upload, locked, when this writer may still write. Raises `NotFound`, `Gone` or `InUse`."""
    return check_held(await repository.find(session, upload_id, lock=True), writer, now())


async def finish(session: AsyncSession, upload: ResumableUpload, version: Version) -> ResumableUpload:
    """It has become this version. The row is locked by the caller."""
    await repository.end(
        session, upload.id, UploadState.FINISHED, now() + KEPT, received=upload.length, version_id=version.id
    )
    return replace(upload, state=UploadState.FINISHED, received=upload.length, version_id=version.id)


async def refuse(session: AsyncSession, upload_id: UUID, writer: UUID, problem: dict[str, Any]) -> None:
    """It can't become a version. Raises `NotFound`, `Gone` or `InUse` when the writer has lost the upload."""
    await held(session, upload_id, writer)
    await repository.end(session, upload_id, UploadState.REFUSED, now() + KEPT, problem=problem)


async def terminate(session: AsyncSession, upload_id: UUID, caller: Caller) -> None:
    """Its creator wants no more of it; a version that it became stays. Raises `NotFound` or `Gone`."""
    upload = check_own(await repository.find(session, upload_id, lock=True), caller.subject)
    check_there(upload, now())
    await repository.end(session, upload_id, UploadState.TERMINATED, now() + KEPT)
