"""People's records as the API shows and takes them, and the exceptions that they were granted."""

from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.routing.queues.schemas import Lane, Line, Name
from services.routing.tracks.schemas import Level

Teams = Annotated[list[Name], Field(max_length=20)]


class PersonContent(BaseModel):
    """What someone's record says. Each of `teams`, `level` and `lane` limits what they may take; null doesn't."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[Line, Field(max_length=200)]
    teams: Teams | None = Field(
        default=None,
        description="Work for other teams isn't for them; work for no team in particular is. Null: any team.",
        examples=[["ghost_mannequin"]],
    )
    level: Level | None = Field(default=None, description="They take work up to this level. Null: any level.")
    lane: Lane | None = Field(default=None, description="They take this lane's work alone. Null: any lane.")


class Person(PersonContent):
    subject: str = Field(description="As in their token.")
    version: int
    updated_by: str
    updated_at: AwareDatetime


class ExceptionRequest(BaseModel):
    """Let someone take the work of a queue of another lane, for a while."""

    model_config = ConfigDict(extra="forbid")

    queue: Name
    cause: Line
    ends_at: AwareDatetime = Field(description="Within a year.")


class LaneException(BaseModel):
    """One exception, as it was granted. It ends by itself, and is kept for ever."""

    id: UUID
    subject: str
    queue: str
    cause: str
    granted_by: str
    granted_at: AwareDatetime
    ends_at: AwareDatetime
    active: bool = Field(description="Whether it still runs.")
