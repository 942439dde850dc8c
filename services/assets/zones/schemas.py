"""What a person says who moves a version."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500, pattern=r"^[^\x00]*$")]


class Moving(BaseModel):
    """Which version, and why."""

    model_config = ConfigDict(extra="forbid")

    version_id: UUID = Field(description="Its `ETag`, from `GET /v1/versions/{id}`, is the `If-Match`.")
    reason: Reason = Field(examples=["The agency's licence has ended."])
