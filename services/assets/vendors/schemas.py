"""Vendors as the API takes and shows them."""

from typing import Annotated

from fastapi import Path, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from services.assets.outbound.schemas import MOST_OVERLAP_HOURS

VENDOR_PATTERN = r"^[a-z0-9][a-z0-9_-]{0,62}$"
VendorId = Annotated[str, Path(pattern=VENDOR_PATTERN, description="Chosen at registration.", examples=["studio-nord"])]
Text = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]

OverlapHours = Annotated[
    float, Query(ge=0, le=MOST_OVERLAP_HOURS, description="So long the old secret stays valid; 0: it is void at once.")
]


class VendorEntry(BaseModel):
    """What a producer says of a vendor."""

    model_config = ConfigDict(extra="forbid")

    name: Text
    active: bool = Field(
        default=True, description="False: its deliveries are refused, and files of it that wait are quarantined."
    )


class Vendor(BaseModel):
    """A vendor, without its secret."""

    id: str
    name: str
    active: bool
    secret_made_at: AwareDatetime
    old_secret_until: AwareDatetime | None = Field(description="So long the secret before counts as well.")
    registered_by: str
    registered_at: AwareDatetime


class VendorWithSecret(Vendor):
    """The one answer that shows a new secret."""

    secret: str | None = Field(
        description="Signs deliveries by the Standard Webhooks scheme: `whsec_…`. Shown this once; null when the "
        "vendor keeps the secret that it has.",
    )


class Vendors(BaseModel):
    items: list[Vendor]
