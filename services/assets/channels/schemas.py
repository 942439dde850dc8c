"""Channel packs as the API takes and shows them."""

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from contracts.assets import ChannelPack
from contracts.values import ImageSpec
from services.assets.rendering.decoding import MAX_SIDE
from services.assets.rendering.encoding import LEAST_QUALITY

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


class ChannelPackContent(BaseModel):
    """What an edit sends: all of the pack anew."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    spec: ImageSpec = Field(description="What a variant must be; each is measured against it.")
    width: int = Field(
        ge=1, le=MAX_SIDE, description="Best width in pixels; never enlarged beyond the master's own detail."
    )
    height: int = Field(ge=1, le=MAX_SIDE)
    format: str = Field(description="What variants are written as: `jpeg`, `webp`, `avif`, `png` or `tiff`.")
    quality: int = Field(
        ge=LEAST_QUALITY,
        le=100,
        description="Of a JPEG, WebP or AVIF, on its own library's scale: the best that is tried.",
    )
    background: Literal["white", "keep"] = Field(
        description="`white`: what is as good as white becomes pure white; `keep`: it stays as it is."
    )
    fill: float | None = Field(
        default=None, gt=0, le=1, description="Share of the frame that the subject's box is cropped to, or none."
    )
    naming: Line = Field(description="File name pattern.", examples=["{sku}_{colorway}_{view}.jpg"])
    source: Line = Field(description="Where the channel's rules were read.")
    read_on: date = Field(description="The date when the source was read.")
    confidence: Literal["high", "medium", "low"]
    notes: list[Line] = Field(
        default=[], max_length=30, description="What the channel asks for besides, and no field can say."
    )


class StoredPack(ChannelPackContent):
    """The same with its channel, as it is stored. A default's file names its version too."""

    model_config = ConfigDict(extra="ignore")

    channel: str

    def published(self, version: int) -> ChannelPack:
        return ChannelPack(version=version, **self.model_dump(mode="json"))


class ChannelPacks(BaseModel):
    """Every channel, with the newest version of its pack."""

    items: list[ChannelPack]
