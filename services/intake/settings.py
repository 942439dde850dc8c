"""Intake's settings: those that every process has."""

from pydantic import Field

from chassis.settings import Settings


class IntakeSettings(Settings):
    service: str = Field(default="intake", description="Role, schema and event source.")
    quote_days: float = Field(default=5, gt=0, le=365, description="Days that an amendment's quote can be accepted.")
