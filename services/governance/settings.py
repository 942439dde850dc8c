"""Governance's settings: those that every process has."""

from pydantic import Field

from chassis.settings import Settings


class GovernanceSettings(Settings):
    service: str = Field(default="governance", description="Role, schema and event source.")
