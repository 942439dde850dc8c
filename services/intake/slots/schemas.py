"""Slots as the API shows them."""

from uuid import UUID

from pydantic import BaseModel, Field


class SlotView(BaseModel):
    """One picture of a product that is in work."""

    colorway: str
    view: str
    request_id: UUID


class Slots(BaseModel):
    items: list[SlotView] = Field(description="By colorway and view.")
