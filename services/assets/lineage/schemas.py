"""Lineage as the API shows it."""

from pydantic import BaseModel, Field

from contracts.assets import Version


class Relative(BaseModel):
    """A version that this one comes from, or that comes from it."""

    distance: int = Field(ge=1, description="Steps away, by the shortest way.")
    version: Version


class Lineage(BaseModel):
    """What a version was made from, and what was made from it; the nearest first."""

    version: Version
    ancestors: list[Relative]
    descendants: list[Relative]
    truncated: bool = Field(description="There are more, or they are further away, than what is shown.")
