"""Metrics' settings: those that every process has."""

from pydantic import Field

from chassis.settings import Settings


class MetricsSettings(Settings):
    service: str = Field(default="metrics", description="Role and schema.")
