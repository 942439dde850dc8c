"""Deliveries as vendors send them and as the API shows them."""

from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from contracts.assets import DeliveredFile
from contracts.values import DigitalSourceType, Sha256
from services.assets.vendors.schemas import Text
from services.assets.work.domain import Slot

MOST_FILES = 500


class NamedFile(BaseModel):
    """One uploaded file, and what it shows."""

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
    digital_source_type: DigitalSourceType | None = Field(
        default=None,
        description="What AI did to it. Needed where AI is on record for the work; a variant has its master's.",
    )

    @property
    def slot(self) -> Slot:
        return Slot(self.sku, self.colorway, self.view, self.channel)


class DeliveryNote(BaseModel):
    """What a vendor delivers. Its files were uploaded before."""

    model_config = ConfigDict(extra="forbid")

    files: list[NamedFile] = Field(min_length=1, max_length=MOST_FILES)


class Delivery(BaseModel):
    """A delivery, and what became of each file."""

    id: UUID
    vendor: str
    webhook_id: str
    files: list[DeliveredFile]
    received_at: AwareDatetime


class UploadedFile(BaseModel):
    """A file that waits to be named by a delivery."""

    vendor: str
    sha256: str
    bytes: int
    media_type: str | None = Field(description="Null: not an image; a delivery that names it is quarantined.")
