"""Intake's settings: those that every process has."""

from pydantic import Field

from chassis.settings import Settings


class IntakeSettings(Settings):
    service: str = Field(default="intake", description="Role, schema and event source.")
