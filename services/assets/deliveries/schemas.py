"""Deliveries as vendors send them and as the API shows them."""

from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from contracts.assets import DeliveredFile
from contracts.values import DigitalSourceType, Sha256
from services.assets.outbound.client import MOST_URL_CHARACTERS
from services.assets.vendors.schemas import Text
from services.assets.work.domain import Slot

MOST_FILES = 500
LARGEST_NUMBER = 2**53 - 1
"""What JSON says exactly in every language."""


class NamedFile(BaseModel):
    """One file, and what it shows: uploaded before, or to be fetched."""

    model_config = ConfigDict(extra="forbid")

    sku: Text
    colorway: Text
    view: Text
    channel: Text | None = Field(default=None, description="For a variant; null for a master.")
    request_id: UUID | None = Field(
        default=None, description="The request that it answers. Without it: of several that wait, the oldest."
    )
    filename: Annotated[str, StringConstraints(max_length=1000)]
    sha256: Sha256
    bytes: int | None = Field(default=None, ge=0, le=LARGEST_NUMBER, description="Its size, where you say it.")
    url: Annotated[str, StringConstraints(max_length=MOST_URL_CHARACTERS, pattern=r"^[!-~]+$")] | None = Field(
        default=None,
        description="Where it is fetched from, unless it was uploaded: https, at a public address, without a user or "
        "password. Kept until the file is decided on, and never shown.",
    )
    digital_source_type: DigitalSourceType | None = Field(
        default=None,
        description="What AI did to it. Needed where AI is on record for the work; a variant has its master's.",
    )

    @property
    def slot(self) -> Slot:
        return Slot(self.sku, self.colorway, self.view, self.channel)


class DeliveryNote(BaseModel):
    """What a vendor delivers."""

    model_config = ConfigDict(extra="forbid")

    files: list[NamedFile] = Field(min_length=1, max_length=MOST_FILES)
    sequence: int | None = Field(
        default=None,
        strict=True,
        ge=0,
        le=LARGEST_NUMBER,
        description="Your own number of this delivery, one more than that of the one before: the reconciliation names "
        "those that never came.",
    )


class Delivery(BaseModel):
    """A delivery, and what became of each file."""

    id: UUID
    vendor: str
    webhook_id: str
    files: list[DeliveredFile]
    received_at: AwareDatetime
    sequence: int | None = Field(description="The vendor's own number of it, if it counts.")
    decided_at: AwareDatetime | None = Field(description="Null while files of it wait to be fetched.")


class UploadedFile(BaseModel):
    """A file that waits to be named by a delivery."""

    vendor: str
    sha256: str
    bytes: int
    media_type: str | None = Field(description="Null: not an image; a delivery that names it is quarantined.")
