"""Vendors as the API takes and shows them."""

from typing import Annotated

from fastapi import Path
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

VENDOR_PATTERN = r"^[a-z0-9][a-z0-9_-]{0,62}$"
VendorId = Annotated[str, Path(pattern=VENDOR_PATTERN, description="Chosen at registration.", examples=["studio-nord"])]
Text = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]


class VendorEntry(BaseModel):
    """What a producer says of a vendor."""

    model_config = ConfigDict(extra="forbid")

    name: Text
    active: bool = Field(default=True, description="False: its deliveries are refused.")


class Vendor(BaseModel):
    """A vendor, without its secret."""

    id: str
    name: str
    active: bool
    secret_made_at: AwareDatetime
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
