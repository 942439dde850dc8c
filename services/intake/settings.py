"""Intake's settings: those that every process has, and the limits of an imported file."""

from pydantic import Field

from chassis.settings import Settings


class IntakeSettings(Settings):
    service: str = Field(default="intake", description="Role, schema and event source.")
    max_import_bytes: int = Field(default=64 * 1024 * 1024, ge=1, description="Largest file that is imported.")
    stall_seconds: float = Field(
        default=60, gt=0, description="An upload of which nothing comes for so long is broken off."
    )
    turn_seconds: float = Field(
        default=8,
        gt=0,
        description="That an imported file waits for its turn to be read; with `read_seconds` and the storing of its "
        "rows less than the gateway waits for an answer.",
    )
    read_seconds: float = Field(default=15, gt=0, description="To read one imported file, once it is its turn.")
    quote_days: float = Field(default=5, gt=0, le=365, description="Days that an amendment's quote can be accepted.")
