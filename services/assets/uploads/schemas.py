"""Resumable uploads as the API shows them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from contracts.values import DigitalSourceType
from services.assets.uploads.domain import ResumableUpload, UploadState


class ShownUpload(BaseModel):
    """A resumable upload, and what became of it."""

    id: UUID
    state: UploadState
    work_item_id: UUID
    filename: str
    sha256: str | None = Field(description="What the whole must be, where its sender said so.")
    digital_source_type: DigitalSourceType | None = Field(
        default=None, description="What AI did to it, where its sender said so."
    )
    length: int = Field(description="Bytes of the whole.")
    offset: int = Field(description="Bytes that are kept; all of them only when it is finished.")
    created_at: datetime
    expires_at: datetime = Field(description="When it expires; of one that has ended, when it is forgotten.")
    version_id: UUID | None = Field(description="The version that it has become.")
    problem: dict[str, Any] | None = Field(description="Why it was refused when all had come: problem details.")


def shown(upload: ResumableUpload, at: datetime) -> ShownUpload:
    return ShownUpload(
        id=upload.id,
        state=upload.state_at(at),
        work_item_id=upload.work_item_id,
        filename=upload.filename,
        sha256=upload.sha256,
        digital_source_type=upload.digital_source_type,
        length=upload.length,
        offset=upload.received,
        created_at=upload.created_at,
        expires_at=upload.expires_at,
        version_id=upload.version_id,
        problem=upload.problem,
    )
