"""What a person sends to re-route work."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from contracts.values import Priority
from services.routing.tracks.schemas import Level, Name


class RerouteRequest(BaseModel):
    """What shall be different, and why. What is left out stays."""

    model_config = ConfigDict(extra="forbid")

    cause: Annotated[
        str,
        StringConstraints(strip_whitespace=True, min_length=1, max_length=500, pattern=r"^[^\x00-\x1f\x7f]*$"),
        Field(description="Why, for the history and for those who wonder.", examples=["It opens the campaign."]),
    ]
    track: Name | None = Field(
        default=None, description="With its queue, owner, gates, reviewers and SLA.", examples=["hero"]
    )
    queue: Name | None = Field(default=None, description="Another queue than the track's.")
    team: Name | None = Field(default=None, description="Null: any team.")
    level: Level | None = Field(default=None, description="Null: any level.")
    priority: Priority | None = None

    @model_validator(mode="after")
    def says_what_shall_be(self) -> Self:
        said = self.model_fields_set - {"cause"}
        if not said:
            raise ValueError("say at least one of: track, queue, team, level, priority")
        if nothing := sorted(name for name in said & {"track", "queue", "priority"} if getattr(self, name) is None):
            raise ValueError(f"work always has one: {', '.join(nothing)}; leave it out to keep it")
        return self
