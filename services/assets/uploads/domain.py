"""Rules of resumable uploads: who may write to one, when, and where."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from chassis.ids import new_id
from chassis.problems import NotFound
from contracts.values import DigitalSourceType
from services.assets.uploads.errors import Gone, InUse, TooManyPieces, WrongOffset

MAX_PIECES = 10_000
"""Of one upload: who sends single bytes is stopped before the pieces cost more than the file."""
LEASE = timedelta(seconds=20)
"""A writer that says nothing for so long is dead."""
RENEW_SECONDS = 5.0
REST_SECONDS = 2.0
"""So long a question for the offset waits for a writer that is about to end."""
KEPT = timedelta(days=7)
"""So long an upload that has ended says what became of it."""


class UploadState(StrEnum):
    OPEN = "open"
    FINISHED = "finished"
    REFUSED = "refused"
    EXPIRED = "expired"
    TERMINATED = "terminated"


@dataclass(frozen=True)
class ResumableUpload:
    """One upload as its row says."""

    id: UUID
    created_by: str
    work_item_id: UUID
    round: int
    filename: str
    sha256: str | None
    digital_source_type: DigitalSourceType | None
    metadata: str
    length: int
    received: int
    pieces: int
    state: UploadState
    writer: UUID | None
    writer_until: datetime | None
    version_id: UUID | None
    problem: dict[str, Any] | None
    created_at: datetime
    expires_at: datetime

    def state_at(self, at: datetime) -> UploadState:
        """An open one past its time is expired, whether its timer has fired or not."""
        return UploadState.EXPIRED if self.state is UploadState.OPEN and self.expires_at <= at else self.state

    def is_written_to(self, at: datetime) -> bool:
        return self.writer_until is not None and self.writer_until > at


@dataclass(frozen=True)
class Piece:
    """A part of an upload that is in the store."""

    start: int
    bytes: int
    location: str


def pieces_folder(upload_id: UUID) -> str:
    return f"uploads/{upload_id}"


def new_piece(upload_id: UUID, start: int, size: int) -> Piece:
    """Its name is its own: two writers never touch one object."""
    return Piece(start, size, f"{pieces_folder(upload_id)}/{start}-{new_id()}")


def check_own(upload: ResumableUpload | None, caller: str) -> ResumableUpload:
    """The upload, for its creator. Others don't learn that it is there. Raises `NotFound`."""
    if upload is None or upload.created_by != caller:
        raise NotFound("You have no upload with this id.")
    return upload


def check_there(upload: ResumableUpload, at: datetime) -> None:
    """Raises `Gone` when it has ended without a version."""
    match upload.state_at(at):
        case UploadState.EXPIRED:
            raise Gone("Nothing came of this upload for too long, and it has expired. Begin a new one.")
        case UploadState.TERMINATED:
            raise Gone("This upload was ended by its creator.")
        case UploadState.REFUSED:
            why = upload.problem or {}
            raise Gone(f"All of this upload came, and it was refused: {why.get('detail', '')}", why)
        case UploadState.OPEN | UploadState.FINISHED:
            return


def check_may_write(upload: ResumableUpload, offset: int, at: datetime) -> None:
    """Raises `Gone`, `InUse` or `WrongOffset`."""
    check_there(upload, at)
    if upload.is_written_to(at):
        raise InUse
    if upload.received != offset:
        raise WrongOffset(upload.received)


def check_held(upload: ResumableUpload | None, writer: UUID, at: datetime) -> ResumableUpload:
    """The upload, when this writer may still write. Raises `NotFound`, `Gone` or `InUse`."""
    if upload is None:
        raise NotFound("There is no such upload any more.")
    check_there(upload, at)
    if upload.writer != writer:
        raise InUse
    return upload


def check_pieces(count: int) -> None:
    """Raises `TooManyPieces`."""
    if count > MAX_PIECES:
        raise TooManyPieces(f"An upload comes in at most {MAX_PIECES} pieces. Begin a new one, with larger parts.")
