"""Finals as the API shows them."""

from pydantic import BaseModel, Field

from contracts.assets import Version


class Missing(BaseModel):
    """Something that was asked for and has no final, or none that may be delivered: `GET /v1/finals` of it says why."""

    sku: str
    colorway: str
    view: str
    channel: str | None


class Finals(BaseModel):
    """Everything of a SKU that was ever asked for."""

    items: list[Version] = Field(description="The final of each slot that has one.")
    missing: list[Missing]
