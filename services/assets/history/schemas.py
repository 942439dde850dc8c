"""A version's history as the API shows it."""

from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from contracts.values import Zone


class Happening(BaseModel):
    """One thing that happened."""

    at: AwareDatetime
    what: str = Field(
        description="`requested`, `stored`, `moved` (its status moved it), `decided` (a gate), `archived`, `restored`, "
        "`promoted` (a person did); at a destination `sent`, `live`, `withdrawn`, `refused`, `failed`."
    )
    by: str | None = Field(description="Subject, vendor or channel pack; null where it wasn't said.")
    reason: str | None
    details: dict[str, str | int | list[str] | None]


class History(BaseModel):
    """All of it, the oldest first."""

    version_id: UUID
    request_id: UUID
    zone: Zone
    items: list[Happening]
