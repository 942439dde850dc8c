"""Escalations as the API shows them."""

from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from contracts.values import Role
from services.routing.work.schemas import Work


class Escalation(BaseModel):
    """Work that is at risk or late, and the role that was told so."""

    id: UUID
    rung: str = Field(
        description="Of its track's ladder: `at_risk`, `breach`, or so many business hours after it.",
        examples=["breach+8h"],
    )
    role: Role = Field(description="Who was told.")
    at: AwareDatetime
    work: Work = Field(description="As it stands now.")
