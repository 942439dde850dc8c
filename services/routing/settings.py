"""Routing's settings: those that every process has."""

from pydantic import Field

from chassis.settings import Settings


class RoutingSettings(Settings):
    service: str = Field(default="routing", description="Role, schema and event source.")
